internal import ArgumentParser
internal import Corpus
internal import Glibc
internal import Pipeline
internal import Transformer

/// `shear generate`: continues a prompt.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continues a prompt; the text goes to standard output as it is made.")

    @OptionGroup var chosen: ChosenModel
    @Option(help: "The text to continue.")
    var prompt: String
    @Option(help: "Tokens to make at most.")
    var count = 64
    @Option(help: "Divides the logits; 0 takes the most likely token each time.")
    var temperature = 0.0
    @Option(help: "Draw only from so many of the most likely tokens.")
    var topK: Int?
    @Option(help: "Draw only from the fewest most likely tokens whose probabilities reach this sum.")
    var topP: Double?
    @Option(help: "Decides the draws.")
    var seed: UInt64 = 0
    @Option(help: "A tokenizer file or folder, when the model brings none.")
    var tokenizer: String?

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            let (model, description) = try chosen.load()
            let tokenizer = try chosen.tokenizer(description, named: tokenizer)
            var ids = description.special.beginOfText.map { [$0] } ?? []
            ids += try withCorpus { () throws(CorpusError) in try tokenizer.encode(prompt) }.map { Int($0) }
            if ids.isEmpty, let begin = tokenizer.beginOfText { ids = [Int(begin)] }
            let positions = model.architecture.maximumPositions
            guard count <= positions - ids.count else {
                throw .mismatch(
                    "a prompt of \(ids.count) tokens and \(count) to make are more than the model's \(positions) positions",
                    remedy: "shorten the prompt or ask for fewer with --count")
            }
            let sampling = SamplingSettings(temperature: temperature, topK: topK, topP: topP, seed: seed)
            var made: [TokenID] = []
            var printed = 0
            _ = try withTransformer { () throws(TransformerError) in
                try model.generate(
                    after: ids, count: count, sampling: sampling, stops: description.special.endOfText,
                    observe: { token in
                        made.append(TokenID(token))
                        printed = Generate.show(made, tokenizer, after: printed, last: false)
                        return true
                    })
            }
            _ = Generate.show(made, tokenizer, after: printed, last: true)
            print("")
        }
    }

    /// Prints what the tokens add to the text so far, holding an incomplete character back; returns the bytes printed in all.
    private static func show(_ tokens: [TokenID], _ tokenizer: any Tokenizer, after printed: Int, last: Bool) -> Int {
        guard let bytes = try? tokenizer.decode(tokens), bytes.count > printed else { return printed }
        let added = Array(bytes[printed...])
        let whole = last ? added : Array(added.prefix(completeLength(added)))
        print(String(decoding: whole, as: UTF8.self), terminator: "")
        fflush(nil)
        return printed + whole.count
    }

    /// How many of these bytes end on a whole UTF-8 character.
    private static func completeLength(_ bytes: [UInt8]) -> Int {
        var index = bytes.count
        for back in 1...4 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            guard byte & 0xC0 != 0x80 else { continue }
            let length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
            if length > back { index = bytes.count - back }
            break
        }
        return index
    }
}
