internal import CTorch

/// Views of the same memory where the layout allows it. All differentiable.
/// - Throws: each one `.index` for an axis or an index that does not exist, `.invalidArgument` when sizes do not fit.
extension Tensor {
    /// The same elements in another shape; one size may be -1. Copies when the layout asks for it.
    public func reshaped(_ shape: [Int]) throws(TorchError) -> Tensor {
        try produce { ct_reshape(handle, shape, shape.count, $0) }
    }
    /// As `reshaped`, but never a copy.
    /// - Throws: `.invalidArgument` when the layout does not allow a view.
    public func viewed(_ shape: [Int]) throws(TorchError) -> Tensor {
        try produce { ct_view(handle, shape, shape.count, $0) }
    }
    /// Two axes exchanged.
    public func transposed(_ axis: Int, _ other: Int) throws(TorchError) -> Tensor {
        try produce { ct_transpose(handle, axis, other, $0) }
    }
    /// Axis `i` of the result is axis `axes[i]` of this.
    public func permuted(_ axes: [Int]) throws(TorchError) -> Tensor {
        try produce { ct_permute(handle, axes, axes.count, $0) }
    }
    /// Elements `start ..< end` of an axis; nothing is clamped.
    public func sliced(_ axis: Int, from start: Int, to end: Int) throws(TorchError) -> Tensor {
        try produce { ct_slice(handle, axis, start, end, $0) }
    }
    /// `count` elements of an axis from `start` on.
    public func narrowed(_ axis: Int, from start: Int, count: Int) throws(TorchError) -> Tensor {
        let (end, overflow) = start.addingReportingOverflow(count)
        return try produce { ct_slice(handle, axis, start, overflow ? -1 : end, $0) }
    }
    /// Element `index` of an axis, which goes away.
    public func selected(_ axis: Int, _ index: Int) throws(TorchError) -> Tensor {
        try produce { ct_select_index(handle, axis, index, $0) }
    }
    /// The elements of an axis that `indices` (one axis, Int64 or Int32) names, in its order; a copy.
    public func indexSelected(_ axis: Int, _ indices: Tensor) throws(TorchError) -> Tensor {
        try produce { ct_index_select(handle, axis, indices.handle, $0) }
    }
    /// `out[.., i, ..] = self[.., indices[.., i, ..], ..]` along the axis; `indices` is Int64 of this rank.
    public func gathered(_ axis: Int, _ indices: Tensor) throws(TorchError) -> Tensor {
        try produce { ct_gather(handle, axis, indices.handle, $0) }
    }
    /// A copy in which `out[.., indices[.., i, ..], ..] = source[.., i, ..]` along the axis.
    public func scattered(_ axis: Int, _ indices: Tensor, from source: Tensor) throws(TorchError) -> Tensor {
        try produce { ct_scatter(handle, axis, indices.handle, source.handle, $0) }
    }
    /// Axes of size 1 grow without copying; -1 keeps a size, new axes come in front.
    public func expanded(to shape: [Int]) throws(TorchError) -> Tensor {
        try produce { ct_expand(handle, shape, shape.count, $0) }
    }
    /// A new axis of size 1 in this place.
    public func unsqueezed(_ axis: Int) throws(TorchError) -> Tensor { try produce { ct_unsqueeze(handle, axis, $0) } }
    /// Without this axis, which must be of size 1.
    public func squeezed(_ axis: Int) throws(TorchError) -> Tensor { try produce { ct_squeeze(handle, axis, $0) } }
    /// Each element of an axis `times` times in a row; a copy.
    public func repeatInterleaved(_ times: Int, _ axis: Int) throws(TorchError) -> Tensor {
        try produce { ct_repeat_interleave(handle, times, axis, $0) }
    }
    /// Views of `sizes[0]`, `sizes[1]`, ... elements along an axis, which they must fill.
    public func split(_ sizes: [Int], axis: Int) throws(TorchError) -> [Tensor] {
        guard sizes.reduce(0, &+) == (try size(axis)) else {
            throw TorchError(
                code: .invalidArgument, operation: #function, message: "\(sizes) do not fill axis \(axis) of \(self)")
        }
        var parts: [Tensor] = []
        var start = 0
        for size in sizes {
            parts.append(try narrowed(axis, from: start, count: size))
            start += size
        }
        return parts
    }
    /// What lies on and below the diagonal (0: the main one), the rest 0.
    public func lowerTriangle(diagonal: Int = 0) throws(TorchError) -> Tensor {
        try produce { ct_triangle(handle, false, diagonal, $0) }
    }
    /// What lies on and above the diagonal (0: the main one), the rest 0.
    public func upperTriangle(diagonal: Int = 0) throws(TorchError) -> Tensor {
        try produce { ct_triangle(handle, true, diagonal, $0) }
    }

    /// Along an axis that is there.
    /// - Throws: `.invalidArgument` for an empty list.
    public static func concatenated(_ tensors: [Tensor], axis: Int = 0) throws(TorchError) -> Tensor {
        try produce { out in withHandles(tensors) { ct_concatenate($0, $0.count, axis, out) } }
    }
    /// Along a new axis.
    /// - Throws: `.invalidArgument` for an empty list.
    public static func stacked(_ tensors: [Tensor], axis: Int = 0) throws(TorchError) -> Tensor {
        try produce { out in withHandles(tensors) { ct_stack($0, $0.count, axis, out) } }
    }
}
