internal import CTorch

/// The constants of AdamW with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101); defaults as in LLaMA.
public struct AdamWSettings: Codable, Sendable, Hashable {
    public var beta1: Double
    public var beta2: Double
    public var epsilon: Double
    /// Per unit of learning rate: a step multiplies the weight by `1 - rate * weightDecay`.
    public var weightDecay: Double

    public init(beta1: Double = 0.9, beta2: Double = 0.95, epsilon: Double = 1e-8, weightDecay: Double = 0) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}

/// One AdamW step over a list, in place: `parameters`, `firstMoments` and `secondMoments` are Float32 masters.
/// - Parameter gradients: Float32, BFloat16 or Float16, as they came out of the backward pass.
/// - Parameter values: What the forward pass reads of each parameter, if that is another tensor: it becomes the parameter in
///   its own dtype in the same pass over memory. Empty: none.
/// - Parameter gradientScale: What gradients are multiplied by on the way: clipping and averaging without a pass of theirs.
/// - Parameter step: Counts from 1.
/// - Parameter maximize: Ascends instead of descending.
/// - Throws: `.invalidArgument` when lists, shapes or dtypes do not go together; nothing is changed then.
public func adamWStep(
    parameters: [Tensor], gradients: [Tensor], firstMoments: [Tensor], secondMoments: [Tensor], values: [Tensor?] = [],
    rate: Double, step: Int, settings: AdamWSettings = AdamWSettings(), gradientScale: Double = 1,
    maximize: Bool = false
) throws(TorchError) {
    let values = values.isEmpty ? parameters.map { _ in nil } : values
    guard
        [gradients.count, firstMoments.count, secondMoments.count, values.count].allSatisfy({ $0 == parameters.count })
    else {
        throw TorchError(
            code: .invalidArgument, operation: #function,
            message: "\(parameters.count) parameters came with \(gradients.count) gradients, "
                + "\(firstMoments.count) first and \(secondMoments.count) second moments, \(values.count) values")
    }
    let constants = ct_adamw(
        rate: rate, beta1: settings.beta1, beta2: settings.beta2, epsilon: settings.epsilon,
        weight_decay: settings.weightDecay, gradient_scale: gradientScale, step: Int64(step), maximize: maximize)
    let status = withHandles(parameters) { parameters in
        withHandles(gradients) { gradients in
            withHandles(firstMoments) { first in
                withHandles(secondMoments) { second in
                    withExtendedLifetime(values) {
                        ct_adamw_step(
                            parameters, gradients, first, second, values.map { $0?.handle }, parameters.count, constants
                        )
                    }
                }
            }
        }
    }
    try check(status)
}

/// The Euclidean norm of all elements of all tensors.
/// - Throws: `.invalidArgument` for a tensor that is not floating.
public func globalNorm(_ tensors: [Tensor]) throws(TorchError) -> Double {
    var norm = 0.0
    let status = withHandles(tensors) { ct_global_norm($0, $0.count, &norm) }
    try check(status)
    return norm
}

/// The Euclidean norm of all elements of all tensors as a Float64 scalar on their device, without waiting for it.
/// - Parameter device: Where the 0 of an empty list lies.
/// - Throws: `.invalidArgument` for a tensor that is not floating.
public func globalNormTensor(_ tensors: [Tensor], on device: Device = .cpu) throws(TorchError) -> Tensor {
    try produce { out in withHandles(tensors) { ct_global_norm_tensor($0, $0.count, device.code, out) } }
}

/// `targets[i] += scale * sources[i]`, dtypes converted on the way: gradients of micro-batches into Float32 sums.
/// - Throws: `.invalidArgument` when counts or shapes differ.
public func accumulate(_ sources: [Tensor], into targets: [Tensor], scale: Double = 1) throws(TorchError) {
    guard sources.count == targets.count else {
        throw TorchError(
            code: .invalidArgument, operation: #function,
            message: "\(sources.count) tensors cannot be added to \(targets.count)")
    }
    let status = withHandles(targets) { targets in
        withHandles(sources) { ct_accumulate(targets, $0, $0.count, scale) }
    }
    try check(status)
}

/// Sets every element of every tensor to 0.
/// - Throws: `.internalFault` only.
public func zero(_ tensors: [Tensor]) throws(TorchError) {
    let status = withHandles(tensors) { ct_zero_many($0, $0.count) }
    try check(status)
}
