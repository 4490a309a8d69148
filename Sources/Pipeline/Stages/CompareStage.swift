internal import Report

/// `compare`: writes `report.html`, `comparison.json` and `comparison.csv`. The report is also copied beside the
/// artifacts when the run ends.
extension CompareSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] {
        arms.enumerated().flatMap { index, arm in
            [("model", arm.model), ("before", arm.before), ("short", arm.short)].compactMap { key, stage in
                stage.map { StageNeed(key: "arms[\(index)].\(key)", stage: $0, kind: .model) }
            }
        } + scores.enumerated().map { StageNeed(key: "scores[\($0.offset)]", stage: $0.element, kind: .scores) }
            + search.enumerated().map { StageNeed(key: "search[\($0.offset)]", stage: $0.element, kind: .front) }
    }

    /// The resamples are drawn.
    public var usesSeed: Bool { true }

    /// The arm that the others are held against.
    var referenceArm: ArmSpec? { arms.first { $0.name == reference } ?? (reference == nil ? arms.first : nil) }

    public func problems() -> [KeyProblem] {
        var found: [KeyProblem] = []
        if arms.count < 2 { found.append(("arms", "names \(arms.count); a comparison has at least two")) }
        for (index, arm) in arms.enumerated() {
            if arm.name.isEmpty { found.append(("arms[\(index)].name", "is empty")) }
            if arms.prefix(index).contains(where: { $0.name == arm.name }) {
                found.append(("arms[\(index)].name", "'\(arm.name)' is used twice"))
            }
            let stages = [arm.before, arm.short, arm.model].compactMap { $0 }
            if Set(stages).count != stages.count {
                found.append(("arms[\(index)]", "names a stage twice; leave out 'before' and 'short' without recovery"))
            }
            if arm.short != nil, arm.before == nil {
                found.append(("arms[\(index)].short", "wants 'before' as well: what the short recovery started from"))
            }
        }
        if let reference, !arms.contains(where: { $0.name == reference }) {
            let names = arms.map(\.name).joined(separator: ", ")
            found.append(("reference", "no arm has the name '\(reference)'; the arms are \(names)"))
        }
        if scores.isEmpty { found.append(("scores", "is empty; name at least one evaluate stage")) }
        if Set(search).count != search.count { found.append(("search", "names a stage twice")) }
        if Set(match).count != match.count { found.append(("match", "names a measure twice")) }
        return found
    }

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        let input = try CompareBench(self, bench).input()
        let comparison = try withReport { () throws(ReportError) in try Comparison(input) }
        let page = HTMLReport.render(comparison, traces: input.traces, searches: input.searches)
        try output.write(comparison, to: "comparison.json")
        try output.write(text: ComparisonCSV.text(comparison), to: "comparison.csv")
        try output.write(text: page, to: PublishedReports.fileName)
        for finding in comparison.verdict where finding.topic == .losses { bench.note(finding.text) }
        return StageResult(
            facts: .object([
                "reference": .string(comparison.reference),
                "verdict": .array(comparison.verdict.map { .string($0.text) }),
            ]))
    }
}
