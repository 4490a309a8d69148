internal import Torch

/// The attention half of a block: multi-head, grouped-query or multi-query, with rotary positions.
public final class Attention {
    /// `[query heads * headSize, hidden]`.
    public let query: Linear
    /// `[key-value heads * headSize, hidden]`.
    public let key: Linear
    /// `[key-value heads * headSize, hidden]`.
    public let value: Linear
    /// `[hidden, query heads * headSize]`.
    public let output: Linear
    let shape: BlockShape
    let headSize: Int

    init(query: Linear, key: Linear, value: Linear, output: Linear, shape: BlockShape, headSize: Int) {
        self.query = query
        self.key = key
        self.value = value
        self.output = output
        self.shape = shape
        self.headSize = headSize
    }

    /// What attention adds to the stream, before layer and hidden mask: `[batch, time, hidden]` to the same.
    func callAsFunction(
        _ input_BTH: Tensor, headMask: Tensor?, _ geometry: PassGeometry, block: Int
    ) throws(TorchError) -> Tensor {
        let batch = input_BTH.shape[0]
        let time = input_BTH.shape[1]
        func heads(_ projection: Linear, _ count: Int) throws(TorchError) -> Tensor {
            try projection(input_BTH).reshaped([batch, time, count, headSize]).transposed(1, 2)
        }
        let query_BQTD = try geometry.angles.rotate(try heads(query, shape.queryHeads))
        var key_BKSD = try geometry.angles.rotate(try heads(key, shape.keyValueHeads))
        var value_BKSD = try heads(value, shape.keyValueHeads)
        if let cache = geometry.cache {
            (key_BKSD, value_BKSD) = try cache.extend(block, keys: key_BKSD, values: value_BKSD)
        }
        var context_BQTD = try Tensor.scaledDotProductAttention(
            query_BQTD, key_BKSD, value_BKSD, mask: geometry.attentionMask, isCausal: geometry.isCausal,
            groupedQuery: shape.groupSize > 1)
        if let headMask { context_BQTD = try context_BQTD * headMask.to(context_BQTD.dtype) }
        try geometry.observe?(.context(block: block), context_BQTD)
        return try output(context_BQTD.transposed(1, 2).reshaped([batch, time, shape.queryHeads * headSize]))
    }
}
