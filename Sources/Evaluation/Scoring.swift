public import Torch
public import Transformer

/// Log-probabilities of given tokens: what `shear score` prints.
public enum Scoring {
    /// The log-probability of each token but the first, given all before it, in nats.
    /// - Parameters:
    ///   - sequences: Token ids; sequences of fewer than 2 score nothing.
    ///   - model: Computes in its own type; the logarithm is taken in float32.
    ///   - observe: Told the index and the scores of each sequence as they are made.
    /// - Throws: `EvaluationError.token` for an id outside the vocabulary, before anything is scored; `.torch`.
    public static func logProbabilities(
        of sequences: [[Int]], under model: LanguageModel,
        observe: (_ sequence: Int, _ scores: [Float]) -> Void
    ) throws(EvaluationError) {
        try require(sequences, areOf: model)
        for (number, sequence) in sequences.enumerated() {
            observe(number, sequence.count < 2 ? [] : try scores(of: sequence, under: model))
        }
    }

    /// What the model says after each token of each sequence: `[1, time, vocabulary]`, float32, in the order of the
    /// sequences; empty ones have none.
    /// - Throws: As `logProbabilities`.
    public static func logits(
        of sequences: [[Int]], under model: LanguageModel
    ) throws(EvaluationError) -> [(sequence: Int, logits_BTV: Tensor)] {
        try require(sequences, areOf: model)
        var found: [(sequence: Int, logits_BTV: Tensor)] = []
        for (number, sequence) in sequences.enumerated() where !sequence.isEmpty {
            let logits_BTV = try withTorch { () throws(TorchError) in
                try withoutGradients { () throws(TorchError) in
                    let tokens_BT = try Tensor(sequence, shape: [1, sequence.count], on: model.device)
                    return try model.logits(try model.hidden(tokens_BT)).to(.float32)
                }
            }
            found.append((number, logits_BTV))
        }
        return found
    }

    private static func require(_ sequences: [[Int]], areOf model: LanguageModel) throws(EvaluationError) {
        let size = model.architecture.vocabularySize
        for (number, sequence) in sequences.enumerated() {
            if let index = sequence.firstIndex(where: { $0 < 0 || $0 >= size }) {
                throw .token(sequence: number, index: index, found: sequence[index], vocabulary: size)
            }
        }
    }

    private static func scores(of sequence: [Int], under model: LanguageModel) throws(EvaluationError) -> [Float] {
        try withTorch { () throws(TorchError) in
            try withoutGradients { () throws(TorchError) in
                let count = sequence.count - 1
                let tokens_BT = try Tensor(Array(sequence.dropLast()), shape: [1, count], on: model.device)
                let targets_BT = try Tensor(Array(sequence.dropFirst()), shape: [1, count], on: model.device)
                let losses_BT = try model.tokenLosses(try model.hidden(tokens_BT), targets_BT)
                return try losses_BT.floats().map { $0 == 0 ? 0 : -$0 }
            }
        }
    }
}
