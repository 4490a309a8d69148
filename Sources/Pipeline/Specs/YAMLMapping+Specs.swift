internal import Corpus
internal import Evaluation
internal import Shearing
internal import Torch
internal import Training
internal import Transformer
internal import Yams

// How `with:` decodes: each decoder asks for all its keys, then finishes the mapping, so that one pass lists every problem.

extension YAMLMapping {
    func stage(_ key: String) -> StageID? {
        node(key).flatMap { stage(of: $0, path(key)) }
    }

    func stage(of node: Node, _ path: String) -> StageID? {
        guard let name = string(of: node, path) else { return nil }
        guard let id = StageID(name) else {
            yaml.note("stage id '\(name)' \(StageID.problem(with: name) ?? "is none")", at: node.mark, keyPath: path)
            return nil
        }
        if !yaml.referents.isEmpty, !yaml.referents.contains(name) {
            yaml.note(
                "no stage has the id '\(name)'; the stages are \(yaml.referents.joined(separator: ", "))",
                at: node.mark,
                keyPath: path, nearestKey: nearest(to: name, in: yaml.referents))
        }
        return id
    }

    func requiredStage(_ key: String) -> StageID? { required(key, stage(key)) }

    /// The seed that stands for the one above it.
    func seed() -> UInt64? { int("seed", in: 0...Int.max).map(UInt64.init) }

    /// Numbers by name, such as weights by domain.
    func numbers(_ key: String, in range: ClosedRange<Double>? = nil) -> [String: Double]? {
        guard let map = mapping(key) else { return nil }
        var numbers: [String: Double] = [:]
        for name in map.keys { numbers[name] = map.double(name, in: range) }
        return numbers
    }
}

extension StageKind {
    func spec(from with: YAMLMapping, seed: UInt64) -> Stage? {
        switch self {
        case .import: ImportSpec(with).map { .import($0) }
        case .pack: PackSpec(with).map { .pack($0) }
        case .prune: PruneSpec(with).map { .prune($0) }
        case .pretrain: PretrainSpec(with).map { .pretrain($0) }
        case .superNetwork: SuperNetworkSpec(with).map { .superNetwork($0) }
        case .search: SearchSpec(with).map { .search($0) }
        case .extract: ExtractSpec(with).map { .extract($0) }
        case .quantize: QuantizeSpec(with).map { .quantize($0) }
        case .evaluate: EvaluateSpec(with).map { .evaluate($0) }
        case .export: ExportSpec(with).map { .export($0) }
        case .compare: CompareSpec(with).map { .compare($0) }
        }
    }
}

extension ImportSpec {
    init?(_ with: YAMLMapping) {
        let weights = with.requiredString("weights")
        let architecture = ArchitectureSpec(with, key: "architecture")
        let like = with.stage("like")
        let target = TargetSpec(with, key: "target")
        let tokenizer = with.string("tokenizer")
        let seed = with.seed()
        with.finish()
        guard let weights, architecture != nil || !with.contains("architecture") else { return nil }
        self.init(
            weights: weights == "random" ? .random : .path(weights), architecture: architecture, like: like,
            target: target, tokenizer: tokenizer, seed: seed)
    }
}

extension ArchitectureSpec {
    init?(_ with: YAMLMapping, key: String) {
        guard let node = with.node(key) else { return nil }
        if case .scalar = node {
            guard let preset = with.choice(key, as: ArchitecturePreset.self) else { return nil }
            self = .preset(preset)
            return
        }
        guard let map = with.mapping(key) else { return nil }
        let sizes = 1...(1 << 24)
        let vocabulary = map.requiredInt("vocabulary_size", in: sizes)
        let hidden = map.requiredInt("hidden_size", in: sizes)
        let layers = map.requiredInt("layers", in: 1...4096)
        let heads = map.requiredInt("heads", in: 1...65_536)
        let keyValueHeads = map.int("key_value_heads", in: 1...65_536)
        let headSize = map.int("head_size", in: 2...65_536)
        let intermediate = map.requiredInt("intermediate_size", in: sizes)
        let epsilon = map.double("norm_epsilon", in: 1e-12...1)
        let theta = map.double("rope_theta", in: 1...1e12)
        let tied = map.bool("tied_embeddings")
        let positions = map.int("maximum_positions", in: sizes)
        map.finish()
        guard let vocabulary, let hidden, let layers, let heads, let intermediate else { return nil }
        if headSize == nil, hidden % heads != 0 {
            map.note("heads", "\(heads) heads do not divide hidden_size \(hidden); choose a divisor or state head_size")
            return nil
        }
        self = .sizes(
            ArchitectureSizes(
                vocabularySize: vocabulary, hiddenSize: hidden, layers: layers, heads: heads,
                keyValueHeads: keyValueHeads ?? heads, headSize: headSize ?? hidden / heads,
                intermediateSize: intermediate, normEpsilon: epsilon ?? 1e-5, ropeTheta: theta ?? 10_000,
                tiedEmbeddings: tied ?? false, maximumPositions: positions ?? 4096))
        for problem in architecture.problems() { with.note(key, problem) }
    }
}

extension TargetSpec {
    init?(_ with: YAMLMapping, key: String) {
        guard let node = with.node(key) else { return nil }
        if case .scalar = node {
            guard let preset = with.choice(key, as: TargetPreset.self) else { return nil }
            self = .preset(preset)
            return
        }
        guard let map = with.mapping(key) else { return nil }
        let layers = map.requiredInt("layers", in: 1...4096)
        let hidden = map.requiredInt("hidden_size", in: 1...(1 << 24))
        let heads = map.requiredInt("heads", in: 1...65_536)
        let keyValueHeads = map.int("key_value_heads", in: 1...65_536)
        let intermediate = map.requiredInt("intermediate_size", in: 1...(1 << 24))
        map.finish()
        guard let layers, let hidden, let heads, let intermediate else { return nil }
        self = .sizes(
            TargetArchitecture(
                layers: layers, hiddenSize: hidden, heads: heads, keyValueHeads: keyValueHeads,
                intermediateSize: intermediate))
    }
}

extension PackSpec {
    init?(_ with: YAMLMapping) {
        let manifest = with.requiredString("manifest")
        let tokenizer = with.requiredString("tokenizer")
        let length = with.requiredInt("sequence_length", in: 2...(1 << 20))
        let packing = with.choice("packing", as: Packing.self)
        let special = with.bool("parse_special")
        let tokens = with.int("max_tokens_per_domain", in: 1...Int.max)
        let validation = with.int("max_validation_tokens_per_domain", in: 1...Int.max)
        with.finish()
        guard let manifest, let tokenizer, let length else { return nil }
        // A stage id never holds a slash or a dot, a path to a tokenizer always does.
        let isPath = tokenizer.contains("/") || tokenizer.contains(".")
        if !isPath, StageID(tokenizer) == nil {
            with.note("tokenizer", "'\(tokenizer)' is neither a stage id nor a path with a slash or a dot")
            return nil
        }
        let source: TokenizerSource =
            StageID(tokenizer).map { isPath ? .path(tokenizer) : .stage($0) } ?? .path(tokenizer)
        self.init(
            manifest: manifest, tokenizer: source, sequenceLength: length, packing: packing ?? .shearingV1,
            parseSpecial: special ?? false, maxTokensPerDomain: tokens,
            maxValidationTokensPerDomain: validation)
    }
}

extension PretrainSpec {
    init?(_ with: YAMLMapping) {
        let start = with.requiredStage("start")
        let data = with.requiredStage("data")
        let training = TrainingSpec(with, warmupShare: 0.03)
        let distill = DistillSpec(with, key: "distill")
        with.finish()
        guard let start, let data, let training else { return nil }
        self.init(start: start, data: data, training: training, distill: distill)
    }
}

extension QuantizeSpec {
    init?(_ with: YAMLMapping) {
        let from = with.requiredStage("from")
        let scheme = with.requiredChoice("scheme", as: QuantizationScheme.self)
        let smoothing = SmoothingSpec(with, key: "smoothing")
        with.finish()
        guard let from, let scheme else { return nil }
        if smoothing != nil, scheme != .int8 {
            with.note("smoothing", "\(scheme.rawValue) rounds no activations; leave smoothing out, or choose int8")
        }
        self.init(from: from, scheme: scheme, smoothing: smoothing)
    }
}

extension SmoothingSpec {
    init?(_ with: YAMLMapping, key: String) {
        guard let map = with.mapping(key) else { return nil }
        let data = map.requiredStage("data")
        let strength = map.double("strength", in: 0...1)
        let batches = map.int("calibration_batches", in: 1...(1 << 20))
        let rows = map.int("calibration_rows", in: 1...(1 << 20))
        map.finish()
        guard let data else { return nil }
        self.init(data: data, strength: strength ?? 0.5, calibrationBatches: batches ?? 4, calibrationRows: rows ?? 7)
    }
}

extension EvaluateSpec {
    init?(_ with: YAMLMapping) {
        let models = with.required("models", with.list("models") { with.stage(of: $0, $1) })
        let data = with.requiredStage("data")
        let rows = RowRange(with, key: "rows")
        let precision = with.choice("precision", as: TrainingSpec.Precision.self)
        let tasks = with.strings("tasks")
        let split = with.choice("split", as: TaskSplit.self)
        let limit = with.int("task_limit", in: 0...(1 << 30))
        let throughput = ThroughputSettings(with, key: "throughput")
        with.finish()
        guard let models, let data else { return nil }
        self.init(
            models: models, data: data, rows: rows, precision: precision ?? .bfloat16, tasks: tasks ?? [],
            split: split ?? .report, taskLimit: limit ?? 0, throughput: throughput)
    }
}

extension RowRange {
    /// Reads `key`: a number of rows from the first on (0: all), or `{ from: 16, count: 8 }`. All when it is absent.
    init(_ with: YAMLMapping, key: String) {
        self.init()
        guard let node = with.node(key) else { return }
        guard case .mapping = node else {
            count = with.int(key, in: 0...(1 << 30)).flatMap { $0 == 0 ? nil : $0 }
            return
        }
        guard let map = with.mapping(key) else { return }
        from = map.requiredInt("from", in: 0...(1 << 30)) ?? 0
        count = map.int("count", in: 1...(1 << 30))
        map.finish()
    }
}

extension ThroughputSettings {
    init?(_ with: YAMLMapping, key: String) {
        guard let map = with.mapping(key) else { return nil }
        self.init()
        rows = map.int("rows", in: 1...(1 << 20)) ?? rows
        columns = map.int("columns", in: 1...(1 << 20)) ?? columns
        decoded = map.int("decoded", in: 1...(1 << 20)) ?? decoded
        repeats = map.int("repeats", in: 1...1000) ?? repeats
        warmups = map.int("warmups", in: 3...1000) ?? warmups
        map.finish()
    }
}

extension ExportSpec {
    init?(_ with: YAMLMapping) {
        let model = with.requiredStage("model")
        let form = with.choice("form", as: Form.self)
        let dtype = with.choice("dtype", as: DType.self)
        let name = with.string("name")
        let shard = with.int("shard_bytes", in: 1_000_000...(1 << 40))
        with.finish()
        guard let model else { return nil }
        if let dtype, dtype != .float32, dtype != .bfloat16 {
            with.note("dtype", "'\(dtype.rawValue)' is none of float32, bfloat16")
        }
        self.init(
            model: model, form: form ?? .plain, dtype: dtype ?? .bfloat16, name: name,
            shardBytes: shard ?? 5_000_000_000)
    }
}

extension RuntimeSettings {
    init(_ map: YAMLMapping) {
        self.init()
        microBatch = map.int("micro_batch", in: 1...(1 << 20))
        logEvery = map.int("log_every", in: 1...(1 << 30)) ?? logEvery
        checkpointEvery = map.int("checkpoint_every", in: 1...(1 << 30)) ?? checkpointEvery
        keepLast = map.int("keep_last", in: 1...1000) ?? keepLast
        threads = map.int("threads", in: 1...1024)
        device = map.string("device") ?? device
        recomputeActivations = map.bool("recompute_activations") ?? false
        shard = map.choice("shard", as: Sharding.self)
        parts = map.int("parts", in: 1...4096)
        listRows = map.bool("list_rows") ?? false
        obtain = map.string("obtain")
        map.finish()
        if device != "cpu", !(device.hasPrefix("cuda:") && Int(device.dropFirst(5)) != nil) {
            map.note("device", "'\(device)' is none of cpu, cuda:0, cuda:1, …")
        }
    }
}
