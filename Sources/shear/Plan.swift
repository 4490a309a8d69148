internal import ArgumentParser
internal import Pipeline

/// `shear plan`: what a run would do and take.
struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says, stage by stage, what a run would do, why, and what it would take. Reads no weights.",
        discussion: """
            Per stage: cached, resume at step N of M, or run, with the key or input that changed against the newest \
            artifact. Counts of parameters and tokens are exact, but for the tokens of text that is not packed yet; \
            operations, memory and disk come from the cost model; times from a recorded rate where the stage kind \
            ran before, else from the product rate measured now, or that of a named GPU where there is none.
            """)

    @OptionGroup var place: Place
    @Flag(help: "Check cached artifacts by SHA-256 instead of by size and time.")
    var verify = false
    @Option(help: "How many processes will share the stages that train: memory is then that of each.")
    var ranks = 1
    @Flag(help: "Print the plan as JSON.")
    var json = false

    func validate() throws {
        guard ranks >= 1 else { throw ValidationError("--ranks is \(ranks), expected at least 1.") }
    }

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            let file = try place.load()
            let store = ArtifactStore(root: place.runs + "/" + file.name)
            let planner = Planner(
                file: file, store: store, check: verify ? .full : .quick, hashLimit: verify ? .max : 1 << 31,
                ranks: ranks)
            let plan = try planner.plan()
            let rates = RateBook(store: store)
            print(json ? PlanRendering.json(plan, rates) : PlanRendering.text(plan, rates))
        }
    }
}
