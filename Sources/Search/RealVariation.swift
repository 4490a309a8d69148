internal import Corpus
internal import Glibc

/// Real numbers between bounds: simulated binary crossover and polynomial mutation, with the constants of NSGA-II.
struct RealVariation: GeneticVariation {
    let lower: [Double]
    let upper: [Double]

    static let blank = 0.0
    private static let crossingShare = 0.9
    private static let crossingIndex = 15.0
    private static let mutatedShare = 0.9
    private static let mutationIndex = 20.0
    /// Parents closer than this have nothing to exchange.
    private static let closest = 1e-14

    var geneCount: Int { lower.count }

    func draw(_ genes: inout [Double], at start: Int, using stream: inout RandomStream) {
        for gene in lower.indices {
            genes[start + gene] = lower[gene] + stream.uniform() * (upper[gene] - lower[gene])
        }
    }

    func cross(_ genes: inout [Double], at one: Int, _ other: Int, using stream: inout RandomStream) {
        guard stream.uniform() < Self.crossingShare else { return }
        for gene in lower.indices where stream.uniform() < 0.5 {
            let parents = (genes[one + gene], genes[other + gene])
            guard abs(parents.0 - parents.1) > Self.closest else { continue }
            var children = Self.crossed(
                min(parents.0, parents.1), max(parents.0, parents.1), from: lower[gene], to: upper[gene],
                index: Self.crossingIndex, chance: stream.uniform())
            if stream.uniform() < 0.5 { swap(&children.0, &children.1) }
            genes[one + gene] = children.0
            genes[other + gene] = children.1
        }
    }

    func mutate(_ genes: inout [Double], at start: Int, using stream: inout RandomStream) {
        guard stream.uniform() < Self.mutatedShare else { return }
        let share = min(0.5, 1 / Double(geneCount))
        for gene in lower.indices where stream.uniform() < share {
            genes[start + gene] = Self.mutated(
                genes[start + gene], from: lower[gene], to: upper[gene], index: Self.mutationIndex,
                chance: stream.uniform())
        }
    }

    /// The children of `small` < `large` by bounded simulated binary crossover (Deb and Agrawal 1995), lower one first.
    /// - Parameter chance: A number of [0, 1), the same for both.
    static func crossed(
        _ small: Double, _ large: Double, from lower: Double, to upper: Double, index: Double, chance: Double
    ) -> (Double, Double) {
        let gap = large - small
        func spread(_ room: Double) -> Double {
            let alpha = 2 - pow(1 + 2 * room / gap, -(index + 1))
            return pow(chance <= 1 / alpha ? chance * alpha : 1 / (2 - chance * alpha), 1 / (index + 1))
        }
        let children = (
            0.5 * (small + large - spread(small - lower) * gap), 0.5 * (small + large + spread(upper - large) * gap)
        )
        return (min(max(children.0, lower), upper), min(max(children.1, lower), upper))
    }

    /// `value` after bounded polynomial mutation (Deb and Goyal 1996).
    /// - Parameter chance: A number of [0, 1); one half changes nothing.
    static func mutated(
        _ value: Double, from lower: Double, to upper: Double, index: Double, chance: Double
    ) -> Double {
        let width = upper - lower
        let below = 1 - (value - lower) / width
        let above = 1 - (upper - value) / width
        let step =
            chance <= 0.5
            ? pow(2 * chance + (1 - 2 * chance) * pow(below, index + 1), 1 / (index + 1)) - 1
            : 1 - pow(2 * (1 - chance) + 2 * (chance - 0.5) * pow(above, index + 1), 1 / (index + 1))
        return min(max(value + step * width, lower), upper)
    }
}
