internal import ArgumentParser
internal import Corpus
internal import FoundationEssentials
internal import Pipeline

/// `shear inspect`: shows what a file or folder of ours holds.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what is in a manifest, a packed corpus, a checkpoint, masks, a model or an artifact.",
        discussion: """
            PATH may be a data manifest (.yaml), a packed folder, a checkpoint folder (step-...), a masks.safetensors, \
            a model folder, a .gguf or .safetensors file, or an artifact folder of a run. For packed rows, --row \
            DOMAIN:INDEX prints one with the file and line it comes from.
            """)

    @Argument(help: "What to look at.")
    var path: String
    @Option(help: ArgumentHelp("A packed row: its domain and its index from 0.", valueName: "domain:index"))
    var row: String?
    @Flag(help: "Take the row from the held-out rows.")
    var validation = false
    @Option(help: "A tokenizer file or folder, to show a row's text beside its ids.")
    var tokenizer: String?

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            print(try Inspection(path: path).text(row: try parsedRow(), validation: validation, tokenizer: tokenizer))
        }
    }

    private func parsedRow() throws(PipelineError) -> (domain: String, index: Int)? {
        guard let row else { return nil }
        guard let colon = row.lastIndex(of: ":"), let index = Int(row[row.index(after: colon)...]), index >= 0 else {
            throw ChosenModel.refused("--row \(row)", "wants the form DOMAIN:INDEX, such as book:0")
        }
        return (String(row[..<colon]), index)
    }
}
