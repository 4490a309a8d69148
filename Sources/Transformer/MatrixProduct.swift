public import Torch

/// Products of one weight, or of several of the same shape, in a training step: `[rows, inner]` times `[inner, columns]`.
public struct MatrixProduct: Codable, Sendable, Hashable {
    /// Which of the three products of a weight with its tokens.
    public enum Pass: String, Codable, Sendable, CaseIterable {
        /// Outputs: tokens times the weight.
        case forward
        /// The gradient of the inputs: gradients of the outputs times the weight.
        case inputGradient
        /// The gradient of the weight: inputs times gradients of the outputs, summed over the tokens.
        case weightGradient
    }

    /// Inputs and outputs of the weight.
    public var inputs: Int
    public var outputs: Int
    public var pass: Pass
    /// Tokens that go through it.
    public var tokens: Int
    /// How often a step does it: the number of weights of that shape.
    public var count: Int

    /// Rows, inner size and columns of the product.
    public var shape: (rows: Int, inner: Int, columns: Int) {
        switch pass {
        case .forward: (tokens, inputs, outputs)
        case .inputGradient: (tokens, outputs, inputs)
        case .weightGradient: (outputs, tokens, inputs)
        }
    }

    /// Floating-point operations of all of them: 2 for each multiply-add.
    public var operations: Double { 2 * Double(count) * Double(tokens) * Double(inputs) * Double(outputs) }
}

extension CostModel {
    /// The matrix products of weights in one training step without recomputation, equal shapes counted together.
    ///
    /// Products among activations (attention's scores and contexts) are not among them: a time that these products take at
    /// best is one that no step can fall below.
    /// - Parameter tokens: of the step.
    public func trainingProducts(tokens: Int) -> [MatrixProduct] {
        var counts: [[Int]: Int] = [:]
        var order: [[Int]] = []
        func add(_ inputs: Int, _ outputs: Int, _ count: Int = 1) {
            guard inputs > 0, outputs > 0 else { return }
            if counts[[inputs, outputs]] == nil { order.append([inputs, outputs]) }
            counts[[inputs, outputs], default: 0] += count
        }
        let hidden = architecture.hiddenSize
        for block in architecture.blocks {
            let query = block.queryHeads * architecture.headSize
            add(hidden, query)
            add(hidden, block.hasAttention ? block.keyValueHeads * architecture.headSize : 0, 2)
            add(query, hidden)
            add(hidden, block.intermediateSize, 2)
            add(block.intermediateSize, hidden)
        }
        add(hidden, architecture.vocabularySize)
        return order.flatMap { shape in
            MatrixProduct.Pass.allCases.map {
                MatrixProduct(
                    inputs: shape[0], outputs: shape[1], pass: $0, tokens: tokens, count: counts[shape] ?? 0)
            }
        }
    }

    /// Bytes that decoding one token of one sequence must read: every weight that multiplies it once, and the keys and
    /// values of the positions before it.
    public func decodingBytesPerToken(_ dtype: DType, positions: Int) -> Int {
        multiplyingParameterCount * dtype.bytes + positions * keyValueBytesPerToken(dtype)
    }
}
