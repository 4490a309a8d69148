internal import Glibc
internal import Torch

/// The hard-concrete distribution: a stretched sigmoid of noisy logits, clamped to [0, 1], so that both ends have
/// probability mass and the rest stays differentiable (Louizos et al., arXiv 1712.01312; temperature
/// 2/3 as there and in Sheared-LLaMA's code, whose paper prints 0.83). Everything is float32.
public enum HardConcrete {
    /// The lower end of the stretched interval.
    public static let low = -0.1
    /// The upper end of the stretched interval.
    public static let high = 1.1
    /// The temperature T.
    public static let temperature = 2.0 / 3.0
    /// Noise is uniform in `[noiseMargin, 1 - noiseMargin]`, and probabilities are kept in the same interval.
    public static let noiseMargin = 1e-6
    /// The slope of the deterministic value beside 1/T (the constant of CoFi).
    public static let keptSlope = 0.8
    /// The paper keeps log-alphas within `-bound...bound`: ln 100.
    public static let bound = log(100.0)
    /// Beyond this size a log-alpha decides its mask for sure: probabilities have reached `noiseMargin`.
    static let certainBound = 20.0
    /// Where log-alphas of this size and below count as undecided: neither surely kept nor surely removed.
    public static let undecidedBound = 2.5

    /// T ln(-low / high) = -1.598597.
    private static let offset = temperature * log(-low / high)

    // MARK: One number

    private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    /// The mask value that noise `u` in (0, 1) gives for log-alpha `a`.
    public static func sample(_ a: Double, noise u: Double) -> Double {
        let s = sigmoid((log(u) - log(1 - u) + a) / temperature)
        return min(max(s * (high - low) + low, 0), 1)
    }

    /// The probability that the mask of log-alpha `a` is not 0: q(a).
    public static func alive(_ a: Double) -> Double { 1 - removal(a) }

    /// The probability that the mask of log-alpha `a` is 0: 1 - q(a).
    public static func removal(_ a: Double) -> Double {
        min(max(sigmoid(offset - a), noiseMargin), 1 - noiseMargin)
    }

    /// The value that a kept element of log-alpha `a` has without noise: sigmoid(0.8 a / T).
    public static func kept(_ a: Double) -> Double { sigmoid(a / temperature * keptSlope) }

    // MARK: Tensors

    /// Logits of uniform noise, ln u - ln(1 - u), float32 on the CPU, the same on every device.
    /// - Throws: `TorchError` when memory is short.
    static func noiseLogits(_ shape: [Int], generator: RandomGenerator) throws(TorchError) -> Tensor {
        let u = try Tensor.uniform(shape, low: noiseMargin, high: 1 - noiseMargin, generator: generator)
        return try u.log() - (1 - u).log()
    }

    /// Mask values for log-alphas and `noiseLogits` of the same shape; differentiable in the log-alphas.
    static func sample(_ logAlpha: Tensor, noiseLogits: Tensor) throws(TorchError) -> Tensor {
        let s = try ((logAlpha + noiseLogits) * (1 / temperature)).sigmoid()
        return try (s * (high - low) + low).clamped(min: 0, max: 1)
    }

    /// q of each log-alpha, the same shape; differentiable.
    static func alive(_ logAlpha: Tensor) throws(TorchError) -> Tensor {
        try 1 - (offset - logAlpha).sigmoid().clamped(min: noiseMargin, max: 1 - noiseMargin)
    }

    /// Per row of log-alphas `[rows, columns]` the expected share of zeros, `[rows]`; differentiable.
    static func expectedSparsity(_ logAlpha: Tensor) throws(TorchError) -> Tensor {
        let removal = try (offset - logAlpha).sigmoid().clamped(min: noiseMargin, max: 1 - noiseMargin)
        return try removal.mean(over: [1])
    }
}
