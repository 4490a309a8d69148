/// Where people find the reports of a run: beside the artifacts, under names that do not change.
public enum PublishedReports {
    static let fileName = "report.html"

    /// The place of each `compare` artifact's report: `<run folder>/report.html` for the last one of a file, and
    /// `report-<stage>.html` for any before it.
    public static func places(of artifacts: [Artifact]) -> [(artifact: Artifact, path: String)] {
        let compared = artifacts.filter { $0.record.kind == .compare }
        return compared.enumerated().map { index, artifact in
            let root = Folder.parent(of: Folder.parent(of: artifact.path))
            let name = index == compared.count - 1 ? fileName : "report-\(artifact.record.id).html"
            return (artifact, root + "/" + name)
        }
    }

    /// Copies them there.
    /// - Throws: `.file`.
    static func publish(_ artifacts: [Artifact]) throws(PipelineError) {
        for place in places(of: artifacts) {
            try Folder.write(try Folder.read(place.artifact.file(fileName)), to: place.path)
        }
    }
}
