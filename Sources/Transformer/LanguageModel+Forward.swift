public import Torch

extension LanguageModel {
    /// The stream after the final norm, `[batch, time, hidden]` in the compute type.
    /// - Parameter tokens_BT: `[batch, time]`, Int64 ids below the vocabulary size.
    /// - Throws: `TorchError.invalidArgument` when shapes do not fit together, the view does not fit the model or the
    ///   cache is full, `.index` for an unknown id.
    public func hidden(
        _ tokens_BT: Tensor, in context: ForwardContext = ForwardContext()
    ) throws(TorchError) -> Tensor {
        let geometry = try geometry(of: tokens_BT, in: context)
        let stream_BTH = try Tensor.embedding(weight: embedding.value, tokens_BT)
        try context.observe?(.embedding, stream_BTH)
        let running = try runningBlocks(in: context)
        let result: Tensor
        if let tape = context.checkpointing {
            result = try tape.record(stream_BTH, through: running, masks: context.masks, geometry) {
                (stream, masks) throws(TorchError) in
                try finalNorm(stream, hiddenMask: masks?.hidden_H)
            }
        } else if let fused = try fusedHidden(stream_BTH, through: running, geometry, in: context) {
            result = fused
        } else {
            var stream_BTH = stream_BTH
            for block in running {
                stream_BTH = try block(stream_BTH, masks: context.masks, geometry)
                try context.observe?(.stream(block: block.index), stream_BTH)
            }
            result = try finalNorm(stream_BTH, hiddenMask: context.masks?.hidden_H)
        }
        context.cache?.advance(by: tokens_BT.shape[1])
        try context.observe?(.final, result)
        return result
    }

    /// Cross-entropy of each row, `[batch]` float32: nats summed over the row's counted targets. Differentiable; the
    /// logits of all positions never exist in float32.
    /// - Parameters:
    ///   - hidden_BTH: what ``hidden(_:in:)`` returned.
    ///   - targets_BT: `[batch, time]` integers; -1 does not count.
    /// - Throws: `TorchError.invalidArgument` when the shapes differ, `.index` for an unknown target.
    public func rowLosses(_ hidden_BTH: Tensor, _ targets_BT: Tensor) throws(TorchError) -> Tensor {
        try tokenLosses(hidden_BTH, targets_BT).sum(over: [1])
    }

    /// Cross-entropy of each position, `[batch, time]` float32 nats, 0 where the target is -1; parameters as of
    /// ``rowLosses(_:_:)``.
    /// - Throws: `TorchError.invalidArgument` when the shapes differ, `.index` for an unknown target.
    public func tokenLosses(_ hidden_BTH: Tensor, _ targets_BT: Tensor) throws(TorchError) -> Tensor {
        guard hidden_BTH.rank == 3, Array(hidden_BTH.shape.dropLast()) == targets_BT.shape else {
            throw TorchError(
                code: .invalidArgument, operation: "LanguageModel.tokenLosses",
                message: "hidden states \(hidden_BTH.shape) and targets \(targets_BT.shape) differ in rows or positions"
            )
        }
        let hidden_NH = try hidden_BTH.reshaped([-1, architecture.hiddenSize])
        let targets_N = try targets_BT.to(.int64).reshaped([-1])
        return try Tensor.linearCrossEntropy(hidden_NH, head.value, targets_N).reshaped(targets_BT.shape)
    }

    /// The scores of all tokens, `[batch, time, vocabulary]` in the compute type.
    /// - Throws: `TorchError.invalidArgument` when the last axis is not the hidden size, `.outOfMemory`.
    public func logits(_ hidden_BTH: Tensor) throws(TorchError) -> Tensor {
        try hidden_BTH.linear(head.value)
    }

    private func geometry(of tokens_BT: Tensor, in context: ForwardContext) throws(TorchError) -> PassGeometry {
        func refuse(_ message: String) -> TorchError {
            TorchError(code: .invalidArgument, operation: "LanguageModel.hidden", message: message)
        }
        guard tokens_BT.rank == 2, tokens_BT.elementCount > 0 else {
            throw refuse("tokens have shape \(tokens_BT.shape); expected [batch, time] with at least one token")
        }
        if let view = context.view {
            let problems = view.problems(in: architecture)
            guard problems.isEmpty else { throw refuse(problems.joined(separator: "; ")) }
        }
        try context.cache?.serve(context.view)
        let time = tokens_BT.shape[1]
        let past = context.cache?.length ?? 0
        if let branches = context.branches {
            guard branches.numbers_BT.shape == tokens_BT.shape, branches.positions_BT.shape == tokens_BT.shape else {
                throw refuse("branches \(branches.numbers_BT.shape) do not match tokens \(tokens_BT.shape)")
            }
            guard context.cache == nil, context.segments == nil else {
                throw refuse("branches go neither with a key-value cache nor with segments")
            }
            let mask = try branches.mask().and(try causalMask(time: time, past: 0))
            return PassGeometry(
                angles: try rotary.angles(at: branches.positions_BT, below: branches.positionCount),
                attentionMask: mask, isCausal: false, cache: nil, view: context.view, observe: context.observe)
        }
        let angles = try rotary.angles(from: past, to: past + time, on: device)
        var mask: Tensor?
        if let segments = context.segments {
            guard segments.shape == tokens_BT.shape else {
                throw refuse("segments \(segments.shape) do not match tokens \(tokens_BT.shape)")
            }
            guard context.cache == nil else { throw refuse("segments and a key-value cache exclude each other") }
            let same_B1TT = try segments.unsqueezed(1).unsqueezed(3).equal(to: segments.unsqueezed(1).unsqueezed(2))
            mask = try same_B1TT.and(try causalMask(time: time, past: 0))
        } else if past > 0, time > 1 {
            mask = try causalMask(time: time, past: past)
        }
        return PassGeometry(
            angles: angles, attentionMask: mask, isCausal: mask == nil && time > 1, cache: context.cache,
            view: context.view, observe: context.observe)
    }

    /// `[1, 1, time, past + time]`, true where a new position may attend.
    private func causalMask(time: Int, past: Int) throws(TorchError) -> Tensor {
        let queries = try Tensor.arange(past, past + time, on: device).reshaped([1, 1, time, 1])
        let keys = try Tensor.arange(0, past + time, on: device).reshaped([1, 1, 1, past + time])
        return try queries.greaterOrEqual(to: keys)
    }

    /// The blocks that the view names, without those that are skipped for their masks.
    private func runningBlocks(in context: ForwardContext) throws(TorchError) -> [Block] {
        let named = context.view.map { $0.layers.map { blocks[$0] } } ?? blocks
        let dead = try deadLayers(in: context)
        return dead.isEmpty ? named : named.filter { !dead.contains($0.index) }
    }

    /// Blocks whose layer mask is 0, when the context asks to skip them. Reads the masks on the host.
    private func deadLayers(in context: ForwardContext) throws(TorchError) -> Set<Int> {
        guard let layers = context.masks?.layers_L, context.skipsDeadLayers ?? !gradientsAreRecorded else { return [] }
        return Set(try layers.detached().floats().enumerated().filter { $0.element == 0 }.map(\.offset))
    }
}
