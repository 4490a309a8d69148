internal import ArgumentParser
internal import FoundationEssentials
internal import Pipeline
internal import Torch
internal import Training

/// `shear run`: does what a pipeline file says.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a pipeline: skips what is cached, continues what was interrupted.",
        discussion: """
            Artifacts lie in <runs>/<pipeline>/artifacts/<stage>-<fingerprint>/; a stage runs again when a key of its \
            `with:`, one of its inputs or the seed changed. Ctrl-C writes a checkpoint and ends; the same command goes on \
            there, also after a crash. Ends with a table and the path of what was exported.

            Started several times by torchrun (--no-python) or srun, the processes share the stages that train; \
            how many there are changes results by rounding only, and may change from one run to the next.
            """)

    @OptionGroup var place: Place
    @Option(
        help: ArgumentHelp("Take this stage and all that rests on it; earlier ones must be cached.", valueName: "stage")
    )
    var from: String?
    @Option(help: ArgumentHelp("Take this stage and all it rests on.", valueName: "stage"))
    var until: String?
    @Option(help: ArgumentHelp("Take this stage alone; earlier ones must be cached.", valueName: "stage"))
    var only: String?
    @Flag(help: "Run the taken stages again even when they are cached.")
    var force = false
    @Flag(help: "Check cached artifacts by SHA-256 instead of by size and time.")
    var verify = false
    @Flag(help: "Plain lines even on a terminal.")
    var plain = false
    @Flag(help: "Say after each stage that ran where its time went, by phase and by operation.")
    var profile = false
    @Flag(help: "Run nothing: print how to get each input that the taken stages miss, one a line.")
    var missing = false

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            let file = try place.load()
            var options = RunOptions()
            options.from = try Run.id(from, "--from")
            options.until = try Run.id(until, "--until")
            options.only = try Run.id(only, "--only")
            options.force = force
            options.verify = verify
            if missing { return try Run.printMissing(file, options, runs: place.runs) }
            let reporter = RunReporter(root: place.runs + "/" + file.name)
            try withTraining { () throws(TrainingError) in
                try StopFlag.catchSignals(secondEnds: reporter == nil)
            }
            let group = try Run.joined()
            if let group, !group.isFirst {
                return try PipelineFollower(
                    file: file, stop: .process, group: group, observe: { reporter?.show($0) }
                ).run()
            }
            let console = Console(plain: plain)
            let profiler = profile ? StageProfiler() : nil
            let run = try PipelineRun(
                file: file, runs: place.runs, options: options, stop: .process, group: group,
                observe: {
                    console.show($0)
                    reporter?.show($0)
                    profiler?.follow($0)
                })
            let artifacts: [Artifact]
            do throws(PipelineError) { artifacts = try run.run() } catch {
                console.end()
                throw error
            }
            console.end()
            print(SummaryRendering.text(artifacts))
        }
    }

    /// The ranks of this run, met; nil for a process that is alone.
    private static func joined() throws(PipelineError) -> ProcessGroup? {
        try withTorch { () throws(TorchError) in
            guard let ranks = try Ranks.found(in: ProcessInfo.processInfo.environment) else { return nil }
            if ranks.rank > 0 { Rendering.speaker = "shear, rank \(ranks.rank)" }
            return try ProcessGroup(ranks)
        }
    }

    /// What `scripts/shear` runs first, where it is one of its scripts.
    private static func printMissing(
        _ file: PipelineFile, _ options: RunOptions, runs: String
    ) throws(PipelineError) {
        let taken = try options.stages(of: file)
        let planner = Planner(file: file, store: ArtifactStore(root: runs + "/" + file.name), hashLimit: 0)
        var told: [String] = []
        for remedy in try planner.plan().missing(of: taken).map(\.remedy) where !told.contains(remedy) {
            told.append(remedy)
            print(remedy)
        }
    }

    private static func id(_ name: String?, _ option: String) throws(PipelineError) -> StageID? {
        guard let name else { return nil }
        guard let id = StageID(name) else {
            throw .specification([
                SpecProblem(
                    file: "\(option) \(name)", line: nil, keyPath: "",
                    reason: "stage id '\(name)' \(StageID.problem(with: name) ?? "is none")")
            ])
        }
        return id
    }
}
