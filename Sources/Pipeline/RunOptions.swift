internal import Corpus

/// Which stages a run takes, and how strictly it believes its cache.
public struct RunOptions: Sendable {
    /// Take this stage and all that rests on it; what comes before must be cached.
    public var from: StageID?
    /// Take this stage and all it rests on.
    public var until: StageID?
    /// Take this stage alone; what comes before must be cached.
    public var only: StageID?
    /// Run the taken stages again even when they are cached.
    public var force = false
    /// Check cached artifacts by SHA-256 instead of by size and time.
    public var verify = false

    public init() {}

    /// The ids of the stages that `from`, `until` and `only` leave.
    /// - Throws: `.specification` when one of them names no stage of the file.
    public func stages(of file: PipelineFile) throws(PipelineError) -> Set<StageID> {
        for (option, id) in [("--from", from), ("--until", until), ("--only", only)] {
            guard let id, file[id] == nil else { continue }
            let names = file.stages.map(\.id.name)
            let hint = nearest(to: id.name, in: names).map { " (did you mean '\($0)'?)" } ?? ""
            throw .specification([
                SpecProblem(
                    file: "\(option) \(id)", line: nil, keyPath: "",
                    reason: "no stage has the id '\(id)'; the stages are \(names.joined(separator: ", "))\(hint)")
            ])
        }
        if let only { return [only] }
        var taken = Set(file.stages.map(\.id))
        if let until {
            var needed: Set<StageID> = [until]
            for stage in file.stages.reversed() where needed.contains(stage.id) {
                needed.formUnion(stage.spec.needs.map(\.stage))
            }
            taken.formIntersection(needed)
        }
        if let from {
            var resting: Set<StageID> = [from]
            for stage in file.stages where stage.spec.needs.contains(where: { resting.contains($0.stage) }) {
                resting.insert(stage.id)
            }
            taken.formIntersection(resting)
        }
        return taken
    }
}
