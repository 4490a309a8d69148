public import Torch

extension LanguageModel {
    /// Scales channels so that activations and weights are about equally hard to round. The factors are powers of two, so what
    /// the model computes stays the same to the bit: SmoothQuant, arXiv 2211.10438, equation 4, s = max|x|^a / max|w|^(1 - a) for each input channel of a
    /// projection, x / s times w * s. The division goes into what makes the channel: a norm's weight for what attention and
    /// feed-forward network read, the up projection for neurons, the value projection for what heads give (one factor for
    /// all query heads that share a value).
    /// - Parameters:
    ///   - peaks: max|x|, measured on this model.
    ///   - strength: a, in 0...1: 0 evens out the weights, 1 the activations.
    /// - Throws: `TorchError.unsupported` for a quantised model, `.invalidArgument` for peaks of another shape.
    public func smooth(_ peaks: ActivationPeaks, strength: Double = 0.5) throws(TorchError) {
        guard quantization == nil else {
            throw TorchError(
                code: .unsupported, operation: "LanguageModel.smooth",
                message: "the model is quantised already: smooth the one it was quantised from")
        }
        let smoothing = ChannelSmoothing(peaks: peaks, strength: strength, headSize: architecture.headSize)
        try withoutGradients { () throws(TorchError) in
            for block in blocks {
                // What makes neurons and values first: their rows decide what the channels before them weigh.
                try smoothing.evenNeurons(of: block)
                try smoothing.evenValues(of: block)
                try smoothing.evenInputs(of: block)
            }
        }
        try Parameter.refresh(parameters)
    }
}

/// Moves factors between what makes a channel and what reads it.
private struct ChannelSmoothing {
    let peaks: ActivationPeaks
    let strength: Double
    let headSize: Int

    /// Norms against the projections that read them.
    func evenInputs(of block: Block) throws(TorchError) {
        if let norm = block.attentionNorm, let attention = block.attention {
            try even(
                norm, .attentionInput(block: block.index),
                [attention.query, attention.key, attention.value].compactMap(\.weight))
        }
        if let norm = block.feedForwardNorm, let feedForward = block.feedForward {
            try even(
                norm, .feedForwardInput(block: block.index), [feedForward.gate, feedForward.up].compactMap(\.weight))
        }
    }

    private func even(_ norm: Normalization, _ site: ActivationSite, _ readers: [Parameter]) throws(TorchError) {
        guard let peak = peaks[site] else { return }
        var largest = try Tensor.zeros(peak.shape).to(peak.device)
        for reader in readers { largest = try largest.larger(reader.master.abs().maximum(over: 0)) }
        let factors = try factors(peak, largest)
        try norm.weight.master.multiply(by: factors.reciprocal())
        for reader in readers { try reader.master.multiply(by: factors) }
    }

    /// The up projection against the down projection, which is stored `[intermediate, hidden]`.
    func evenNeurons(of block: Block) throws(TorchError) {
        guard let up = block.feedForward?.up, let weight = up.weight, let down = block.feedForward?.down.weight,
            let peak = peaks[.neurons(block: block.index)]
        else { return }
        let factors = try factors(peak, down.master.abs().maximum(over: 1))
        try divideRows(weight, up.bias, by: factors)
        try down.master.multiply(by: factors.unsqueezed(1))
    }

    /// The value projection against the output projection.
    func evenValues(of block: Block) throws(TorchError) {
        guard let value = block.attention?.value, let weight = value.weight,
            let output = block.attention?.output.weight,
            let peak = peaks[.context(block: block.index)]
        else { return }
        let (shared, group) = (block.shape.keyValueHeads, block.shape.groupSize)
        func strongest(_ channels: Tensor) throws(TorchError) -> Tensor {
            try channels.reshaped([shared, group, headSize]).maximum(over: 1)
        }
        let factors = try factors(strongest(peak), strongest(output.master.abs().maximum(over: 0)))
        try divideRows(weight, value.bias, by: factors.reshaped([shared * headSize]))
        let repeated = try factors.unsqueezed(1).expanded(to: [shared, group, headSize])
        try output.master.multiply(by: repeated.reshaped([shared * group * headSize]))
    }

    /// Equation 4, to the nearest power of two. Channels that are never used, or used by nothing, count as the least that is
    /// told from 0.
    private func factors(_ peak: Tensor, _ weight: Tensor) throws(TorchError) -> Tensor {
        let least = 1e-5
        let exact = try peak.clamped(min: least).pow(strength) / weight.clamped(min: least).pow(1 - strength)
        let powers = try exact.floats().map { factor in
            let exponent = factor.exponent + (factor.significand > Float(2).squareRoot() ? 1 : 0)
            return Float(sign: .plus, exponent: exponent, significand: 1)
        }
        return try Tensor(powers, shape: exact.shape).to(peak.device)
    }

    private func divideRows(_ weight: Parameter, _ bias: Parameter?, by factors: Tensor) throws(TorchError) {
        let inverse = try factors.reciprocal()
        try weight.master.multiply(by: inverse.unsqueezed(1))
        try bias?.master.multiply(by: inverse)
    }
}
