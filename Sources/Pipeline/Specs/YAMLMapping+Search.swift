internal import Corpus
internal import Evaluation
internal import Search
internal import SuperNetwork
internal import Yams

// How searches decode.

extension SearchSpec {
    init?(_ with: YAMLMapping) {
        let from = with.requiredStage("from")
        let objectives = with.required("objectives", with.list("objectives") { CandidateObjective($0, $1, with) })
        let data = with.stage("data")
        let rows = with.contains("rows") ? RowRange(with, key: "rows") : nil
        let tasks = with.strings("tasks")
        let limit = with.int("task_limit", in: 0...(1 << 30))
        let throughput = with.contains("throughput") ? ThroughputSettings(with, key: "throughput") : nil
        let method = with.choice("method", as: SearchMethod.self) ?? .linas
        let population = with.int("population", in: 2...(1 << 16)) ?? 50
        let evaluations = with.requiredInt("evaluations", in: 1...(1 << 24))
        let predictions = with.int("predictions", in: 2...(1 << 24))
        if method != .linas, predictions != nil {
            with.note(
                "predictions", "has no meaning for method: \(method.rawValue), which predicts nothing; take it out")
        }
        let reference = with.contains("reference") ? with.numbers("reference") : [:]
        let within = with.contains("within") ? SearchSpec.limits(with, key: "within") : [:]
        let precision = with.choice("precision", as: TrainingSpec.Precision.self)
        let seed = with.seed()
        with.finish()
        guard let from, let objectives, let evaluations, let reference, let within else { return nil }
        self.init(
            from: from, objectives: objectives, data: data, rows: rows, tasks: tasks ?? [], taskLimit: limit ?? 0,
            throughput: throughput, method: method, population: population, evaluations: evaluations,
            predictions: predictions ?? max(20_000, population), reference: reference, within: within,
            precision: precision ?? .bfloat16, seed: seed)
    }
}

extension SearchSpec {
    /// Reads `{ parameters: { from: 1, to: 2 } }`.
    fileprivate static func limits(_ with: YAMLMapping, key: String) -> [String: Limits]? {
        guard let map = with.mapping(key) else { return nil }
        var limits: [String: Limits] = [:]
        for name in map.keys {
            guard let range = map.mapping(name) else { continue }
            let from = range.requiredDouble("from", in: 0...1e18)
            let to = range.requiredDouble("to", in: 0...1e18)
            range.finish()
            if let from, let to { limits[name] = Limits(from: from, to: to) }
        }
        map.finish()
        return limits
    }
}

extension CandidateObjective {
    fileprivate init?(_ node: Node, _ path: String, _ with: YAMLMapping) {
        guard let name = with.string(of: node, path) else { return nil }
        guard let objective = CandidateObjective(name) else {
            with.yaml.note(
                "'\(name)' is none of \(CandidateObjective.names.joined(separator: ", "))", at: node.mark,
                keyPath: path,
                nearestKey: nearest(to: name, in: CandidateObjective.names))
            return nil
        }
        self = objective
    }
}
