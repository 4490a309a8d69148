internal import Corpus
internal import Search
internal import SuperNetwork
internal import Yams

// How super-networks and what is taken out of them decode.

extension SuperNetworkSpec {
    init?(_ with: YAMLMapping) {
        let start = with.requiredStage("start")
        let data = with.requiredStage("data")
        let space = with.required("space", ElasticSpaceSpec(with, key: "space"))
        let order = with.choice("order", as: Order.self) ?? .importance
        let protected = with.int("protected_layers", in: 0...4096)
        let batches = with.int("calibration_batches", in: 1...(1 << 20))
        let rows = with.int("calibration_rows", in: 1...(1 << 20))
        if order == .unchanged {
            for key in ["protected_layers", "calibration_batches", "calibration_rows"] where with.contains(key) {
                with.note(key, "has no meaning for order: unchanged, which measures nothing; take it out")
            }
        }
        let schedule = with.choice("schedule", as: ElasticSettings.Schedule.self)
        let networks = with.int("sub_networks", in: 1...64)
        let reaches = with.contains("reaches") ? with.ints("reaches") : []
        let training = TrainingSpec(with, warmupShare: 0.03)
        let distill = DistillSpec(with, key: "distill")
        with.finish()
        guard let start, let data, let space, let reaches, let training else { return nil }
        self.init(
            start: start, data: data, space: space, order: order, protectedLayers: protected ?? 2,
            calibrationBatches: batches ?? 8, calibrationRows: rows ?? training.batchRows,
            schedule: schedule ?? .alternating, subNetworks: networks ?? 1, reaches: reaches, distill: distill,
            training: training)
    }
}

extension ElasticSpaceSpec {
    init?(_ with: YAMLMapping, key: String) {
        guard let node = with.node(key) else { return nil }
        if case .scalar = node {
            guard let preset = with.choice(key, as: ElasticPreset.self) else { return nil }
            self = .preset(preset)
            return
        }
        guard let map = with.mapping(key) else { return nil }
        let layers = map.steps("layers", in: 1...4096)
        let sizes = map.steps("intermediate_sizes", in: 0...(1 << 24))
        map.finish()
        guard let layers, let sizes else { return nil }
        self = .choices(layers: layers, intermediateSizes: sizes)
    }
}

extension ExtractSpec {
    init?(_ with: YAMLMapping) {
        let from = with.requiredStage("from")
        let genome = with.string("genome")
        let parameters = with.int("parameters", in: 1...Int.max)
        let search = with.stage("search")
        let pick = with.string("pick")
        with.finish()
        var choice: Choice?
        if pick != nil || search != nil {
            guard genome == nil, parameters == nil, let pick, let search else {
                with.note("pick", "wants a search to pick from, and neither genome nor parameters")
                return nil
            }
            guard let chosen = CandidatePick(pick) else {
                with.note("pick", "'\(pick)' is none of knee, best, id:<number>, <objective><=<bound>")
                return nil
            }
            guard let from else { return nil }
            self.init(from: from, choice: .picked(chosen, search: search))
            return
        }
        switch (genome, parameters) {
        case ("full"?, nil): choice = .full
        case ("smallest"?, nil): choice = .smallest
        case (let text?, nil):
            choice = Genome(text).map { .genome($0) }
            if choice == nil {
                with.note(
                    "genome",
                    "'\(text)' is none of full, smallest, or option indices joined by hyphens such as 0-1-0-1")
            }
        case (nil, let count?): choice = .parameters(count)
        default:
            with.yaml.note("wants exactly one of genome, parameters, pick", at: with.mark, keyPath: with.keyPath)
        }
        guard let from, let choice else { return nil }
        self.init(from: from, choice: choice)
    }
}

extension YAMLMapping {
    /// Ascending integers: a list of them, or `{ from: 256, to: 1536, step: 256 }`, both ends included.
    func steps(_ key: String, in range: ClosedRange<Int>) -> [Int]? {
        guard let node = required(key, node(key)) else { return nil }
        var values: [Int]?
        if case .mapping = node {
            guard let map = mapping(key) else { return nil }
            let first = map.requiredInt("from", in: range)
            let last = map.requiredInt("to", in: range)
            let step = map.requiredInt("step", in: 1...(1 << 24))
            map.finish()
            guard let first, let last, let step else { return nil }
            guard last >= first, (last - first) % step == 0 else {
                map.note("to", "\(last) is not reached from \(first) in steps of \(step)")
                return nil
            }
            guard (last - first) / step < 256 else {
                map.note("step", "gives \((last - first) / step + 1) choices; 256 are the most")
                return nil
            }
            values = Array(stride(from: first, through: last, by: step))
        } else {
            values = list(key) { int(of: $0, $1, in: range) }
        }
        guard let values else { return nil }
        guard !values.isEmpty, zip(values, values.dropFirst()).allSatisfy({ $0 < $1 }) else {
            note(key, "wants ascending numbers, each once; found \(values)")
            return nil
        }
        return values
    }
}
