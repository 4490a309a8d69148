internal import Glibc
internal import Torch
public import Transformer

/// How fast a model runs on its device, in tokens per second of wall time.
public struct Throughput: Codable, Sendable, Hashable {
    /// Tokens per second of forward passes over whole rows, logits of the last position included.
    public var forward: Double
    /// Tokens per second of greedy decoding with a key-value cache, one token per sequence and pass.
    public var decode: Double
    /// Sequences at once.
    public var rows: Int
    /// Tokens of a row, and of the prompt that decoding goes on from.
    public var columns: Int
    /// Tokens decoded per sequence.
    public var decoded: Int

    /// Measures after one pass of each kind that is not counted; the best of `repeats`, since other work only slows.
    /// - Parameters:
    ///   - rows: Sequences at once; at least 1.
    ///   - columns: Tokens per row; at least 1.
    ///   - decoded: Tokens to decode per sequence; at least 1.
    /// - Throws: `EvaluationError.request` for sizes below 1, `.torch`.
    public static func measure(
        _ model: LanguageModel, rows: Int = 1, columns: Int = 256, decoded: Int = 32, repeats: Int = 3
    ) throws(EvaluationError) -> Throughput {
        guard rows >= 1, columns >= 1, decoded >= 1, repeats >= 1 else {
            throw .request(
                reason: "a measurement of \(rows) x \(columns) tokens, \(decoded) decoded, \(repeats) times",
                remedy: "all four must be at least 1")
        }
        return try withTorch { () throws(TorchError) in
            try withoutGradients { () throws(TorchError) in
                let size = model.architecture.vocabularySize
                let tokens = try Tensor(
                    (0..<rows * columns).map { Int32(truncatingIfNeeded: ($0 &* 7919) % size) },
                    shape: [rows, columns],
                    on: model.device)
                var forward = Double.infinity
                var decode = Double.infinity
                for pass in 0...repeats {
                    let first = seconds()
                    var next = try last(model, tokens, ForwardContext())
                    let second = seconds()
                    let context = ForwardContext(cache: KeyValueCache(capacity: columns + decoded))
                    next = try last(model, tokens, context)
                    let third = seconds()
                    for _ in 0..<decoded { next = try last(model, next, context) }
                    let fourth = seconds()
                    if pass == 0 { continue }
                    forward = min(forward, second - first)
                    decode = min(decode, fourth - third)
                }
                return Throughput(
                    forward: Double(rows * columns) / forward, decode: Double(rows * decoded) / decode, rows: rows,
                    columns: columns, decoded: decoded)
            }
        }
    }

    /// The most likely next token of each row, `[rows, 1]`; waits for it.
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
