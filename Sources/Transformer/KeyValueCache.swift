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
    private weak var fusedModel: LanguageModel?
    /// What `fusedModel` runs one token with under `view`; nil where it cannot.
    private(set) var fused: FusedDecoder?

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
        if self.view != view { fusedModel = nil }
        self.view = view
    }

    /// The decoder that runs a model under the served view over this cache's memory; made at the first call.
    func decoder(
        of model: LanguageModel, make: () throws(TorchError) -> FusedDecoder?
    ) throws(TorchError) -> FusedDecoder? {
        if fusedModel !== model {
            fused = try make()
            fusedModel = model
        }
        return fused
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
        let held = try memory(
            of: block, [keys.shape[0], keys.shape[1], capacity, keys.shape[3]], keys.dtype, on: keys.device)
        try held.keys.sliced(2, from: length, to: end).copy(from: keys)
        try held.values.sliced(2, from: length, to: end).copy(from: values)
        return (try held.keys.sliced(2, from: 0, to: end), try held.values.sliced(2, from: 0, to: end))
    }

    /// Room for the keys and values of a block, taken at its first use.
    /// - Parameter shape: `[batch, heads, capacity, headSize]`.
    func memory(
        of block: Int, _ shape: [Int], _ dtype: DType, on device: Device
    ) throws(TorchError) -> (keys: Tensor, values: Tensor) {
        if let held = blocks[block] { return held }
        let made = (
            keys: try Tensor.empty(shape, dtype, on: device), values: try Tensor.empty(shape, dtype, on: device)
        )
        blocks[block] = made
        return made
    }

    /// Counts the positions that all blocks have stored.
    func advance(by count: Int) { length += count }
}
