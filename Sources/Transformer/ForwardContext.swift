public import Torch

/// Under which circumstances a model runs.
public struct ForwardContext {
    /// Masks of prunable units; nil runs the whole model.
    public var masks: LayerMasks?
    /// Which blocks run, and with how many neurons each; nil: all of them.
    public var view: SubNetworkView?
    /// Keys and values of earlier tokens; the tokens given continue them. Not with gradients.
    public var cache: KeyValueCache?
    /// `[batch, time]`, integers: a token attends only to earlier ones of the same number. Not together with a cache.
    public var segments: Tensor?
    /// How the tokens of rows branch; nil: each token follows the one before it. Not together with a cache or segments.
    public var branches: RowBranches?
    /// Where to record block inputs so that the backward pass recomputes blocks instead of keeping their tensors; nil
    /// keeps them.
    public var checkpointing: CheckpointTape?
    /// Whether blocks whose layer mask is 0 are skipped, which reads the layer masks on the host; nil: when no
    /// gradients are recorded.
    public var skipsDeadLayers: Bool?
    /// Called with intermediate tensors as they are made, for importance measures; nil observes nothing. They hang in
    /// the graph.
    public var observe: Observer?

    /// What looks at intermediate tensors.
    public typealias Observer = (ActivationSite, Tensor) throws(TorchError) -> Void

    /// A context; by default the whole model on fresh tokens.
    public init(
        masks: LayerMasks? = nil, view: SubNetworkView? = nil, cache: KeyValueCache? = nil, segments: Tensor? = nil,
        branches: RowBranches? = nil, checkpointing: CheckpointTape? = nil, skipsDeadLayers: Bool? = nil,
        observe: Observer? = nil
    ) {
        self.masks = masks
        self.view = view
        self.cache = cache
        self.segments = segments
        self.branches = branches
        self.checkpointing = checkpointing
        self.skipsDeadLayers = skipsDeadLayers
        self.observe = observe
    }
}

/// Where in the model an intermediate tensor is made.
public enum ActivationSite: Sendable, Hashable {
    /// `[batch, time, hidden]`: the stream before the first block.
    case embedding
    /// `[batch, time, hidden]`: what the attention of a block reads, after norm and hidden mask.
    case attentionInput(block: Int)
    /// `[batch, query heads, time, headSize]`: what the heads of a block give to the output projection, after the head
    /// mask.
    case context(block: Int)
    /// `[batch, time, hidden]`: what the feed-forward network of a block reads, after norm and hidden mask.
    case feedForwardInput(block: Int)
    /// `[batch, time, intermediate]`: what the down projection of a block reads, after the intermediate mask; under a
    /// view only the neurons it uses.
    case neurons(block: Int)
    /// `[batch, time, hidden]`: the stream after a block.
    case stream(block: Int)
    /// `[batch, time, hidden]`: what the head reads, after the final norm.
    case final
}

/// What all blocks of one forward pass share.
struct PassGeometry {
    let angles: RotaryAngles
    /// Which positions attend to which, `[batch or 1, 1, time, positions]`; nil: `isCausal` says it all.
    let attentionMask: Tensor?
    let isCausal: Bool
    let cache: KeyValueCache?
    /// Fits the model when there is one.
    let view: SubNetworkView?
    var observe: ForwardContext.Observer?
}
