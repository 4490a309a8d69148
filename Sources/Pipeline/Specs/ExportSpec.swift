public import Torch

/// `kind: export`: a model to a Hugging Face folder that other programs load as it is.
public struct ExportSpec: Encodable, Sendable, Equatable {
    /// The stage whose model is exported.
    public var model: StageID
    /// For which programs.
    public var form: Form
    /// Type of the stored weights: `bfloat16` or `float32`.
    public var dtype: DType
    /// The model's name in its card; the pipeline's and the stage's when not stated.
    public var name: String?
    /// Largest safetensors file in bytes; more goes to further shards.
    public var shardBytes: Int

    /// For which programs an export is. All but `per_layer` are for models whose layers may only differ in feed-forward
    /// width, or be without a half.
    public enum Form: String, Encodable, Sendable, CaseIterable {
        /// Plain LLaMA, which transformers and most other programs load; layers must be alike.
        case plain
        /// Plain LLaMA with neurons of weight 0, so that layers of any width become alike.
        case padded
        /// `block_configs` of `nemotron-nas`: exact layers for programs that know it, widths raised to multiples of 256.
        case blockConfigs = "block_configs"
        /// Exact layers for Shearling itself.
        case perLayer = "per_layer"
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case model, form, dtype, name
        case shardBytes = "shard_bytes"
    }
}
