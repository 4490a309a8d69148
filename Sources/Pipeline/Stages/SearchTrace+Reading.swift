internal import Report
internal import Search

extension SearchTrace {
    /// What a search stage left in its artifact: `front.json` and the journal it was made from.
    /// - Returns: nil for the artifact of another stage.
    /// - Throws: `.damagedArtifact` when the two are not readable or not of one search.
    static func read(_ artifact: Artifact) throws(PipelineError) -> SearchTrace? {
        guard Folder.exists(artifact.file(SearchSpec.frontName)) else { return nil }
        let summary = try SearchSpec.summary(of: artifact)
        let journal = artifact.file(SearchSpec.journalName)
        let archive: [MeasuredCandidate]
        do throws(SearchError) {
            archive = try SearchJournal.read(journal, objectives: summary.front.objectives)
        } catch { throw .damagedArtifact(path: journal, problem: "\(error)") }
        guard archive.count == summary.hypervolumes.count, archive.indices.allSatisfy({ archive[$0].id == $0 }) else {
            throw .damagedArtifact(
                path: journal,
                problem: "it has \(archive.count) candidates, the front was made from \(summary.hypervolumes.count)")
        }
        return SearchTrace(
            stage: artifact.record.id.name, algorithm: summary.method.rawValue,
            objectives: summary.front.objectives.map {
                SearchTrace.Objective(name: $0.name, isMaximised: $0.goal == .maximise)
            }, scores: archive.map(\.scores), front: summary.front.members.map(\.id),
            reference: summary.front.reference, hypervolumes: summary.hypervolumes)
    }
}
