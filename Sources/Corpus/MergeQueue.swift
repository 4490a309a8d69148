/// Applies merges to one piece of text: the lowest rank first, the leftmost of equals.
///
/// Short pieces by scanning, long ones with a heap over a linked list, O(n log n).
final class MergeQueue {
    private let merges: BytePairMerges
    private static let scannedLength = 40
    private var ranks = [UInt32](repeating: 0, count: scannedLength)

    init(_ merges: BytePairMerges) { self.merges = merges }

    /// Merges `symbols[0..<count]` in place and gives how many are left.
    func merge(_ symbols: UnsafeMutablePointer<TokenID>, _ count: Int) -> Int {
        if count < 2 { return count }
        return count <= Self.scannedLength ? scan(symbols, count) : drain(symbols, count)
    }

    private func scan(_ symbols: UnsafeMutablePointer<TokenID>, _ initial: Int) -> Int {
        ranks.withUnsafeMutableBufferPointer { ranks in
            var count = initial
            for i in 0..<(count - 1) { ranks[i] = merges.find(symbols[i], symbols[i + 1]).rank }
            while count > 1 {
                var best = BytePairMerges.never, at = 0
                for i in 0..<(count - 1) where ranks[i] < best {
                    best = ranks[i]
                    at = i
                }
                if best == BytePairMerges.never { break }
                symbols[at] = merges.find(symbols[at], symbols[at + 1]).merged
                count -= 1
                for i in (at + 1)..<max(at + 1, count) { symbols[i] = symbols[i + 1] }
                for i in (at + 1)..<max(at + 1, count - 1) { ranks[i] = ranks[i + 1] }
                if at + 1 < count { ranks[at] = merges.find(symbols[at], symbols[at + 1]).rank }
                if at > 0 { ranks[at - 1] = merges.find(symbols[at - 1], symbols[at]).rank }
            }
            return count
        }
    }

    private struct Entry {
        var rank: UInt32
        var position: Int32
        var merged: TokenID

        @inline(__always)
        static func < (left: Entry, right: Entry) -> Bool {
            left.rank != right.rank ? left.rank < right.rank : left.position < right.position
        }
    }

    private func drain(_ symbols: UnsafeMutablePointer<TokenID>, _ count: Int) -> Int {
        let end = Int32(count)
        var next = (1...end).map { $0 }
        var previous = (-1..<(end - 1)).map { $0 }
        var heap: [Entry] = []
        func offer(_ left: Int32, _ right: Int32) {
            let found = merges.find(symbols[Int(left)], symbols[Int(right)])
            if found.rank != BytePairMerges.never {
                Self.push(&heap, Entry(rank: found.rank, position: left, merged: found.merged))
            }
        }
        for i in 0..<(end - 1) { offer(i, i + 1) }
        while let entry = Self.pop(&heap) {
            let left = Int(entry.position)
            let right = next[left]
            guard symbols[left] >= 0, right < end,
                merges.find(symbols[left], symbols[Int(right)]) == (entry.rank, entry.merged)
            else { continue }
            symbols[left] = entry.merged
            symbols[Int(right)] = -1  // merged away
            let after = next[Int(right)]
            next[left] = after
            if after < end {
                previous[Int(after)] = entry.position
                offer(entry.position, after)
            }
            if previous[left] >= 0 { offer(previous[left], entry.position) }
        }
        var kept = 0
        var at: Int32 = 0
        while at < end {
            symbols[kept] = symbols[Int(at)]
            kept += 1
            at = next[Int(at)]
        }
        return kept
    }

    private static func push(_ heap: inout [Entry], _ entry: Entry) {
        heap.append(entry)
        heap.withUnsafeMutableBufferPointer { heap in
            var at = heap.count - 1
            while at > 0 {
                let parent = (at - 1) / 2
                guard entry < heap[parent] else { break }
                heap[at] = heap[parent]
                at = parent
            }
            heap[at] = entry
        }
    }

    private static func pop(_ heap: inout [Entry]) -> Entry? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        let count = heap.count
        guard count > 0 else { return first }
        heap.withUnsafeMutableBufferPointer { heap in
            var at = 0
            while 2 * at + 1 < count {
                var child = 2 * at + 1
                if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
                guard heap[child] < last else { break }
                heap[at] = heap[child]
                at = child
            }
            heap[at] = last
        }
        return first
    }
}
