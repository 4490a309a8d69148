internal import CTorch

/// A weight: the Float32 master that the optimizer steps, and the tensor the forward pass reads.
public final class Parameter {
    public let name: String
    /// Float32; never rounded to the compute dtype. Of a frozen parameter the value itself.
    public let master: Tensor
    /// In the compute dtype and a gradient leaf; the same object as `master` when that is Float32. Of a frozen parameter
    /// no leaf.
    public let value: Tensor

    /// - Parameters:
    ///   - initial: Any floating tensor; copied unless it has the master's dtype, then it becomes the master itself.
    ///   - isFrozen: Holds the value alone, for weights that are never trained: no master beside it, no gradient.
    /// - Throws: `.invalidArgument` for a dtype that is not floating, `.outOfMemory`.
    public init(
        name: String, _ initial: Tensor, computeDType: DType = .float32, isFrozen: Bool = false
    ) throws(TorchError) {
        guard initial.dtype.isFloating, computeDType.isFloating else {
            throw TorchError(
                code: .invalidArgument, operation: #function,
                message:
                    "parameter \(name) needs floating dtypes, not \(initial.dtype.rawValue) and \(computeDType.rawValue)"
            )
        }
        self.name = name
        master = try initial.detached().to(isFrozen ? computeDType : .float32).contiguous()
        value = computeDType == master.dtype ? master : try master.to(computeDType)
        if !isFrozen { try value.setRequiresGradient(true) }
    }

    public var shape: [Int] { master.shape }
    public var elementCount: Int { master.elementCount }
    public var gradient: Tensor? { value.gradient }
    /// The gradient; where there is none, zeros, which are its gradient from now on.
    /// - Throws: `.outOfMemory`.
    public func gradientOrZeros() throws(TorchError) -> Tensor {
        if let gradient { return gradient }
        let zeros = try Tensor.zeros(shape, value.dtype, on: value.device)
        try value.setGradient(zeros)
        return zeros
    }
    /// `value` where that is another tensor than `master`.
    public var narrowValue: Tensor? { value === master ? nil : value }

    /// `value` <- `master`; nothing when they are one.
    /// - Throws: `.internalFault` only.
    public func refresh() throws(TorchError) { try Parameter.refresh([self]) }

    /// `refresh` for many in one call.
    /// - Throws: `.internalFault` only.
    public static func refresh(_ parameters: [Parameter]) throws(TorchError) {
        let stale = parameters.filter { $0.value !== $0.master }
        let status = withExtendedLifetime(stale) {
            ct_copy_many(stale.map(\.value.handle), stale.map(\.master.handle), stale.count)
        }
        try check(status)
    }
}

@available(*, unavailable)
extension Parameter: Sendable {}
