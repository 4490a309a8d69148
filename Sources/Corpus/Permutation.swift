/// An order of 0 ..< `count` that is computed where it is asked for: no list, constant memory, any place first.
///
/// A Feistel network over a rectangle of about `count` cells: sixteen rounds add a keyed hash of one coordinate to the
/// other, which is invertible; places that fall outside 0 ..< `count` are sent through again (cycle walking), which
/// happens to at most `sqrt(count) + 1` of the cells.
public struct Permutation: Sendable, Equatable {
    /// The number of places.
    public let count: Int
    private let rows: UInt64
    private let columns: UInt64
    private let keys: [UInt64]

    private static let rounds = 16

    /// The order of `count` places that `stream`, read from where it stands, gives; `count` is at least 0.
    public init(count: Int, stream: RandomStream) {
        precondition(count >= 0, "a permutation has no negative count")
        self.count = count
        var root = UInt64(Double(count).squareRoot())
        while root * root < UInt64(count) { root += 1 }
        rows = max(root, 1)
        columns = max((UInt64(count) + rows - 1) / rows, 1)
        var stream = stream
        keys = (0..<Self.rounds).map { _ in stream.next() }
    }

    /// What stands at `place` (0 ..< `count`); every number below `count` stands at exactly one place.
    public subscript(place: Int) -> Int {
        precondition(place >= 0 && place < count, "place \(place) is outside a permutation of \(count)")
        var value = UInt64(place)
        repeat { value = scattered(value) } while value >= UInt64(count)
        return Int(value)
    }

    private func scattered(_ value: UInt64) -> UInt64 {
        var (row, column) = value.quotientAndRemainder(dividingBy: columns)
        for round in 0..<Self.rounds {
            if round % 2 == 0 {
                row += Self.hash(column ^ keys[round]).multipliedFullWidth(by: rows).high
                if row >= rows { row -= rows }
            } else {
                column += Self.hash(row ^ keys[round]).multipliedFullWidth(by: columns).high
                if column >= columns { column -= columns }
            }
        }
        return row * columns + column
    }

    /// The finalizer of splitmix64 (Steele, Lea and Flood, 2014).
    private static func hash(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
