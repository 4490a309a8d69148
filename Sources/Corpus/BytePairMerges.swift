/// The merges of a byte-pair vocabulary as a hash table: which token two neighbours become, and how early.
final class BytePairMerges: @unchecked Sendable {  // immutable after init
    /// The rank of a pair that never merges.
    static let never = UInt32.max

    /// Two neighbours, what they become, and how early: the lowest rank first, of equal ranks the leftmost.
    struct Merge {
        var left: TokenID
        var right: TokenID
        var merged: TokenID
        var rank: UInt32
    }

    private struct Slot {
        var pair: UInt64
        var rank: UInt32
        var merged: TokenID
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let mask: UInt64
    private static let vacant = UInt64.max

    /// - Parameter triples: `count` times left, right and merged id, in order of rank; of equal pairs the last counts.
    convenience init(triples: UnsafePointer<TokenID>?, count: Int) {
        let triples = UnsafeBufferPointer(start: triples, count: triples == nil ? 0 : 3 * count)
        self.init(
            stride(from: 0, to: triples.count, by: 3).lazy.map { at in
                Merge(
                    left: triples[at], right: triples[at + 1], merged: triples[at + 2],
                    rank: UInt32(truncatingIfNeeded: at / 3))
            }, count: count)
    }

    /// - Parameter merges: `count` at most; of equal pairs the last counts.
    init(_ merges: some Sequence<Merge>, count: Int) {
        var capacity = 1024
        while capacity < 2 * count { capacity *= 2 }
        mask = UInt64(capacity - 1)
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: Slot(pair: Self.vacant, rank: Self.never, merged: -1), count: capacity)
        for merge in merges {
            let pair = Self.key(merge.left, merge.right)
            var at = Int(Self.hash(pair) & mask)
            while slots[at].pair != Self.vacant, slots[at].pair != pair { at = Int(UInt64(at + 1) & mask) }
            slots[at] = Slot(pair: pair, rank: merge.rank, merged: merge.merged)
        }
    }

    deinit { slots.deallocate() }

    /// The rank and the merged id of two neighbours; `never` when they do not merge.
    @inline(__always)
    func find(_ left: TokenID, _ right: TokenID) -> (rank: UInt32, merged: TokenID) {
        let pair = Self.key(left, right)
        var at = Int(Self.hash(pair) & mask)
        while true {
            let slot = slots[at]
            if slot.pair == pair { return (slot.rank, slot.merged) }
            if slot.pair == Self.vacant { return (Self.never, -1) }
            at = Int(UInt64(at + 1) & mask)
        }
    }

    @inline(__always)
    private static func key(_ left: TokenID, _ right: TokenID) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private static func hash(_ pair: UInt64) -> UInt64 {
        let product = pair &* 0x9E37_79B9_7F4A_7C15
        return product ^ (product >> 29)
    }
}
