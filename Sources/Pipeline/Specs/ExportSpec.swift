public import Torch

/// `kind: export`: a model to a Hugging Face folder that other programs load as it is.
public struct ExportSpec: Encodable, Sendable, Equatable {
    /// The stage whose model is exported.
    public var model: StageID
    /// Type of the stored weights: `bfloat16` or `float32`.
    public var dtype: DType
    /// The model's name in its card; the pipeline's and the stage's when not stated.
    public var name: String?
    /// Largest safetensors file in bytes; more goes to further shards.
    public var shardBytes: Int

    enum CodingKeys: String, CodingKey, CaseIterable {
        case model, dtype, name
        case shardBytes = "shard_bytes"
    }
}
