internal import ArgumentParser
internal import Pipeline

/// `shear`: from a large language model to a smaller one, in one command.
@main
struct Shear: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shear",
        abstract: "Cuts a language model down to an exact smaller shape and trains it back to strength.",
        discussion: """
            A pipeline file lists stages: import a model, pack text, prune with learned masks, continue pretraining, \
            evaluate, export. `shear plan FILE` says what a run would do and what it would take; `shear run FILE` does \
            it, skips what is done, and goes on where it was stopped.

            Results go to standard output, progress and messages to standard error. Exit codes: 0 done, 64 the pipeline \
            file or the command line is wrong, 65 a model or data is missing or wrong, 70 our fault, 74 the machine \
            refused (disk full, no permission), 75 out of memory, 76 another process of the job is lost, 130 or 143 stopped after a checkpoint.
            """,
        version: shearlingVersion,
        subcommands: [
            Run.self, Launch.self, Plan.self, Status.self, Manifest.self, Tokenize.self, Evaluate.self, Score.self,
            Generate.self, Export.self, Inspect.self, Candidates.self, Bench.self, Doctor.self,
        ])
}

/// Where pipelines run: shared by `run`, `plan` and `status`.
struct Place: ParsableArguments {
    @Argument(help: "The pipeline file. Paths in it count from the working directory.")
    var file: String

    @Option(
        help: ArgumentHelp(
            "Change a value: stage.key=value (nested keys with dots), stage.runtime.key=value, or seed=value. May be repeated.",
            valueName: "stage.key=value"))
    var set: [String] = []

    @Option(help: "The folder of all runs; this one's is <runs>/<pipeline name>.")
    var runs = "runs"

    /// Reads the file with its overrides.
    func load() throws(PipelineError) -> PipelineFile { try PipelineFile(path: file, overrides: set) }
}
