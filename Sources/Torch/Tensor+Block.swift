internal import CTorch

// Some rows and columns of a matrix, by their numbers.
extension Tensor {
    /// `out[i, j] = self[rows[i], columns[j]]`: a copy, which no gradient flows through.
    /// - Parameters:
    ///   - rows: One axis of Int64 on this device; `nil`: all rows.
    ///   - columns: The same for columns.
    /// - Throws: `.invalidArgument` unless this is a contiguous floating matrix, `.index` for a number outside it, which
    ///   a GPU reports at a later call.
    public func block(rows: Tensor?, columns: Tensor?) throws(TorchError) -> Tensor {
        try produce { ct_gather_block(handle, rows?.handle, columns?.handle, $0) }
    }

    /// `self[rows[i], columns[j]] += block[i, j]`, in this tensor's memory; the numbers of an axis differ.
    /// - Throws: As `block(rows:columns:)`, and `.invalidArgument` for a block of another shape, dtype or device.
    public func add(block: Tensor, rows: Tensor?, columns: Tensor?) throws(TorchError) {
        try check(ct_add_block(handle, block.handle, rows?.handle, columns?.handle))
    }
}
