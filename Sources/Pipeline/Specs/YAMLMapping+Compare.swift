internal import Corpus
internal import Report
internal import Yams

// How `with:` of a comparison decodes.

extension CompareSpec {
    init?(_ with: YAMLMapping) {
        let arms = with.requiredMappings("arms")?.compactMap { ArmSpec($0) }
        let scores = with.required("scores", with.list("scores") { with.stage(of: $0, $1) })
        let search = with.list("search") { with.stage(of: $0, $1) }
        let reference = with.string("reference")
        let match = with.choices("match", as: SizeMatch.Criterion.self)
        var tolerance = ToleranceSpec()
        if with.contains("tolerance"), let map = with.mapping("tolerance") {
            tolerance.parameters = map.double("parameters", in: 0...1) ?? tolerance.parameters
            tolerance.memory = map.double("memory", in: 0...1) ?? tolerance.memory
            tolerance.latency = map.double("latency", in: 0...1) ?? tolerance.latency
            map.finish()
        }
        let cache = with.int("cache_tokens", in: 0...(1 << 30))
        let resamples = with.int("resamples", in: 100...10_000_000)
        let seed = with.seed()
        with.finish()
        guard let arms, let scores else { return nil }
        self.init(
            arms: arms, scores: scores, search: search ?? [], reference: reference, match: match ?? [],
            tolerance: tolerance,
            cacheTokens: cache ?? 0, resamples: resamples ?? 10_000, seed: seed)
    }
}

extension ArmSpec {
    init?(_ map: YAMLMapping) {
        let name = map.requiredString("name")
        let method = map.requiredChoice("method", as: ArmMethod.self)
        let model = map.requiredStage("model")
        let before = map.stage("before")
        let short = map.stage("short")
        map.finish()
        guard let name, let method, let model else { return nil }
        self.init(name: name, method: method, model: model, before: before, short: short)
    }
}

extension YAMLMapping {
    /// Several of the raw values of an enumeration.
    fileprivate func choices<Choice: RawRepresentable & CaseIterable>(_ key: String, as type: Choice.Type) -> [Choice]?
    where Choice.RawValue == String {
        list(key) { node, path in
            guard let text = string(of: node, path) else { return nil }
            if let choice = Choice(rawValue: text) { return choice }
            let names = Choice.allCases.map(\.rawValue)
            yaml.note(
                "'\(text)' is none of \(names.joined(separator: ", "))", at: node.mark, keyPath: path,
                nearestKey: nearest(to: text, in: names))
            return nil
        }
    }
}
