/// The ids of short pieces that were merged before: a fixed table of one cache line an entry.
///
/// Pieces of at most 16 bytes that give at most 11 ids are kept; a crowded set forgets one.
final class WordCache {
    static let longestKey = 16
    static let mostTokens = 11

    struct Entry {
        var low: UInt64 = 0
        var high: UInt64 = 0
        /// Bytes of the key; 0 for a free entry.
        var length: UInt8 = 0
        var count: UInt8 = 0
        var tokens: InlineArray<11, TokenID> = InlineArray(repeating: 0)
    }

    private static let setCount = 1 << 14
    private static let ways = 4
    private let entries: UnsafeMutablePointer<Entry>
    private var victim = 0

    init() {
        entries = .allocate(capacity: Self.setCount * Self.ways)
        entries.initialize(repeating: Entry(), count: Self.setCount * Self.ways)
    }

    deinit { entries.deallocate() }

    /// The key of a piece of 1 to 16 bytes.
    @inline(__always)
    static func key(_ piece: UnsafePointer<UInt8>, _ length: Int) -> (low: UInt64, high: UInt64) {
        let raw = UnsafeRawPointer(piece)
        if length >= 8 {
            let low = raw.loadUnaligned(as: UInt64.self)
            let tail = raw.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)
            return (low, length == 8 ? 0 : tail >> UInt64(8 * (16 - length)))
        }
        if length >= 4 {
            let low = UInt64(raw.loadUnaligned(as: UInt32.self))
            let tail = UInt64(raw.loadUnaligned(fromByteOffset: length - 4, as: UInt32.self))
            return (low | tail << UInt64(8 * (length - 4)), 0)
        }
        var low = UInt64(piece[0])
        if length > 1 { low |= UInt64(piece[1]) << 8 }
        if length > 2 { low |= UInt64(piece[2]) << 16 }
        return (low, 0)
    }

    /// The entry that holds a key; nil when there is none.
    @inline(__always)
    func find(_ low: UInt64, _ high: UInt64, _ length: Int) -> UnsafeMutablePointer<Entry>? {
        let set = entries + Self.set(low, high)
        for way in 0..<Self.ways {
            let entry = set + way
            if entry.pointee.low == low, entry.pointee.high == high, entry.pointee.length == UInt8(length) {
                return entry
            }
        }
        return nil
    }

    /// Keeps the ids of a key.
    func insert(_ low: UInt64, _ high: UInt64, _ length: Int, _ tokens: UnsafePointer<TokenID>, _ count: Int) {
        guard count <= Self.mostTokens else { return }
        let set = entries + Self.set(low, high)
        var way = 0
        while way < Self.ways, set[way].length != 0 { way += 1 }
        if way == Self.ways {
            victim = (victim + 1) % Self.ways
            way = victim
        }
        set[way].low = low
        set[way].high = high
        set[way].length = UInt8(length)
        set[way].count = UInt8(count)
        for i in 0..<count { set[way].tokens[i] = tokens[i] }
    }

    @inline(__always)
    private static func set(_ low: UInt64, _ high: UInt64) -> Int {
        let mixed = (low ^ (high &* 0xD6E8_FEB8_6659_FD93)) &* 0x9E37_79B9_7F4A_7C15
        return Int(mixed >> 50) * ways  // 14 bits
    }
}
