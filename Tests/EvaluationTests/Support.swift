import Corpus
import Evaluation
import Fixtures
import Foundation
import Torch
import Transformer

/// A tokenizer of one token a character of `letters`, for texts that a test writes out; other characters are token 0.
struct LetterTokenizer: Tokenizer {
    static let letters = Array(
        "?abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .:\n_0123456789-'()".unicodeScalars)
    /// Pairs that make one token, as merges do: some across the border of a context and its continuation.
    static let pairs = [" a", " b", "er", "th", ": "]
    var vocabularySize: Int { Self.letters.count + Self.pairs.count }
    var fingerprint: String { "letters" }
    var beginOfText: TokenID? { nil }
    var endOfText: TokenID? { 0 }

    func encode(_ utf8: Span<UInt8>, into tokens: inout [TokenID]) throws(CorpusError) {
        var bytes: [UInt8] = []
        for index in utf8.indices { bytes.append(utf8[index]) }
        let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        var index = 0
        while index < scalars.count {
            if index + 1 < scalars.count,
                let pair = Self.pairs.firstIndex(of: String(String.UnicodeScalarView(scalars[index...index + 1])))
            {
                tokens.append(TokenID(Self.letters.count + pair))
                index += 2
            } else {
                tokens.append(TokenID(Self.letters.firstIndex(of: scalars[index]) ?? 0))
                index += 1
            }
        }
    }

    func decode(_ tokens: [TokenID]) throws(CorpusError) -> [UInt8] {
        tokens.flatMap { token -> [UInt8] in
            let index = Int(token)
            return index < Self.letters.count
                ? Array(String(Self.letters[index]).utf8) : Array(Self.pairs[index - Self.letters.count].utf8)
        }
    }
}

/// Questions of all templates with random words, the same for the same seed.
struct RandomQuestions {
    private var random: RepeatableRandom

    init(seed: UInt64) { random = RepeatableRandom(seed) }

    mutating func words(_ count: ClosedRange<Int>) -> String {
        let letters = Array("abcdefgh")
        return (0..<Int.random(in: count, using: &random)).map { _ in
            String(
                (0..<Int.random(in: 1...6, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" })
        }.joined(separator: " ")
    }

    mutating func question(_ template: TaskTemplate, _ number: Int) -> TaskQuestion {
        let count = template == .boolq || template == .winogrande ? 2 : Int.random(in: 2...5, using: &random)
        var question = TaskQuestion(
            id: "\(template.rawValue)-\(number)", context: words(3...20), query: words(2...9),
            choices: (0..<count).map { _ in words(1...6) }, gold: Int.random(in: 0..<count, using: &random))
        switch template {
        case .mmlu, .hellaswag: question.category = "some_subject"
        case .winogrande:
            question.prefix = words(1...5)
            question.suffix = words(2...7)
        case .lambada:
            question.choices = []
            question.target = " " + words(1...1)
        default: break
        }
        return question
    }

    /// A task file of so many questions, in the documented form.
    mutating func file(_ template: TaskTemplate, count: Int, in folder: TemporaryDirectory) throws -> String {
        var lines: [String] = []
        for number in 0..<count {
            let question = question(template, number)
            var object: [String: Any] = ["id": question.id]
            for (key, value) in [
                ("context", question.context), ("query", question.query), ("category", question.category),
                ("prefix", question.prefix), ("suffix", question.suffix), ("target", question.target),
            ] { object[key] = value }
            if template != .lambada {
                object["choices"] = question.choices
                object["gold"] = question.gold
            }
            lines.append(String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self))
        }
        return try folder.write(lines.joined(separator: "\n") + "\n", to: "\(template.rawValue).jsonl")
    }
}

/// A lively model of the letters' vocabulary.
func letterModel(seed: UInt64 = 1, computeDType: DType = .float32) throws -> LanguageModel {
    let shape = TinyModel.architecture(
        layers: 2, vocabulary: LetterTokenizer().vocabularySize, tied: seed % 2 == 0)
    return try TinyModel.make(shape, seed: seed, computeDType: computeDType)
}
