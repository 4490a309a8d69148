internal import Glibc
public import Statistics
internal import Torch
public import Transformer

/// How a model's speed is measured.
public struct ThroughputSettings: Codable, Sendable, Hashable {
    /// Sequences at once.
    public var rows: Int
    /// Tokens of each prompt.
    public var columns: Int
    /// Tokens decoded after each prompt, one per sequence and pass.
    public var decoded: Int
    /// Measurements whose median counts.
    public var repeats: Int
    /// Whole measurements before that are not counted: memory is taken, caches and clocks settle.
    public var warmups: Int

    public init(rows: Int = 1, columns: Int = 256, decoded: Int = 32, repeats: Int = 5, warmups: Int = 3) {
        self.rows = rows
        self.columns = columns
        self.decoded = decoded
        self.repeats = repeats
        self.warmups = warmups
    }

    /// The rules that these settings break, one sentence each.
    public var problems: [String] {
        var found: [String] = []
        for (name, value, least) in [
            ("rows", rows, 1), ("columns", columns, 1), ("decoded", decoded, 1), ("repeats", repeats, 1),
            ("warmups", warmups, 3),
        ] where value < least { found.append("\(name) is \(value); it must be at least \(least)") }
        return found
    }
}

/// How fast a model runs on its device, in wall time.
public enum Throughput {
    /// Measures prefill (a prompt of `columns` tokens a row into an empty key-value cache, with the logits of its last
    /// position) and decoding (greedy, one token a row and pass) apart.
    /// - Parameter context: masks or a view under which the model runs; its cache is not used.
    /// - Throws: `EvaluationError.request` for settings that cannot be used, `.torch`.
    public static func measure(
        _ model: LanguageModel, _ settings: ThroughputSettings = ThroughputSettings(),
        in context: ForwardContext = ForwardContext()
    ) throws(EvaluationError) -> MeasuredSpeed {
        if let problem = settings.problems.first {
            throw .request(reason: "the throughput's " + problem, remedy: "correct the settings")
        }
        let times = try withTorch { () throws(TorchError) in
            try withoutGradients { () throws(TorchError) in try run(model, settings, context) }
        }
        let prefill = Spread(times.map(\.prefill)), decode = Spread(times.map(\.decode))
        return MeasuredSpeed(
            prefillTokensPerSecond: Double(settings.rows * settings.columns) / prefill.median,
            decodeTokensPerSecond: Double(settings.rows * settings.decoded) / decode.median, rows: settings.rows,
            columns: settings.columns, decoded: settings.decoded, repeats: settings.repeats,
            spread: max(prefill.relativeRange, decode.relativeRange))
    }

    /// Seconds of both parts in each repeat that counts.
    private static func run(
        _ model: LanguageModel, _ settings: ThroughputSettings, _ given: ForwardContext
    ) throws(TorchError) -> [(prefill: Double, decode: Double)] {
        let size = model.architecture.vocabularySize
        let tokens = try Tensor(
            (0..<settings.rows * settings.columns).map { Int64(($0 &* 7919) % size) },
            shape: [settings.rows, settings.columns], on: model.device)
        let cache = KeyValueCache(capacity: settings.columns + settings.decoded)
        var context = given
        context.cache = cache
        var times: [(prefill: Double, decode: Double)] = []
        for pass in 0..<settings.warmups + settings.repeats {
            cache.clear()
            let start = seconds()
            var next = try last(model, tokens, context)
            let middle = seconds()
            for _ in 0..<settings.decoded { next = try last(model, next, context) }
            if pass >= settings.warmups { times.append((middle - start, seconds() - middle)) }
        }
        return times
    }

    /// The likeliest next token of each row, `[rows, 1]`; waits for it.
    private static func last(
        _ model: LanguageModel, _ tokens_BT: Tensor, _ context: ForwardContext
    ) throws(TorchError) -> Tensor {
        let hidden = try model.hidden(tokens_BT, in: context)
        let width = hidden.shape[1]
        let next = try model.logits(try hidden.sliced(1, from: width - 1, to: width)).argmax(over: 2)
        _ = try next.int64s()
        return next
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// Repeated measurements of one time.
struct Spread: Equatable {
    /// The middle one; the mean of the two middle ones when they are even in number.
    let median: Double
    /// The longest less the shortest, over the median.
    let relativeRange: Double

    /// - Parameter values: at least one, all positive.
    init(_ values: [Double]) {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        relativeRange = (sorted[sorted.count - 1] - sorted[0]) / median
    }
}
