internal import Torch

/// Keys and values of the tokens a model has seen, so that the next token costs one position.
///
/// Memory for `capacity` positions is taken per block at its first use. One cache serves one batch of equally long
/// sequences, and one view of the model until it is cleared.
public final class KeyValueCache {
    /// Positions there is room for.
    public let capacity: Int
    /// Positions held; the same for all sequences of the batch.
    public private(set) var length = 0
    private var blocks: [Int: (keys: Tensor, values: Tensor)] = [:]

    private var view: SubNetworkView?

    /// An empty cache for `capacity` positions.
    public init(capacity: Int) { self.capacity = capacity }

    /// Forgets everything but keeps the memory.
    public func clear() { length = 0 }

    /// Notes whose keys and values the cache holds.
    /// - Throws: `.invalidArgument` when it holds those of another view already.
    func serve(_ view: SubNetworkView?) throws(TorchError) {
        guard length == 0 || self.view == view else {
            throw TorchError(
                code: .invalidArgument, operation: "KeyValueCache.serve",
                message: "the cache holds \(length) positions of another view of the model; clear it or use another one"
            )
        }
        self.view = view
    }

    /// Stores the keys and values `[batch, heads, time, headSize]` of one block and returns those of all positions so
    /// far.
    func extend(_ block: Int, keys: Tensor, values: Tensor) throws(TorchError) -> (keys: Tensor, values: Tensor) {
        let end = length + keys.shape[2]
        guard end <= capacity else {
            throw TorchError(
                code: .invalidArgument, operation: "KeyValueCache.extend",
                message: "\(end) positions do not fit in a cache for \(capacity); make a larger one")
        }
        let held: (keys: Tensor, values: Tensor)
        if let known = blocks[block] {
            held = known
        } else {
            let shape = [keys.shape[0], keys.shape[1], capacity, keys.shape[3]]
            held = (
                try Tensor.empty(shape, keys.dtype, on: keys.device),
                try Tensor.empty(shape, keys.dtype, on: keys.device)
            )
            blocks[block] = held
        }
        try held.keys.sliced(2, from: length, to: end).copy(from: keys)
        try held.values.sliced(2, from: length, to: end).copy(from: values)
        return (try held.keys.sliced(2, from: 0, to: end), try held.values.sliced(2, from: 0, to: end))
    }

    /// Counts the positions that all blocks have stored.
    func advance(by count: Int) { length += count }
}
