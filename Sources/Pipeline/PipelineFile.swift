internal import Corpus
internal import FoundationEssentials
internal import Yams

/// A pipeline as its YAML file states it: checked as far as it can be without touching any input.
public struct PipelineFile: Sendable, Equatable {
    /// The file's path as given.
    public let path: String
    /// `name:`, or the file's name without its ending; names the run folder.
    public let name: String
    /// Where all randomness starts.
    public let seed: UInt64
    /// The stages in an order in which each comes after what it reads; otherwise the file's order.
    public let stages: [StageDeclaration]

    /// The stage of an id.
    public subscript(_ id: StageID) -> StageDeclaration? { stages.first { $0.id == id } }

    /// Reads and checks a pipeline file.
    /// - Parameter overrides: `stage.key=value` or `seed=value`, applied in order before decoding.
    /// - Throws: `.specification` with every problem of the file, `.corpus` when it cannot be read.
    public init(path: String, overrides: [String] = []) throws(PipelineError) {
        let bytes: Data
        do { bytes = try Folder.read(path) } catch {
            if Folder.isDirectory(path) {
                throw .mismatch(
                    "\(path) is a folder", remedy: "name a pipeline file, such as pipelines/quickstart.yaml")
            }
            throw .missingInput(
                MissingInput(path: path, role: "pipeline file", remedy: "name one of pipelines/*.yaml"))
        }
        try self.init(text: String(decoding: bytes, as: UTF8.self), path: path, overrides: overrides)
    }

    /// Reads and checks the text of a pipeline file.
    /// - Throws: `.specification` with every problem.
    public init(text: String, path: String, overrides: [String] = []) throws(PipelineError) {
        let yaml: StrictYAML
        var applied: [Override] = []
        do throws(CorpusError) {
            yaml = try StrictYAML(text: Array(text.utf8), file: path) { top in
                for text in overrides { applied.append(Override(text, in: &top)) }
            }
        } catch {
            guard case .yaml(let problems) = error else { throw .corpus(error) }
            throw .specification(problems.map { SpecProblem($0) })
        }
        let root = yaml.root()
        let fileName = path.split(separator: "/").last.map(String.init) ?? path
        let name = root.string("name") ?? String(fileName.prefix { $0 != "." })
        let seed = root.seed() ?? 17
        var declarations: [StageDeclaration] = []
        var places = StagePlaces([])
        if let entries = root.requiredMappings("stages") {
            yaml.referents = entries.compactMap { $0.node("id")?.string }.filter { StageID($0) != nil }
            places = StagePlaces(entries)
            for entry in entries.prefix(PipelineFile.mostStages) {
                guard var declaration = StageDeclaration(entry, seed: seed) else { continue }
                declaration.overrides = applied.compactMap { $0.path(below: entry.keyPath) }
                declarations.append(declaration)
            }
            if entries.isEmpty { root.note("stages", "is empty; a pipeline has at least one stage") }
            if entries.count > PipelineFile.mostStages {
                root.note("stages", "holds \(entries.count) stages; \(PipelineFile.mostStages) are the most")
            }
        }
        root.finish()
        if StageID.problem(with: name) != nil, name.contains("/") || name.isEmpty || name.hasPrefix(".") {
            root.note("name", "'\(name)' cannot name a folder")
        }
        var misfits: [YAMLProblem] = []
        let order = PipelineFile.order(declarations, in: path, noting: &misfits)
        for conflict in HeldOutConflict.all(in: order) {
            misfits.append(
                YAMLProblem(
                    file: path, line: conflict.stage.line(of: conflict.key) ?? 1, column: 1,
                    keyPath: "\(conflict.stage.entry).with.\(conflict.key)", reason: conflict.reason, nearestKey: nil))
        }
        let problems =
            applied.compactMap(\.problem)
            + (yaml.problems + misfits).map { problem in
                let told = SpecProblem(problem, at: places.named(problem.keyPath))
                return applied.last { $0.covers(problem.keyPath) }?.attribute(told) ?? told
            }
        guard problems.isEmpty else {
            throw .specification(problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) })
        }
        self.path = path
        self.name = name
        self.seed = seed
        stages = order
    }

    /// The most stages of a pipeline, which are sorted in a time that grows with their square.
    static let mostStages = 1000

    /// Checks references between stages and sorts them; notes what is wrong.
    private static func order(
        _ stages: [StageDeclaration], in file: String, noting problems: inout [YAMLProblem]
    ) -> [StageDeclaration] {
        func note(_ reason: String, _ stage: StageDeclaration, _ key: String, _ keyPath: String) {
            guard problems.count < StrictYAML.listedProblems else { return }
            problems.append(
                YAMLProblem(
                    file: file, line: (key == "id" ? stage.lines["id"] : stage.line(of: key)) ?? 1, column: 1,
                    keyPath: keyPath, reason: reason))
        }
        var known: [StageID: StageDeclaration] = [:]
        for stage in stages {
            if known[stage.id] != nil {
                note("the id '\(stage.id)' is used twice", stage, "id", "\(stage.entry).id")
            }
            known[stage.id] = stage
        }
        for stage in stages {
            for need in stage.spec.needs {
                guard let source = known[need.stage] else { continue }  // noted where it was decoded
                if source.kind.output != need.kind {
                    note(
                        "'\(need.stage)' (\(source.kind.rawValue)) makes \(source.kind.output); \(need.kind) is wanted",
                        stage, need.key, "\(stage.entry).with.\(need.key)")
                }
            }
        }
        var sorted: [StageDeclaration] = []
        // What each stage that is left still waits for.
        var waiting = stages.map { (stage: $0, needs: Set($0.spec.needs.map(\.stage).filter { known[$0] != nil })) }
        while !waiting.isEmpty {
            let ready = waiting.firstIndex { $0.needs.isEmpty }
            guard let ready else {
                note(
                    "the stages \(waiting.map(\.stage.id.name).joined(separator: ", ")) read each other in a circle",
                    waiting[0].stage, "", "stages")
                return sorted
            }
            let stage = waiting.remove(at: ready).stage
            sorted.append(stage)
            for index in waiting.indices { waiting[index].needs.remove(stage.id) }
        }
        return sorted
    }
}
