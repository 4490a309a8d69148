import Search

/// A quick problem: depth of half, three quarters or all of `layers`, two options each, and losses that interact.
struct SmallSearch: CandidateEvaluator {
    var layers = 12
    /// Whether the second value is the negated loss.
    var isTurned = false
    /// When given, every so many genomes (by an arbitrary rule) have no loss.
    var brokenShare: Int?
    private(set) var largestBatch = 0

    init(layers: Int = 12, isTurned: Bool = false, brokenShare: Int? = nil) {
        (self.layers, self.isTurned, self.brokenShare) = (layers, isTurned, brokenShare)
    }

    static func search(_ method: SearchMethod, seed: UInt64 = 3, layers: Int = 12) throws -> EvolutionarySearch {
        let depths = [layers / 2, layers * 3 / 4, layers]
        return try EvolutionarySearch(
            space: SearchSpace(
                optionCounts: [3] + [Int](repeating: 2, count: layers),
                inactiveGenes: depths.map { Array(($0 + 1)..<(layers + 1)) }),
            objectives: [
                SearchObjective("size", .minimise, .computed), SearchObjective("loss", .minimise, .measured),
            ], method: method, population: 6, predictions: 120, seed: seed)
    }

    mutating func scores(_ genomes: [Genome]) -> [[Double]] {
        largestBatch = max(largestBatch, genomes.count)
        return genomes.map { genome in
            let sum = genome.genes.enumerated().reduce(0) { $0 + Int($1.element) * ($1.offset * 5 % 7 + 1) }
            if let brokenShare, sum % brokenShare == 0 { return [.nan] }
            let pairs = zip(genome.genes.dropFirst(), genome.genes.dropFirst(2)).count { $0 == 1 && $1 == 1 }
            let loss = Double(sum) / 3 + 0.3 * Double(pairs) + 2.5 * Double(2 - genome[0])
            return [isTurned ? -loss : loss]
        }
    }

    var violation: ((Genome) -> Double)? { nil }

    func computedScores(_ genome: Genome) -> [Double] {
        let depth = [layers / 2, layers * 3 / 4, layers][genome[0]]
        return [Double(2 * depth - genome.genes.dropFirst().reduce(0) { $0 + Int($1) })]
    }
}

/// Two measured objectives beside a computed one, which pull sixteen genes of four options apart.
struct ThreeWays: CandidateEvaluator {
    static let objectives = [
        SearchObjective("left", .minimise, .measured), SearchObjective("sum", .minimise, .computed),
        SearchObjective("right", .minimise, .measured),
    ]

    static func space() throws -> SearchSpace { try SearchSpace(optionCounts: [Int](repeating: 4, count: 16)) }

    mutating func scores(_ genomes: [Genome]) -> [[Double]] {
        genomes.map { genome in
            let halves = [genome.genes[..<8], genome.genes[8...]].map { half in
                half.reduce(0.0) { $0 + Double((3 - $1) * (3 - $1)) } / 72
            }
            return [halves[0], 0.5 * halves[1] + 0.5 * halves[0] * halves[1]]
        }
    }

    var violation: ((Genome) -> Double)? { nil }

    func computedScores(_ genome: Genome) -> [Double] { [genome.genes.reduce(0.0) { $0 + Double($1) } / 48] }
}

/// `SmallSearch` that fails at one evaluation.
struct FailingSearch: CandidateEvaluator {
    struct Failed: Error {}

    var failsAt: Int?
    private var inner = SmallSearch()
    private var done = 0

    init(failsAt: Int?) { self.failsAt = failsAt }

    mutating func scores(_ genomes: [Genome]) throws(Failed) -> [[Double]] {
        if failsAt == done { throw Failed() }
        done += genomes.count
        return inner.scores(genomes)
    }

    func computedScores(_ genome: Genome) -> [Double] { inner.computedScores(genome) }
    var violation: ((Genome) -> Double)? { inner.violation }
}

extension MeasuredCandidate {
    /// Everything but the time, which no two runs have in common.
    var row: MeasuredCandidate {
        MeasuredCandidate(id: id, genome: genome, scores: scores, round: round, method: method, seconds: 0)
    }
}
