internal import Glibc
internal import Torch

/// How the next token is chosen.
public struct SamplingSettings: Codable, Sendable, Hashable {
    /// Divides the logits; 0 takes the most likely token each time (the first of equals).
    public var temperature: Double
    /// Only so many of the most likely tokens are drawn from; nil: all.
    public var topK: Int?
    /// Only the fewest most likely tokens whose probabilities reach this sum are drawn from, 0 < p <= 1; nil: all.
    public var topP: Double?
    /// Decides the draws.
    public var seed: UInt64

    /// Greedy choice unless a temperature is given.
    public init(temperature: Double = 0, topK: Int? = nil, topP: Double? = nil, seed: UInt64 = 0) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.seed = seed
    }

    /// The rules that these settings break, one sentence each.
    var problems: [String] {
        var found: [String] = []
        if !(temperature >= 0 && temperature.isFinite) {
            found.append("the temperature is \(temperature); it must be 0 or more")
        }
        if let topK, topK < 1 { found.append("top-k is \(topK); it must be 1 or more") }
        if let topP, !(topP > 0 && topP <= 1) { found.append("top-p is \(topP); it must lie above 0 and not above 1") }
        return found
    }

    /// The tokens that may be drawn and their probabilities, most likely first; the lower id first among equals.
    func candidates(_ logits: [Float]) -> [(token: Int, probability: Double)] {
        var order = Array(logits.indices)
        order.sort { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }
        if let topK { order.removeLast(max(0, order.count - topK)) }
        guard let first = order.first else { return [] }
        let weights = order.map { exp((Double(logits[$0]) - Double(logits[first])) / temperature) }
        var total = weights.reduce(0, +)
        var kept = order.count
        if let topP {
            var sum = 0.0
            for (index, weight) in weights.enumerated() {
                sum += weight
                if sum >= topP * total {
                    kept = index + 1
                    break
                }
            }
            total = weights[..<kept].reduce(0, +)
        }
        return (0..<kept).map { (order[$0], weights[$0] / total) }
    }
}

extension LanguageModel {
    /// Continues a prompt, token by token, with a key-value cache.
    /// - Parameters:
    ///   - prompt: token ids, at least one.
    ///   - count: tokens to make at most.
    ///   - stops: ids that end the text; the one that is met is not returned.
    ///   - observe: told each token as it is made; returning false stops.
    /// - Returns: the new tokens.
    /// - Throws: `TransformerError.generation` for an empty prompt, an unknown id or impossible settings.
    public func generate(
        after prompt: [Int], count: Int, sampling: SamplingSettings = SamplingSettings(), stops: [Int] = [],
        observe: (Int) -> Bool = { _ in true }
    ) throws(TransformerError) -> [Int] {
        if prompt.isEmpty {
            throw .generation(problem: "the prompt holds no token; give some text or a begin-of-text token")
        }
        if let unknown = prompt.first(where: { $0 < 0 || $0 >= architecture.vocabularySize }) {
            throw .generation(
                problem: "the prompt's id \(unknown) lies outside the vocabulary of \(architecture.vocabularySize)")
        }
        if let problem = sampling.problems.first { throw .generation(problem: problem) }
        guard count > 0 else { return [] }
        return try withTorch { () throws(TorchError) in
            try withoutGradients { () throws(TorchError) in
                let generator = try RandomGenerator(seed: sampling.seed)
                let context = ForwardContext(cache: KeyValueCache(capacity: prompt.count + count))
                var made: [Int] = []
                var next = prompt
                while made.count < count {
                    let tokens = try Tensor(next.map { Int64($0) }, shape: [1, next.count]).to(device)
                    let last = try hidden(tokens, in: context).sliced(1, from: next.count - 1, to: next.count)
                    let token = try choose(try logits(last).reshaped([-1]).to(.float32), sampling, generator)
                    if stops.contains(token) { break }
                    made.append(token)
                    if !observe(token) { break }
                    next = [token]
                }
                return made
            }
        }
    }

    private func choose(
        _ logits: Tensor, _ sampling: SamplingSettings, _ generator: RandomGenerator
    ) throws(TorchError) -> Int {
        if sampling.temperature == 0 { return Int(try logits.argmax(over: 0).item()) }
        let candidates = sampling.candidates(try logits.floats())
        var left = Double(try Tensor.uniform([1], low: 0, high: 1, generator: generator).item())
        for candidate in candidates {
            left -= candidate.probability
            if left < 0 { return candidate.token }
        }
        return candidates.last?.token ?? 0
    }
}
