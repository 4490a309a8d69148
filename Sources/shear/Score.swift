internal import ArgumentParser
internal import Evaluation
internal import FoundationEssentials
internal import Pipeline
internal import Torch

/// `shear score`: log-probabilities of given tokens.
struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Prints, for each sequence of token ids, the log-probabilities of its tokens 2 to n as one JSON array a line."
    )

    @OptionGroup var chosen: ChosenModel
    @Option(help: "A JSON file: an array of arrays of token ids.")
    var tokens: String
    /// For scripts/check-export: `[1, time, vocabulary]` of each sequence, under the name of its place.
    @Option(
        help: ArgumentHelp(
            "Also write the logits after every token to this safetensors file, a tensor for each sequence.",
            valueName: "path", visibility: .hidden))
    var logits: String?

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            let sequences = try read()
            let model = try chosen.load().model
            try withEvaluation { () throws(EvaluationError) in
                try Scoring.logProbabilities(of: sequences, under: model) { _, scores in
                    print("[" + scores.map { "\($0)" }.joined(separator: ",") + "]")
                }
            }
            if let logits {
                let found = try withEvaluation { () throws(EvaluationError) in
                    try Scoring.logits(of: sequences, under: model)
                }
                try withTorch { () throws(TorchError) in
                    try SafetensorsWriter.write(found.map { ("\($0.sequence)", $0.logits_BTV) }, to: logits)
                }
            }
        }
    }

    private func read() throws(PipelineError) -> [[Int]] {
        guard let bytes = try? Data(contentsOf: URL(filePath: tokens)) else {
            throw .missingInput(
                MissingInput(path: tokens, role: "token file", remedy: "give a JSON array of arrays of ids"))
        }
        do { return try JSONDecoder().decode([[Int]].self, from: bytes) } catch {
            throw .mismatch(
                "\(tokens) is not a JSON array of arrays of integers", remedy: "write it as [[1,2,3],[4,5]]")
        }
    }
}
