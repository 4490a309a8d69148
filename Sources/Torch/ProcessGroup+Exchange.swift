internal import CTorch

// Tensors travel as contiguous memory of the CPU, or of a GPU that is connected to the others: all else is brought to the CPU,
// and back. Of one dtype and shape on all ranks, and all on the CPU or all on GPUs.
extension ProcessGroup {
    /// Every rank's tensor becomes the sum over all ranks, in place and with the same bits everywhere.
    /// - Throws: `.rankLost`, `.invalidArgument` for a dtype that cannot be summed.
    public func sum(_ tensor: Tensor) throws(TorchError) {
        try exchange(tensor, "sum") { ct_group_all_reduce($0, $1, false, &$2) }
    }

    /// Every rank's tensor becomes the element-wise maximum over all ranks, in place.
    /// - Throws: As `sum`.
    public func maximum(_ tensor: Tensor) throws(TorchError) {
        try exchange(tensor, "maximum") { ct_group_all_reduce($0, $1, true, &$2) }
    }

    /// Every rank's tensor becomes that of rank `root`, in place.
    /// - Throws: `.rankLost`, `.invalidArgument` for a rank that is not in the group.
    public func broadcast(_ tensor: Tensor, from root: Int = 0) throws(TorchError) {
        let number = Int32(clamping: root)
        try exchange(tensor, "broadcast") { ct_group_broadcast($0, $1, number, &$2) }
    }

    /// All ranks' tensors in their order: `[ranks, ...]`, on the tensor's device if it `isDirect`, else on the CPU.
    /// - Throws: `.rankLost`.
    public func gathered(_ tensor: Tensor) throws(TorchError) -> Tensor {
        let own = try local(tensor)
        let all = try Tensor.empty([count] + tensor.shape, tensor.dtype, on: own.device)
        try perform("gather", on: own.device) { ct_group_all_gather($0, own.handle, all.handle, &$1) }
        return all
    }

    /// This rank's part of the sum of all ranks' tensors: the first axis falls into as many equal parts as there are ranks.
    /// Where: as `gathered`.
    /// - Throws: `.rankLost`, `.invalidArgument` when it does not.
    public func scatteredSum(_ tensor: Tensor) throws(TorchError) -> Tensor {
        let first = try requireParts(tensor)
        let whole = try local(tensor)
        let part = try Tensor.empty([first / count] + tensor.shape.dropFirst(), tensor.dtype, on: whole.device)
        try perform("scattered sum", on: whole.device) { ct_group_reduce_scatter($0, whole.handle, part.handle, &$1) }
        return part
    }

    /// What all ranks have for this one, in their order: the first axis falls into as many equal parts as there are ranks,
    /// and part `r` goes to rank `r`. Where: as `gathered`.
    /// - Throws: `.rankLost`, `.invalidArgument` when it does not.
    public func dealt(_ tensor: Tensor) throws(TorchError) -> Tensor {
        try requireParts(tensor)
        let own = try local(tensor)
        let all = try Tensor.empty(own.shape, own.dtype, on: own.device)
        try perform("deal", on: own.device) { ct_group_all_to_all($0, own.handle, all.handle, &$1) }
        return all
    }

    /// Returns when all ranks have called it.
    /// - Throws: `.rankLost`.
    public func barrier() throws(TorchError) { try barrier(isAwaited: false) }

    /// The largest over all ranks of each of some numbers.
    /// - Throws: `.rankLost`.
    public func maxima(_ numbers: [Double]) throws(TorchError) -> [Double] {
        let tensor = try Tensor(numbers)
        try maximum(tensor)
        return try tensor.doubles()
    }

    /// The sums over all ranks of some numbers.
    /// - Throws: `.rankLost`.
    public func sums(_ numbers: [Double]) throws(TorchError) -> [Double] {
        let tensor = try Tensor(numbers)
        try sum(tensor)
        return try tensor.doubles()
    }

    /// The length of the first axis, which falls into as many equal parts as there are ranks.
    @discardableResult
    private func requireParts(_ tensor: Tensor) throws(TorchError) -> Int {
        guard let first = tensor.shape.first, first % count == 0 else {
            throw TorchError(
                code: .invalidArgument, operation: "exchange of parts",
                message: "the first axis of \(tensor) does not fall into \(count) equal parts")
        }
        return first
    }

    private func local(_ tensor: Tensor) throws(TorchError) -> Tensor {
        try tensor.detached().to(isDirect(tensor.device) ? tensor.device : .cpu).contiguous()
    }

    private func exchange(
        _ tensor: Tensor, _ name: String, _ begin: (OpaquePointer, OpaquePointer, inout OpaquePointer?) -> ct_status
    ) throws(TorchError) {
        let near = try local(tensor)
        try perform(name, on: near.device) { begin($0, near.handle, &$1) }
        guard !near.sharesMemory(with: tensor) else { return }
        try withoutGradients { () throws(TorchError) in try tensor.copy(from: near) }
    }
}
