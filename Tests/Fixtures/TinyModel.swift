public import Torch
public import Transformer

/// Small models whose outputs vary: weights large enough that every part of the network shows in the logits.
public enum TinyModel {
    /// A tiny architecture; 4 layers, hidden 32 unless told otherwise.
    public static func architecture(
        layers: Int = 4, hidden: Int = 32, heads: Int = 4, keyValueHeads: Int = 2, headSize: Int = 8,
        intermediate: Int = 48,
        vocabulary: Int = 64, tied: Bool = true, attentionBias: Bool = false, mlpBias: Bool = false
    ) -> Architecture {
        Architecture(
            vocabularySize: vocabulary, hiddenSize: hidden, headSize: headSize,
            blocks: Array(
                repeating: BlockShape(queryHeads: heads, keyValueHeads: keyValueHeads, intermediateSize: intermediate),
                count: layers),
            tiedEmbeddings: tied, attentionBias: attentionBias, mlpBias: mlpBias, maximumPositions: 256)
    }

    /// A random architecture: head counts, sharing, widths, tying and biases all vary with the seed.
    public static func randomArchitecture(seed: UInt64) -> Architecture {
        var random = RepeatableRandom(seed)
        let keyValueHeads = Int.random(in: 1...3, using: &random)
        return architecture(
            layers: Int.random(in: 1...5, using: &random), hidden: 8 * Int.random(in: 2...5, using: &random),
            heads: keyValueHeads * Int.random(in: 1...3, using: &random), keyValueHeads: keyValueHeads,
            headSize: 2 * Int.random(in: 2...6, using: &random), intermediate: Int.random(in: 3...50, using: &random),
            vocabulary: Int.random(in: 11...70, using: &random), tied: Bool.random(using: &random),
            attentionBias: Bool.random(using: &random), mlpBias: Bool.random(using: &random))
    }

    /// A model of lively random weights: normal(0, 0.3), norms near 1.
    public static func make(
        _ architecture: Architecture = TinyModel.architecture(), seed: UInt64 = 1, computeDType: DType = .float32
    ) throws -> LanguageModel {
        let generator = try RandomGenerator(seed: seed)
        var weights: [String: Tensor] = [:]
        for entry in WeightTable(architecture).entries {
            let isNorm = [.attentionNorm, .feedForwardNorm, .finalNorm].contains(entry.role)
            weights[entry.name] = try Tensor.normal(
                entry.shape, mean: isNorm ? 1 : 0, deviation: isNorm ? 0.1 : 0.3, generator: generator)
        }
        return try LanguageModel(architecture, weights: weights, computeDType: computeDType)
    }

    /// Random token ids, `[rows, time]` Int64.
    public static func tokens(_ architecture: Architecture, rows: Int = 2, time: Int = 12, seed: UInt64 = 1) throws
        -> Tensor
    {
        var random = RepeatableRandom(seed)
        let ids = (0..<(rows * time)).map { _ in
            Int64.random(in: 0..<Int64(architecture.vocabularySize), using: &random)
        }
        return try Tensor(ids, shape: [rows, time])
    }
}
