/// What a record of a shard is.
public enum RecordForm: String, Codable, Sendable, CaseIterable {
    /// A text in one field.
    case text
    /// An instruction, an input that may be missing or empty, and an output: the fields of Alpaca.
    case instructions
}

/// Takes an instruction and its answer out of one line of JSON.
///
/// The prompt is that of Stanford Alpaca (github.com/tatsu-lab/stanford_alpaca, train.py, `PROMPT_DICT`), which ends
/// with `### Response:`; the answer is the output as it stands.
final class InstructionParser {
    private let instruction: RecordParser
    private let input: RecordParser
    private let output: RecordParser

    /// The fields that are read.
    static let instructionField = "instruction", inputField = "input", outputField = "output"

    /// - Parameter rules: their text field is not used; their routing field is.
    init(_ rules: RecordRules, path: String) throws(CorpusError) {
        func parser(_ field: String, isRouted: Bool) throws(CorpusError) -> RecordParser {
            var own = rules
            own.textField = field
            if !isRouted { own.routeBy = nil }
            return try RecordParser(own, path: path)
        }
        instruction = try parser(Self.instructionField, isRouted: true)
        input = try parser(Self.inputField, isRouted: false)
        output = try parser(Self.outputField, isRouted: false)
    }

    /// Reads one line, as `RecordParser.parse` does.
    func parse(_ line: UnsafeBufferPointer<UInt8>) throws(CorpusError) -> RecordParser.Outcome {
        let task: [UInt8]
        let domain: String?
        switch try instruction.parse(line) {
        case .document(let text, _, let routed): (task, domain) = (text, routed)
        case .unusable(let reason, let offset): return .unusable(reason, offset: offset)
        }
        let context: [UInt8]
        switch try input.parse(line) {
        case .document(let text, _, _): context = text
        case .unusable(.missingField, _): context = []
        case .unusable(let reason, let offset): return .unusable(reason, offset: offset)
        }
        switch try output.parse(line) {
        case .document(let answer, _, _):
            let prompt = Self.prompt(task, context)
            return .document(text: prompt + answer, answerStart: prompt.count, domain: domain)
        case .unusable(let reason, let offset): return .unusable(reason, offset: offset)
        }
    }

    /// Alpaca's prompt, with or without an input.
    static func prompt(_ instruction: [UInt8], _ input: [UInt8]) -> [UInt8] {
        let lead = "Below is an instruction that describes a task"
        let wish = "Write a response that appropriately completes the request.\n\n### Instruction:\n"
        if input.isEmpty { return Array("\(lead). \(wish)".utf8) + instruction + Array("\n\n### Response:".utf8) }
        return Array("\(lead), paired with an input that provides further context. \(wish)".utf8) + instruction
            + Array("\n\n### Input:\n".utf8) + input + Array("\n\n### Response:".utf8)
    }
}
