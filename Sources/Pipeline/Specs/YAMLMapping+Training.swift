internal import Corpus
internal import Shearing
internal import Torch
internal import Training
internal import Transformer
internal import Yams

// How steps, rates and mixtures decode.

extension TrainingSpec {
    /// Reads its keys out of the stage's own mapping; the caller finishes it.
    init?(_ with: YAMLMapping, warmupShare: Double) {
        let steps = with.requiredInt("steps", in: 1...(1 << 30))
        let batchRows = with.requiredInt("batch_rows", in: 1...(1 << 20))
        let rate = with.requiredDouble("rate", in: 0...10)
        let warmup = with.int("warmup_steps", in: 0...(1 << 30))
        let final = with.double("final_rate_fraction", in: 0...1)
        let clip = with.double("clip", in: 1e-9...1e9)
        let decay = with.double("weight_decay", in: 0...10)
        let precision = with.choice("precision", as: Precision.self)
        let every = with.int("evaluate_every", in: 0...(1 << 30))
        let rows = with.int("evaluate_rows", in: 0...(1 << 30))
        let mixture = MixtureSpec(with, key: "mixture")
        let seed = with.seed()
        guard let steps, let batchRows, let rate else { return nil }
        self.init(
            steps: steps, batchRows: batchRows, rate: rate,
            warmupSteps: warmup ?? Int(Double(steps) * warmupShare), finalRateFraction: final ?? 0.1,
            clip: clip ?? 1, weightDecay: decay ?? 0, precision: precision ?? .bfloat16, evaluateEvery: every ?? 0,
            evaluateRows: rows ?? 0, mixture: mixture, seed: seed)
    }
}

extension DistillSpec {
    /// Reads the mapping at `key`; nil when it is absent or wrong.
    init?(_ with: YAMLMapping, key: String) {
        guard with.contains(key), let map = with.mapping(key) else { return nil }
        let teacher = map.requiredStage("teacher")
        let weight = map.double("weight", in: 0...1)
        let temperature = map.double("temperature", in: 1e-3...1e3)
        map.finish()
        guard let teacher else { return nil }
        self.init(teacher: teacher, weight: weight ?? 1, temperature: temperature ?? 1)
    }
}

extension MixtureSpec {
    init(_ with: YAMLMapping, key: String) {
        self.init()
        guard with.contains(key), let map = with.mapping(key) else { return }
        if let node = map.node("weights") { weights = MixtureSpec.weights(map, node) ?? .natural }
        exhausted = map.choice("exhausted", as: ExhaustionPolicy.self) ?? .repeat
        if map.contains("dynamic"), let dynamic = map.mapping("dynamic") { self.dynamic = Dynamic(dynamic) }
        map.finish()
    }

    private static func weights(_ map: YAMLMapping, _ node: Node) -> Weights? {
        if case .scalar = node {
            guard let word = map.string("weights") else { return nil }
            switch word {
            case "natural": return .natural
            case "uniform": return .uniform
            default:
                map.note(
                    "weights",
                    "'\(word)' is none of natural, uniform, a mapping of weights by domain, { carry: <stage> }")
                return nil
            }
        }
        guard let table = map.mapping("weights") else { return nil }
        if table.keys == ["carry"] { return table.stage("carry").map { .carried($0) } }
        return map.numbers("weights", in: 0...1e9).map { .given($0) }
    }
}

extension MixtureSpec.Dynamic {
    init?(_ map: YAMLMapping) {
        let reference = map.requiredMapping("reference").flatMap { MixtureSpec.Reference($0) }
        var policy = MixturePolicy()
        policy.gap = map.choice("gap", as: MixturePolicy.Gap.self) ?? policy.gap
        policy.eta = map.double("eta", in: 0...1e3) ?? policy.eta
        policy.smoothing = map.double("smoothing", in: 0...1) ?? policy.smoothing
        policy.floor = map.double("floor", in: 0...1) ?? policy.floor
        policy.cap = map.double("cap", in: 0...1) ?? policy.cap
        policy.priorPull = map.double("prior_pull", in: 0...1) ?? policy.priorPull
        let atStart = map.bool("at_start") ?? false
        map.finish()
        guard let reference else { return nil }
        self.init(reference: reference, policy: policy, atStart: atStart)
    }
}

extension MixtureSpec.Reference {
    init?(_ map: YAMLMapping) {
        let given = map.numbers("given", in: 0...1e3)
        let measured = map.stage("measured")
        let fitted = map.mappings("fitted")?.compactMap { point -> MixtureSpec.FitPoint? in
            let parameters = point.requiredInt("parameters", in: 1...Int.max)
            let losses = point.required("losses", point.numbers("losses", in: 0...1e3))
            point.finish()
            guard let parameters, let losses else { return nil }
            return MixtureSpec.FitPoint(parameters: parameters, losses: losses)
        }
        map.finish()
        switch (given, measured, fitted) {
        case (let given?, nil, nil): self = .given(given)
        case (nil, let measured?, nil): self = .measured(measured)
        case (nil, nil, let fitted?): self = .fitted(fitted)
        default:
            map.yaml.note(
                "wants exactly one of given, measured, fitted", at: map.mark, keyPath: map.keyPath)
            return nil
        }
    }
}
