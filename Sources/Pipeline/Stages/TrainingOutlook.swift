internal import Report
internal import Torch
internal import Training
internal import Transformer

extension TrainingSpec {
    /// Adds what training a model takes: tokens and operations of its steps are exact by the cost model, memory and disk its
    /// estimate. Calibration, references and evaluations are in the record of a run, whose rows are known then.
    /// Memory is that of one rank, everything else that of all.
    /// - Parameter passes: the most networks that a step takes a micro-batch through.
    func addCosts(
        to outlook: inout StageOutlook, of model: Architecture, _ context: OutlookContext, masked: Bool, passes: Int = 1
    ) {
        guard let sequenceLength = outlook.sequenceLength else { return }
        let runtime = context.runtime
        let cost = CostModel(model)
        let tokens = boundedProduct(steps, batchRows, sequenceLength)
        outlook.tokens = tokens
        let recomputed = runtime.recomputeActivations ? 4.0 / 3 : 1
        outlook.floatingPointOperations =
            Double(tokens) * cost.trainingFLOPsPerToken(sequenceLength: sequenceLength) * recomputed
        let passRows = context.passRows(ofStep: batchRows)
        var memory = cost.trainingMemory(
            rows: passRows, sequenceLength: sequenceLength, computeDType: precision.dtype,
            checkpointing: runtime.recomputeActivations, masked: masked)
        if let parts = runtime.parts {
            // Sums of pairs, of pairs of pairs and so on wait in float32 for the next; a narrow type's are apart in any case.
            let held = (parts + context.ranks - 1) / context.ranks
            let waiting = Int.bitWidth - 1 - held.leadingZeroBitCount
            let isApart = precision.dtype != .float32 && context.ranks == 1
            memory.gradientBytes += (waiting + (isApart ? 1 : 0)) * cost.storedBytes(.float32)
        } else if precision.dtype != .float32, context.ranks == 1, passRows < batchRows || passes > 1 {
            // Gradients of several passes are summed in float32, those of a narrow type apart from themselves.
            memory.gradientBytes += cost.storedBytes(.float32)
        }
        if context.ranks > 1 {
            // Gradients of a narrow type are summed in float32, shared-out ones in any case.
            let sums = cost.storedBytes(.float32)
            if runtime.shard == .gradients {
                memory.gradientBytes += sums / context.ranks
            } else if precision.dtype != .float32 {
                memory.gradientBytes += sums
            }
            if runtime.shard != nil { memory.optimizerBytes /= context.ranks }
            let buffers = ExchangeMemory.bytes(
                elements: sums / 4, ranks: context.ranks, sharding: runtime.shard, parts: runtime.parts)
            let live = masked ? cost.liveBytes(precision.dtype) : 0  // stands until the step is taken
            memory.activationBytes = max(memory.activationBytes, buffers + live)
            if runtime.shard != nil {
                // For a checkpoint rank 0 brings the moments of all ranks together where the host's memory is.
                let gathered = 2 * sums
                if runtime.device == "cpu" {
                    memory.activationBytes = max(memory.activationBytes, gathered)
                } else {
                    outlook.notes.append(
                        "rank 0 takes \(Numerals.bytes(gathered)) of its host's memory while it writes a checkpoint")
                }
            }
            outlook.notes.append(
                "shared by \(context.ranks) ranks: memory is that of each, operations and time are those of all in a row"
            )
        }
        outlook.memoryBytes = memory.totalBytes
        // A checkpoint holds float32 masters and both moments; the oldest goes when a new one stands.
        outlook.diskBytes = (runtime.keepLast + 1) * 3 * cost.storedBytes(.float32)
        if runtime.recomputeActivations {
            outlook.notes.append("recomputes activations: a third more operations, less memory")
        }
    }
}
