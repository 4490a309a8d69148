internal import Shearing
internal import Torch
internal import Transformer

extension PruneSpec {
    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        guard let source = context[start]?.architecture else { return outlook }
        outlook.source = source
        for problem in target.target.problems(against: source) { outlook.problems.append(("target", problem)) }
        guard outlook.problems.isEmpty else { return outlook }
        let made = target.target.architecture(from: source)
        outlook.architecture = made
        outlook.sequenceLength = context[data]?.sequenceLength
        if let training {
            training.addCosts(
                to: &outlook, of: source, sequenceLength: outlook.sequenceLength, runtime: context.runtime, masked: true
            )
        } else {
            outlook.memoryBytes = CostModel(source).storedBytes(.float32) + CostModel(made).storedBytes(.float32)
            if method == .oneshot, let length = outlook.sequenceLength {
                let tokens = calibrationBatches * calibrationRows * length
                outlook.tokens = tokens
                outlook.floatingPointOperations =
                    Double(tokens) * CostModel(source).trainingFLOPsPerToken(sequenceLength: length)
            }
        }
        outlook.diskBytes = (outlook.diskBytes ?? 0) + CostModel(made).storedBytes(.float32)
        return outlook
    }
}
