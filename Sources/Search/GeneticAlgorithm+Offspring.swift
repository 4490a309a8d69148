internal import Corpus

extension GeneticAlgorithm {
    /// How often missing individuals are made anew before fewer are given.
    private static var attemptCount: Int { 100 }

    /// Up to `wanted` random individuals, one after another: different from each other, and none `isRefused`.
    func drawn(
        _ wanted: Int, using stream: inout RandomStream, unless isRefused: (ArraySlice<Gene>) -> Bool = { _ in false }
    ) -> [Gene] {
        made(wanted, unless: isRefused) { missing in
            var batch = [Gene](repeating: Variation.blank, count: missing * variation.geneCount)
            for index in 0..<missing { variation.draw(&batch, at: index * variation.geneCount, using: &stream) }
            return batch
        }
    }

    /// Up to `wanted` children, one after another: different from each other and the population, and none `isRefused`.
    func offspring(
        _ wanted: Int, using stream: inout RandomStream, unless isRefused: (ArraySlice<Gene>) -> Bool = { _ in false }
    ) -> [Gene] {
        made(wanted, unless: isRefused) { missing in
            let matings = (missing + 1) / 2
            let parents = selected(2 * matings, using: &stream)
            var batch: [Gene] = []
            batch.reserveCapacity(2 * matings * variation.geneCount)
            for parent in parents {
                batch += genes[(parent * variation.geneCount)..<((parent + 1) * variation.geneCount)]
            }
            for mating in 0..<matings {
                let start = 2 * mating * variation.geneCount
                variation.cross(&batch, at: start, start + variation.geneCount, using: &stream)
            }
            for child in 0..<(2 * matings) { variation.mutate(&batch, at: child * variation.geneCount, using: &stream) }
            return Array(batch.prefix(missing * variation.geneCount))
        }
    }

    private func made(
        _ wanted: Int, unless isRefused: (ArraySlice<Gene>) -> Bool, _ make: (_ missing: Int) -> [Gene]
    ) -> [Gene] {
        let length = variation.geneCount
        var result: [Gene] = []
        result.reserveCapacity(wanted * length)
        for _ in 0..<Self.attemptCount {
            let missing = wanted - result.count / length
            if missing == 0 { break }
            let batch = make(missing)
            for start in stride(from: 0, to: batch.count, by: length) {
                if Self.holds(genes, batch, start, length) || Self.holds(result, batch, start, length) { continue }
                let child = batch[start..<(start + length)]
                if !isRefused(child) { result += child }
            }
        }
        return result
    }

    /// Whether an individual of `all` equals the one that starts at `start` of `batch`.
    private static func holds(_ all: [Gene], _ batch: [Gene], _ start: Int, _ length: Int) -> Bool {
        var place = 0
        while place < all.count {
            var gene = 0
            while gene < length, all[place + gene] == batch[start + gene] { gene += 1 }
            if gene == length { return true }
            place += length
        }
        return false
    }

    /// Winners of binary tournaments over random permutations of the population: the dominating one, else the one with
    /// more room, else either.
    private func selected(_ wanted: Int, using stream: inout RandomStream) -> [Int] {
        var entrants: [Int] = []
        while entrants.count < 2 * wanted { entrants += stream.order(of: count) }
        return (0..<wanted).map { index in
            let (one, other) = (entrants[2 * index], entrants[2 * index + 1])
            let relation = Dominance.relation(scores, one, other, width: width)
            if relation != 0 { return relation < 0 ? one : other }
            if crowding[one] != crowding[other] { return crowding[one] > crowding[other] ? one : other }
            return stream.next() & 1 == 0 ? one : other
        }
    }
}
