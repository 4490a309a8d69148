internal import CTorch

/// Fewer elements out of many, over all axes or over some.
/// - Throws: each one `.index` for an axis that does not exist, `.invalidArgument` for an empty extremum.
extension Tensor {
    private func reduced(
        _ kind: ct_reduction, _ axes: [Int], _ keep: Bool, _ operation: StaticString = #function
    ) throws(TorchError) -> Tensor {
        try produce(operation) { ct_reduce(kind, handle, axes, axes.count, keep, $0) }
    }

    /// Of all elements; integers and bools sum to Int64.
    public func sum() throws(TorchError) -> Tensor { try reduced(CT_SUM, [], false) }
    /// Over the axes (none named: all), which go away or stay with size 1.
    public func sum(over axes: [Int], keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_SUM, axes, keepingAxes)
    }
    public func sum(over axis: Int, keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_SUM, [axis], keepingAxes)
    }
    public func mean() throws(TorchError) -> Tensor { try reduced(CT_MEAN, [], false) }
    public func mean(over axes: [Int], keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_MEAN, axes, keepingAxes)
    }
    public func mean(over axis: Int, keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_MEAN, [axis], keepingAxes)
    }
    public func maximum() throws(TorchError) -> Tensor { try reduced(CT_MAXIMUM, [], false) }
    public func maximum(over axes: [Int], keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_MAXIMUM, axes, keepingAxes)
    }
    public func maximum(over axis: Int, keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_MAXIMUM, [axis], keepingAxes)
    }
    public func minimum() throws(TorchError) -> Tensor { try reduced(CT_MINIMUM, [], false) }
    public func minimum(over axes: [Int], keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_MINIMUM, axes, keepingAxes)
    }
    public func minimum(over axis: Int, keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_MINIMUM, [axis], keepingAxes)
    }
    /// The Euclidean norm of all elements.
    public func norm() throws(TorchError) -> Tensor { try reduced(CT_NORM, [], false) }
    public func norm(over axes: [Int], keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_NORM, axes, keepingAxes)
    }
    /// `log(sum(exp(x)))`, without overflow.
    public func logSumExp(over axes: [Int], keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_LOG_SUM_EXP, axes, keepingAxes)
    }
    /// Whether any element is not 0; `.bool`.
    public func any(over axes: [Int] = [], keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_ANY, axes, keepingAxes)
    }
    /// Whether no element is 0; `.bool`.
    public func all(over axes: [Int] = [], keepingAxes: Bool = false) throws(TorchError) -> Tensor {
        try reduced(CT_ALL, axes, keepingAxes)
    }

    /// The Int64 index of the largest element along an axis, which goes away; the first of equals.
    public func argmax(over axis: Int) throws(TorchError) -> Tensor { try produce { ct_argmax(handle, axis, $0) } }

    /// Sorted along an axis, stable: equals keep their order. `indices` is Int64.
    public func sorted(over axis: Int, descending: Bool = false) throws(TorchError) -> (values: Tensor, indices: Tensor)
    {
        let (values, indices) = try producePair { ct_sort(handle, axis, descending, $0, $1) }
        return (values, indices)
    }

    /// The `count` largest, largest first. Which of equals are taken is not defined: use `sorted` where that matters.
    /// - Throws: `.index` when the axis has fewer elements.
    public func topK(_ count: Int, over axis: Int = -1) throws(TorchError) -> (values: Tensor, indices: Tensor) {
        let (values, indices) = try producePair { ct_top_k(handle, count, axis, $0, $1) }
        return (values, indices)
    }

    public func cumulativeSum(over axis: Int) throws(TorchError) -> Tensor {
        try produce { ct_cumulative_sum(handle, axis, $0) }
    }

    /// Whether no element is NaN or infinite. Waits for the device.
    public func isFinite() throws(TorchError) -> Bool {
        var finite = false
        try check(ct_all_finite(handle, &finite))
        return finite
    }

    /// Whether both have one shape, one dtype and the same values (NaN equals nothing). Waits for the device.
    public func isIdentical(to other: Tensor) throws(TorchError) -> Bool {
        var identical = false
        try check(ct_identical(handle, other.handle, &identical))
        return identical
    }
}
