/// What a run would do, stage by stage, in the order it would be done.
public struct PipelinePlan: Sendable {
    public let file: PipelineFile
    public let stages: [PlannedStage]

    /// The planned stage of an id.
    public subscript(_ id: StageID) -> PlannedStage? { stages.first { $0.id == id } }

    /// Every outside input that is missing, once, in the order of the stages.
    public var missing: [MissingInput] { missing(of: Set(stages.map(\.id))) }

    /// Every outside input that some stages miss, once, in the order of the stages.
    public func missing(of taken: Set<StageID>) -> [MissingInput] {
        var missing: [MissingInput] = []
        for stage in stages where taken.contains(stage.id) {
            guard case .blocked(let inputs) = stage.state else { continue }
            for input in inputs where !missing.contains(input) { missing.append(input) }
        }
        return missing
    }
}
