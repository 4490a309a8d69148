internal import SuperNetwork
internal import Torch
internal import Transformer

extension SuperNetworkSpec {
    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        guard let source = context[start]?.architecture else { return outlook }
        outlook.architecture = source
        outlook.sequenceLength = context[data]?.sequenceLength
        outlook.requirePositions(of: source)
        // Which layers go is measured later; how many may go is known.
        let candidates = source.blocks.indices.reversed()
        let ends = order == .importance ? protectedLayers : 0
        let space = space.space(
            of: source, dropOrder: candidates.filter { $0 >= ends && $0 < source.blocks.count - ends })
        let sizes: SubNetworkSizes
        do throws(SuperNetworkError) { sizes = try SubNetworkSizes(space, of: source) } catch {
            for problem in space.problems(with: source) { outlook.problems.append(("space", problem)) }
            return outlook
        }
        outlook.space = space
        let range = sizes.parameterRange
        for wanted in reaches {
            guard let problem = sizes.problem(reaching: wanted) else { continue }
            outlook.problems.append(("reaches", problem + "; choose a wider space or another size"))
        }
        outlook.notes.append(
            "sub-networks of \(range.lowerBound) to \(range.upperBound) parameters, "
                + "\(countText(space.subNetworkCount)) different ones")
        training.addCosts(to: &outlook, of: source, context, masked: false, passes: mostPasses)
        if let length = outlook.sequenceLength {
            outlook.floatingPointOperations = outlook.floatingPointOperations.map {
                $0 * expectedShare(space, source, sequenceLength: length)
            }
        }
        distill?.addCosts(
            to: &outlook, student: source, context,
            rows: context.passRows(ofStep: training.batchRows),
            precision: training.precision.dtype)
        outlook.diskBytes = (outlook.diskBytes ?? 0) + CostModel(source).storedBytes(.float32)
        return outlook
    }

    /// The most networks of a step, each a pass of its own.
    private var mostPasses: Int {
        switch schedule {
        case .alternating: subNetworks
        case .joint: subNetworks + 1
        case .sandwich: subNetworks + 2
        }
    }

    /// The operations of a step's networks over those of the whole network, on average over the draws.
    private func expectedShare(_ space: ElasticSpace, _ source: Architecture, sequenceLength: Int) -> Double {
        func operations(_ shape: Architecture) -> Double {
            CostModel(shape).trainingFLOPsPerToken(sequenceLength: sequenceLength)
        }
        // Operations are linear in the widths: the mean network of each depth stands for all of that depth.
        let means = space.layerCounts.indices.map { depth in
            operations(
                source.viewed(
                    by: SubNetworkView(
                        layers: space.layers(atDepth: depth),
                        intermediateSizes: space.intermediateSizes.map { $0.reduce(0, +) / $0.count })))
        }
        let random = Double(subNetworks) * means.reduce(0, +) / Double(means.count) / operations(source)
        switch schedule {
        case .alternating: return (1 + random) / 2
        case .joint: return 1 + random
        case .sandwich:
            let view = try? space.view(of: space.smallestGenome)
            return 1 + random + (view.map { operations(source.viewed(by: $0)) / operations(source) } ?? 0)
        }
    }

    /// A count that may be too large to be written out: `4580179968`, `2.2e23`.
    private func countText(_ count: Double) -> String {
        guard count >= 1e15 else { return "\(Int(count))" }
        var (mantissa, exponent) = (count, 0)
        while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        return "\((mantissa * 10).rounded() / 10)e\(exponent)"
    }
}
