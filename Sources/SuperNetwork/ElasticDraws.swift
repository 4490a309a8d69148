public import Corpus
public import Search
public import Transformer

extension ElasticSpace {
    /// A random sub-network: each depth equally likely, then each width of every block that runs.
    public func randomGenome(_ stream: inout RandomStream) -> Genome {
        var genes = smallestGenome.genes
        genes[0] = UInt8(stream.integer(below: UInt64(layerCounts.count)))
        for layer in layers(atDepth: Int(genes[0])) {
            genes[layer + 1] = UInt8(stream.integer(below: UInt64(intermediateSizes[layer].count)))
        }
        return Genome(genes)
    }
}

/// The networks of each step of an elastic training, as a function of (seed, step): a resumed run draws the same ones,
/// and all micro-batches of a step share them.
public struct ElasticDraws: Sendable {
    /// The space that is drawn from.
    public let space: ElasticSpace
    /// What a step runs.
    public let settings: ElasticSettings
    private let seed: UInt64

    /// The draws of a seed.
    public init(_ space: ElasticSpace, settings: ElasticSettings, seed: UInt64) {
        self.space = space
        self.settings = settings
        self.seed = seed
    }

    /// One network of a step.
    public struct Network: Sendable, Hashable {
        /// What it is called in metrics: `full`, `smallest`, `random-0`, ...
        public let name: String
        /// What it is in the space.
        public let genome: Genome
    }

    /// The networks that a step runs, in order; steps count from 0.
    public func networks(at step: Int) -> [Network] {
        var stream = RandomStream(seed: seed, name: "elastic/step-\(step)")
        let random = (0..<settings.subNetworks).map {
            Network(name: "random-\($0)", genome: space.randomGenome(&stream))
        }
        let full = Network(name: "full", genome: space.fullGenome)
        switch settings.schedule {
        case .alternating: return step % 2 == 0 ? [full] : random
        case .joint: return [full] + random
        case .sandwich: return [full, Network(name: "smallest", genome: space.smallestGenome)] + random
        }
    }

    /// FLOPs per token of the steps `range`, forward and backward of all their networks, summed over the steps.
    /// - Throws: `SuperNetworkError.genome` never for a space that fits its source.
    public func trainingFLOPsPerToken(
        of source: Architecture, steps range: Range<Int>, sequenceLength: Int
    ) throws(SuperNetworkError) -> Double {
        var sum = 0.0
        for step in range {
            for network in networks(at: step) {
                let shape = source.viewed(by: try space.view(of: network.genome))
                sum += CostModel(shape).trainingFLOPsPerToken(sequenceLength: sequenceLength)
            }
        }
        return sum
    }
}
