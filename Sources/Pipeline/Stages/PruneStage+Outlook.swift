internal import Corpus
internal import Shearing
internal import Torch
internal import Transformer

extension PruneSpec {
    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        guard let source = context[start]?.architecture else { return outlook }
        outlook.source = source
        let made: Architecture
        do throws(ShearingError) {
            let shape = try shape(from: source, seed: context.seed)
            for problem in shape.problems(against: source) { outlook.problems.append(("target", problem)) }
            guard outlook.problems.isEmpty else { return outlook }
            made = shape.architecture(from: source)
        } catch {
            outlook.problems.append(("target", "\(error)"))
            return outlook
        }
        outlook.architecture = made
        if case .parameters(let parameters) = target, method == .cofi {
            if parameters >= source.parameterCount {
                outlook.problems.append(
                    ("target", "\(parameters) parameters are not fewer than the source's \(source.parameterCount)"))
            }
            outlook.notes.append(
                "learns its layers' shapes: counted as if all were alike, \(made.parameterCount) of \(parameters) parameters"
            )
        }
        outlook.sequenceLength = context[data]?.sequenceLength
        outlook.requirePositions(of: source)
        if let training {
            training.addCosts(to: &outlook, of: source, context, masked: true)
        } else {
            outlook.memoryBytes = CostModel(source).storedBytes(.float32) + CostModel(made).storedBytes(.float32)
            if let measure, let length = outlook.sequenceLength {
                let tokens = boundedProduct(calibrationBatches, calibrationRows, length)
                outlook.tokens = tokens
                outlook.floatingPointOperations = Double(tokens) * measure.operationsPerToken(source, length)
            }
        }
        outlook.diskBytes = (outlook.diskBytes ?? 0) + CostModel(made).storedBytes(.float32)
        return outlook
    }

    /// The exact shape that the method cuts `source` to; of one that learns it, a shape of that size to count with.
    /// - Throws: `ShearingError.impossibleTarget` when there is none.
    func shape(from source: Architecture, seed: UInt64) throws(ShearingError) -> TargetArchitecture {
        switch target {
        case .shape(let target): return target.target
        case .layers(let layers):
            guard let block = source.uniform?.block else {
                throw .impossibleTarget(["the source's layers differ in shape; whole layers are cut from alike ones"])
            }
            return TargetArchitecture(
                layers: layers, hiddenSize: source.hiddenSize, heads: block.queryHeads,
                keyValueHeads: block.keyValueHeads, intermediateSize: block.intermediateSize)
        case .parameters(let parameters):
            if method == .cofi { return try CoFiLayout.standIn(for: parameters, from: source) }
            var stream = RandomStream(seed: seed, name: "prune/shape")
            return try RandomShape.drawn(from: source, parameters: parameters, seed: stream.next())
        }
    }

    /// How a method without training measures importance; nil where it does not, or learns.
    var measure: ImportanceMeasure? {
        switch method {
        case .learned, .cofi, .random: nil
        case .oneshot, .randomShape: .taylorHeads
        case .minitron, .shortgpt: .activations
        }
    }
}

extension ImportanceMeasure {
    /// Operations of one calibration token through a model.
    func operationsPerToken(_ model: Architecture, _ sequenceLength: Int) -> Double {
        switch self {
        case .taylorHeads: CostModel(model).trainingFLOPsPerToken(sequenceLength: sequenceLength)
        case .activations: CostModel(model).forwardFLOPsPerToken(sequenceLength: sequenceLength)
        }
    }
}
