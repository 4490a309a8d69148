internal import Torch

/// Tensors as one row of elements, in their order: what exchanges between ranks cut into pieces of their own sizes.
struct FlatMemory {
    /// One axis each; `nil` stands for zeros.
    private let flats: [Tensor?]
    private let counts: [Int]
    /// The place of each tensor's first element.
    private let starts: [Int]
    /// The elements of all.
    let count: Int

    /// Views of the tensors, copies of those whose memory is not in order.
    init(_ tensors: [Tensor]) throws(TorchError) {
        try self.init(tensors, counts: tensors.map(\.elementCount))
    }

    /// - Parameter counts: The elements of each tensor, also of those that are not there.
    init(_ tensors: [Tensor?], counts: [Int]) throws(TorchError) {
        var flats: [Tensor?] = []
        for tensor in tensors { flats.append(try tensor?.detached().contiguous().reshaped([-1])) }
        var starts: [Int] = []
        var count = 0
        for next in counts {
            starts.append(count)
            count += next
        }
        self.flats = flats
        self.counts = counts
        self.starts = starts
        self.count = count
    }

    /// Calls `body` for each tensor that has elements of `range`, with their number and a view of them.
    private func forEachPiece(
        of range: Range<Int>, _ body: (Int, Tensor?) throws(TorchError) -> Void
    ) throws(TorchError) {
        for (index, start) in starts.enumerated() {
            let part = range.clamped(to: start..<start + counts[index])
            if part.isEmpty { continue }
            try body(part.count, flats[index]?.narrowed(0, from: part.lowerBound - start, count: part.count))
        }
    }

    /// Views of the elements of a range, in order, of tensors that are there.
    func pieces(_ range: Range<Int>) throws(TorchError) -> [Tensor] {
        var pieces: [Tensor] = []
        try forEachPiece(of: range) { (_, piece) throws(TorchError) in if let piece { pieces.append(piece) } }
        return pieces
    }

    /// Copies the elements of a range to the beginning of `buffer`, in its type.
    func copy(_ range: Range<Int>, to buffer: Tensor) throws(TorchError) {
        var next = 0
        try forEachPiece(of: range) { (count, piece) throws(TorchError) in
            let place = try buffer.narrowed(0, from: next, count: count)
            if let piece { try place.copy(from: piece) } else { try place.zero() }
            next += count
        }
    }

    /// Copies the beginning of `buffer` to the elements of a range.
    func copy(from buffer: Tensor, to range: Range<Int>) throws(TorchError) {
        var next = 0
        try forEachPiece(of: range) { (count, piece) throws(TorchError) in
            try piece?.copy(from: buffer.narrowed(0, from: next, count: count))
            next += count
        }
    }

    /// Adds the beginning of `buffer` to the elements of a range.
    func add(_ buffer: Tensor, to range: Range<Int>) throws(TorchError) {
        var next = 0
        try forEachPiece(of: range) { (count, piece) throws(TorchError) in
            try piece?.add(buffer.narrowed(0, from: next, count: count))
            next += count
        }
    }

    /// Brings what was changed back to tensors that are not viewed but copied.
    func restore(to tensors: [Tensor]) throws(TorchError) {
        for (tensor, flat) in zip(tensors, flats) {
            guard let flat, !flat.sharesMemory(with: tensor) else { continue }
            try tensor.copy(from: flat.viewed(tensor.shape))
        }
    }
}
