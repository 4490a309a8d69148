internal import CTorch

/// An array of numbers of one dtype on one device, and a node of the gradient graph when it wants gradients.
///
/// A reference to memory: views and detached tensors share it. Operations leave their operands as they are, except the
/// in-place ones (`add`, `multiply(by:)`, `copy(from:)`, ...), which are verbs without a result. Axes count from 0, or
/// from the end when negative. One thread at a time: gradient mode and error messages belong to a thread.
public final class Tensor {
    let handle: OpaquePointer

    /// Takes over a handle that came out of a C function.
    init(adopting handle: OpaquePointer) { self.handle = handle }
    deinit { ct_tensor_free(handle) }

    /// The sizes of the axes; `[]` for a single number.
    public var shape: [Int] { (0..<ct_rank(handle)).map { ct_size(handle, $0) } }
    /// The number of axes.
    public var rank: Int { ct_rank(handle) }
    /// The product of the sizes.
    public var elementCount: Int { ct_element_count(handle) }
    public var dtype: DType {
        guard let dtype = DType(code: ct_dtype_of(handle)) else {
            preconditionFailure("an operation made a tensor of a dtype that DType does not know")
        }
        return dtype
    }
    public var device: Device { Device(code: ct_device_of(handle)) }
    /// Whether the elements lie row by row without gaps.
    public var isContiguous: Bool { ct_is_contiguous(handle) }
    /// Bytes of the elements; views of one memory count them each.
    public var bytes: Int { elementCount * dtype.bytes }

    /// The size of an axis.
    /// - Throws: `.index` when there is no such axis.
    public func size(_ axis: Int) throws(TorchError) -> Int {
        let rank = self.rank
        guard axis >= -rank, axis < rank else {
            throw TorchError(code: .index, operation: #function, message: "axis \(axis) of \(self) does not exist")
        }
        return ct_size(handle, axis < 0 ? axis + rank : axis)
    }

    /// Whether both read the same storage, wholly or in part.
    public func sharesMemory(with other: Tensor) -> Bool { ct_shares_memory(handle, other.handle) }
}

/// How many tensors live in this process.
public var liveTensorCount: Int { ct_live_tensors() }

/// How many tensors this thread has made less those it has freed: what leak tests compare, unmoved by other threads.
public var threadTensorBalance: Int { ct_thread_balance() }

/// One owner, one thread: gradient mode and messages are thread-local. Hand a tensor over with `sending`.
@available(*, unavailable)
extension Tensor: Sendable {}

extension Tensor: CustomStringConvertible {
    /// Shape and dtype, such as `[2, 3] bfloat16`; no elements.
    public var description: String { "\(shape) \(dtype.rawValue)" }
}
