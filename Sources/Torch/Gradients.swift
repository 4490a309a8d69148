internal import CTorch

/// Runs `body` without recording gradients on this thread, and puts the mode back. Synchronous on purpose: the mode
/// belongs to the thread.
/// - Throws: What `body` throws.
public func withoutGradients<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    try withGradientMode(false, body)
}

/// Runs `body` recording gradients on this thread, also inside `withoutGradients`, and puts the mode back.
/// - Throws: What `body` throws.
public func withGradients<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    try withGradientMode(true, body)
}

private func withGradientMode<R, E: Error>(_ on: Bool, _ body: () throws(E) -> R) throws(E) -> R {
    let before = ct_gradient_mode()
    ct_set_gradient_mode(on)
    defer { ct_set_gradient_mode(before) }
    return try body()
}

/// Whether operations of this thread are recorded for a backward pass.
public var gradientsAreRecorded: Bool { ct_gradient_mode() }

extension Tensor {
    /// Whether operations on this tensor are recorded.
    public var requiresGradient: Bool { ct_requires_gradient(handle) }

    /// Makes a leaf want a gradient, or not.
    /// - Throws: `.invalidArgument` for a tensor that is no leaf, or not floating.
    public func setRequiresGradient(_ on: Bool) throws(TorchError) {
        try check(ct_set_requires_gradient(handle, on))
    }

    /// The gradient that backward passes have added up; nil before the first.
    public var gradient: Tensor? {
        var out: OpaquePointer?
        // Fails only when a handle cannot be allocated; nil is then as good as any answer.
        guard ct_gradient(handle, &out) == CT_OK, let out else { return nil }
        return Tensor(adopting: out)
    }

    /// Forgets the gradient and frees its memory.
    public func clearGradient() {
        let status = ct_set_gradient(handle, nil)
        precondition(status == CT_OK, "removing a gradient cannot fail")
    }

    /// - Throws: `.invalidArgument` when shape, dtype or device is not this tensor's.
    public func setGradient(_ gradient: Tensor?) throws(TorchError) {
        try check(ct_set_gradient(handle, gradient?.handle))
    }

    /// Adds d(self)/d(leaf) to the gradient of every leaf that wants one; the graph is freed unless retained.
    /// - Parameter gradient: The gradient of this tensor; nil when it has one element (1 then).
    /// - Throws: `.invalidArgument` without a graph, or without a gradient where one is needed.
    public func backward(gradient: Tensor? = nil, retainingGraph: Bool = false) throws(TorchError) {
        try check(ct_backward(handle, gradient?.handle, retainingGraph))
    }

    /// As `backward` for several outputs in one pass, each with its gradient.
    /// - Throws: `.invalidArgument` when the counts differ or a tensor has no graph.
    public static func backward(_ outputs: [Tensor], gradients: [Tensor?]) throws(TorchError) {
        guard outputs.count == gradients.count else {
            throw TorchError(
                code: .invalidArgument, operation: #function,
                message: "\(outputs.count) outputs came with \(gradients.count) gradients")
        }
        let status = withExtendedLifetime(gradients) {
            withHandles(outputs) { ct_backward_many($0, gradients.map { $0?.handle }, $0.count) }
        }
        try check(status)
    }

    /// d(output)/d(input) for each input; the leaves' own gradients stay as they are.
    /// - Parameter allowUnused: nil for an input that takes no part, instead of an error.
    /// - Throws: `.invalidArgument` as `backward`, and for an input that takes no part.
    public static func gradients(
        of output: Tensor, for inputs: [Tensor], gradient: Tensor? = nil, allowUnused: Bool = false,
        retainingGraph: Bool = false
    ) throws(TorchError) -> [Tensor?] {
        var out = [OpaquePointer?](repeating: nil, count: inputs.count)
        let status = withHandles(inputs) {
            ct_gradients(output.handle, gradient?.handle, $0, $0.count, allowUnused, retainingGraph, &out)
        }
        try check(status)
        return out.map { $0.map(Tensor.init(adopting:)) }
    }
}
