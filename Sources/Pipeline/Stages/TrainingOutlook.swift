internal import Torch
internal import Transformer

extension TrainingSpec {
    /// Adds what training a model takes: tokens and operations are exact by the cost model, memory and disk its estimate.
    func addCosts(
        to outlook: inout StageOutlook, of model: Architecture, sequenceLength: Int?, runtime: RuntimeSettings,
        masked: Bool
    ) {
        guard let sequenceLength else { return }
        let cost = CostModel(model)
        let tokens = steps * batchRows * sequenceLength
        outlook.tokens = tokens
        let recomputed = runtime.recomputeActivations ? 4.0 / 3 : 1
        outlook.floatingPointOperations =
            Double(tokens) * cost.trainingFLOPsPerToken(sequenceLength: sequenceLength) * recomputed
        outlook.memoryBytes =
            cost.trainingMemory(
                rows: runtime.passRows(ofStep: batchRows), sequenceLength: sequenceLength,
                computeDType: precision.dtype, checkpointing: runtime.recomputeActivations, masked: masked
            ).totalBytes
        // A checkpoint holds float32 masters and both moments.
        outlook.diskBytes = runtime.keepLast * 3 * cost.storedBytes(.float32)
        if runtime.recomputeActivations {
            outlook.notes.append("recomputes activations: a third more operations, less memory")
        }
    }
}
