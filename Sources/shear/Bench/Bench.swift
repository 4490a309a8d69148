internal import ArgumentParser
internal import FoundationEssentials
internal import Pipeline
internal import Torch

/// `shear bench`: our side of `scripts/bench`. Every subcommand runs what a pipeline runs, in slices on demand.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures parts of this program in slices, so that scripts/bench can alternate them with others.",
        discussion: """
            Each line on standard input asks for one slice; each line on standard output is the JSON of one, after a \
            first line that says what is measured. The end of the input ends it. Times are wall seconds.
            """,
        subcommands: [
            BenchTokenize.self, BenchPack.self, BenchTrain.self, BenchDecode.self, BenchProducts.self,
            BenchMemory.self, BenchSearch.self,
        ])

    /// A folder for this process alone, which its user removes.
    static var scratch: String {
        FileManager.default.temporaryDirectory.path + "/shear-bench-\(ProcessInfo.processInfo.processIdentifier)"
    }

    /// Writes numbers as they lie in memory: little-endian Int32.
    static func write(_ numbers: [Int32], to path: String) throws(PipelineError) {
        let bytes = numbers.withUnsafeBytes { Data($0) }
        do { try bytes.write(to: URL(filePath: path)) } catch {
            throw .mismatch("cannot write \(path): \(error)", remedy: "name a file that can be written")
        }
    }
}

/// How many threads a measurement uses.
struct BenchThreads: ParsableArguments {
    @Option(help: "Threads of an operation; libtorch's choice when not stated.")
    var threads: Int?

    /// Sets them for the process.
    func apply() throws(PipelineError) {
        guard let threads else { return }
        try withTorch { () throws(TorchError) in try Engine.setThreads(threads) }
    }
}

extension ContinuousClock.Instant {
    /// Seconds since then.
    var elapsedSeconds: Double { duration(to: .now) / .seconds(1) }
}
