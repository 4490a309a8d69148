public import Torch

/// The inputs of blocks whose inner tensors were not kept, and the backward pass that makes them again.
///
/// A forward pass under a tape (``ForwardContext/checkpointing``) runs each block without recording gradients and
/// keeps its input. The hidden states it returns hang on a leaf, so that backward from the loss ends there;
/// ``backward()`` then walks the blocks from the last to the first, runs each again on its detached input and
/// propagates through it. Nothing calls back into Swift from inside libtorch's engine. Gradients are those of the
/// plain pass; the price is a second forward pass.
public final class CheckpointTape {
    private var passes: [Pass] = []

    private struct Pass {
        /// The embedded tokens, with their graph.
        let embedded: Tensor
        /// Blocks and their inputs, without graphs.
        let inputs: [(block: Block, input: Tensor)]
        /// Leaf behind which the hidden states' graph begins.
        let top: Tensor
        /// The masks given, with their graphs, and the leaves that stand for them.
        let masks: LayerMasks?
        let leaves: LayerMasks?
        let geometry: PassGeometry
    }

    /// An empty tape.
    public init() {}

    /// Runs `blocks` on `stream` without keeping their inner tensors; the result of `finish` hangs on leaves of the
    /// tape.
    func record(
        _ stream: Tensor, through blocks: [Block], masks: LayerMasks?, _ geometry: PassGeometry,
        finish: (Tensor, LayerMasks?) throws(TorchError) -> Tensor
    ) throws(TorchError) -> Tensor {
        guard geometry.cache == nil else {
            throw TorchError(
                code: .invalidArgument, operation: "CheckpointTape.record",
                message: "a key-value cache cannot be used while blocks are checkpointed")
        }
        let leaves = try masks?.mapped { (mask) throws(TorchError) in
            let leaf = try mask.detached()
            if mask.requiresGradient { try leaf.setRequiresGradient(true) }
            return leaf
        }
        var current = try stream.detached()
        var inputs: [(block: Block, input: Tensor)] = []
        for block in blocks {
            inputs.append((block, current))
            let input = current
            current = try withoutGradients { () throws(TorchError) in try block(input, masks: leaves, geometry) }
            try geometry.observe?(.stream(block: block.index), current)
        }
        let top = try current.detached()
        try top.setRequiresGradient(true)
        let result = try finish(top, leaves)
        passes.append(
            Pass(embedded: stream, inputs: inputs, top: top, masks: masks, leaves: leaves, geometry: geometry))
        return result
    }

    /// Carries the gradients that backward from the loss left at the tape on to blocks, embedding and masks, and
    /// empties the tape.
    ///
    /// Call it once after `backward()` of the loss. A pass that the loss did not use is skipped.
    /// - Throws: `TorchError.outOfMemory`, or what running a block again gives.
    public func backward() throws(TorchError) {
        let recorded = passes
        passes = []
        for pass in recorded.reversed() {
            guard var gradient = pass.top.gradient else { continue }
            var geometry = pass.geometry
            geometry.observe = nil
            for (block, input) in pass.inputs.reversed() {
                let leaf = try input.detached()
                try leaf.setRequiresGradient(true)
                let output = try block(leaf, masks: pass.leaves, geometry)
                try output.backward(gradient: gradient)
                gradient = leaf.gradient ?? gradient
            }
            if pass.embedded.requiresGradient { try pass.embedded.backward(gradient: gradient) }
            guard let masks = pass.masks?.tensors, let leaves = pass.leaves?.tensors else { continue }
            for (mask, leaf) in zip(masks, leaves) {
                if mask.requiresGradient, let gradient = leaf.gradient { try mask.backward(gradient: gradient) }
            }
        }
    }
}
