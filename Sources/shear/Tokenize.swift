internal import ArgumentParser
internal import Corpus
internal import Pipeline

/// `shear tokenize`: the ids of a shard's documents.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the token ids of each document of a shard, one JSON array a line.")

    @Option(help: "A tokenizer.json, a tokenizer.model or a model folder.")
    var tokenizer: String
    @Option(help: "A .jsonl, .jsonl.gz or .jsonl.zst shard.")
    var input: String
    @Option(help: "The field that holds the text.")
    var field = "text"
    @Flag(help: "Put the begin-of-text id before each document.")
    var bos = false
    @Flag(help: "Put the end-of-text id after each document.")
    var eos = false
    @Flag(help: "Read <s> and its like in the text as special tokens.")
    var parseSpecial = false
    @Flag(help: "Leave out unusable lines (they are counted on standard error) instead of stopping.")
    var skipBad = false

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            try withCorpus { () throws(CorpusError) in
                let tokenizer = try loadTokenizer(at: tokenizer, parseSpecial: parseSpecial)
                if bos, tokenizer.beginOfText == nil {
                    throw .invalidArgument(reason: "the tokenizer has no begin-of-text id", remedy: "leave --bos out")
                }
                if eos, tokenizer.endOfText == nil {
                    throw .invalidArgument(reason: "the tokenizer has no end-of-text id", remedy: "leave --eos out")
                }
                var rules = RecordRules()
                rules.textField = field
                rules.onBadRecord = skipBad ? .skip : .stop
                var reader = try ShardReader(path: input, domain: "input", rules: rules)
                while let document = try next(&reader) {
                    var ids = bos ? [tokenizer.beginOfText].compactMap { $0 } : []
                    try tokenizer.encode(document.text.span, into: &ids)
                    if eos, let end = tokenizer.endOfText { ids.append(end) }
                    print("[" + ids.map(String.init).joined(separator: ",") + "]")
                }
                if reader.skippedCount > 0 { Rendering.say("left out \(reader.skippedCount) unusable lines") }
            }
        }
    }

    /// The next document; a line that stops the reading gets this command's own advice, not that for a manifest.
    private func next(_ reader: inout ShardReader) throws(CorpusError) -> Document? {
        do throws(CorpusError) { return try reader.next() } catch {
            guard case .badRecord(let record) = error else { throw error }
            throw .invalidArgument(
                reason: "\(record)", remedy: "repair the line, or leave out such lines with --skip-bad")
        }
    }
}
