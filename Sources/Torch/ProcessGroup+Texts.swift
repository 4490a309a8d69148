// What ranks say to each other in words, and how they wait for one of them.
extension ProcessGroup {
    /// The text of rank 0; the others give none.
    /// - Throws: `.rankLost`.
    public func shared(_ text: String?) throws(TorchError) -> String {
        let bytes = Array((text ?? "").utf8)
        let size = try Tensor([isFirst ? bytes.count : 0])
        try broadcast(size)
        let count = Int(try size.item())
        let content = try isFirst ? Tensor(bytes) : Tensor.zeros([count], .uint8)
        if count > 0 { try broadcast(content) }
        return try content.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The texts of all ranks, in their order.
    /// - Throws: `.rankLost`.
    public func texts(_ own: String) throws(TorchError) -> [String] {
        let bytes = Array(own.utf8)
        let sizes = try gathered(Tensor([bytes.count])).int64s().map { Int($0) }
        let longest = sizes.max() ?? 0
        if longest == 0 { return sizes.map { _ in "" } }
        let padding = [UInt8](repeating: 0, count: longest - bytes.count)
        return try gathered(Tensor(bytes + padding)).withBytes { all in
            sizes.enumerated().map { rank, size in
                String(decoding: all[rank * longest..<rank * longest + size], as: UTF8.self)
            }
        }
    }

    /// Returns when all ranks have called it, however long rank 0 takes to come: as long as it gives signs of life.
    /// - Throws: `.rankLost`.
    public func waitForFirst() throws(TorchError) {
        try awaitFirst()
        try barrier(isAwaited: isFirst)
    }
}
