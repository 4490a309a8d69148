internal import Torch

extension LanguageModel {
    /// What ``hidden(_:in:)`` returns for one token that continues those in the cache, by one call for all blocks; nil where
    /// the blocks themselves must run: here alone that is decided.
    /// - Parameter stream_BTH: the embedded tokens.
    func fusedHidden(
        _ stream_BTH: Tensor, through running: [Block], _ geometry: PassGeometry, in context: ForwardContext
    ) throws(TorchError) -> Tensor? {
        guard let cache = geometry.cache, cache.length < cache.capacity, stream_BTH.shape[0] == 1,
            stream_BTH.shape[1] == 1, context.masks?.isEmpty ?? true, context.observe == nil, !gradientsAreRecorded,
            device == .cpu, computeDType == .float32 || computeDType == .bfloat16
        else { return nil }
        let decoder = try cache.decoder(of: self) { () throws(TorchError) in
            let decoder = try FusedDecoder(
                headSize: architecture.headSize, epsilon: architecture.normEpsilon, finalNorm: finalNorm.weight.value)
            for block in running {
                guard try block.add(to: decoder, over: cache, neurons: geometry.view?.intermediateSizes[block.index])
                else { return nil }
            }
            return decoder
        }
        return try decoder?.step(
            stream_BTH, cosines: geometry.angles.cosines, sines: geometry.angles.sines, position: cache.length)
    }
}

extension Block {
    /// Adds both halves to a fused decoder over a cache; false where a projection or the cache has a form that it does not
    /// know.
    /// - Parameter used: how many of the first neurons run; nil: all.
    fileprivate func add(
        to decoder: FusedDecoder, over cache: KeyValueCache, neurons used: Int?
    ) throws(TorchError) -> Bool {
        if let attentionNorm, let attention {
            let norm = attentionNorm.weight.value
            let room = [1, shape.keyValueHeads, cache.capacity, attention.headSize]
            let (keys, values) = try cache.memory(of: index, room, norm.dtype, on: norm.device)
            guard keys.shape == room, keys.dtype == norm.dtype, keys.device == norm.device,
                let query = try attention.query.fused(), let key = try attention.key.fused(),
                let value = try attention.value.fused(), let output = try attention.output.fused()
            else { return false }
            try decoder.addAttention(
                norm: norm, query: query, key: key, value: value, output: output, queryHeads: shape.queryHeads,
                keyHeads: shape.keyValueHeads, keys: keys, values: values)
        }
        if let feedForwardNorm, let feedForward, used ?? shape.intermediateSize > 0 {
            guard let gate = try feedForward.gate.fused(prefix: used), let up = try feedForward.up.fused(prefix: used),
                let down = try feedForward.down.fused(prefix: used)
            else { return false }
            try decoder.addFeedForward(norm: feedForwardNorm.weight.value, gate: gate, up: up, down: down)
        }
        return true
    }
}
