import Fixtures
import Testing
import Torch

@testable import Transformer

/// Recomputed blocks give the gradients of kept ones.
@Suite struct CheckpointTests {
    private func gradients(
        _ shape: Architecture, seed: UInt64, checkpointing: Bool, masked: Bool, computeDType: DType = .float32
    ) throws -> (loss: Double, gradients: [Tensor]) {
        let model = try TinyModel.make(shape, seed: seed, computeDType: computeDType)
        let tokens = try TinyModel.tokens(shape, seed: seed)
        var leaves: [Tensor] = []
        var masks: LayerMasks?
        if masked {
            // Masks that are functions of leaves, as learned masks are.
            masks = try MaskTests.masks(shape, seed: seed).mapped { (values) throws(TorchError) in
                try values.setRequiresGradient(true)
                leaves.append(values)
                return try values * 0.5 + 0.25
            }
        }
        let tape = checkpointing ? CheckpointTape() : nil
        let hidden = try model.hidden(tokens, in: ForwardContext(masks: masks, checkpointing: tape))
        let loss = try model.rowLosses(hidden, tokens).sum()
        try loss.backward()
        try tape?.backward()
        return (try loss.item(), try (model.parameters.map(\.value) + leaves).map { try #require($0.gradient) })
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func gradientsEqualThoseOfThePlainPass(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        for masked in [false, true] {
            let plain = try gradients(shape, seed: seed, checkpointing: false, masked: masked)
            let recomputed = try gradients(shape, seed: seed, checkpointing: true, masked: masked)
            #expect(plain.loss == recomputed.loss)
            #expect(plain.gradients.count == recomputed.gradients.count)
            for (a, b) in zip(recomputed.gradients, plain.gradients) { #expect(try relativeDifference(a, b) < 1e-5) }
        }
    }

    @Test func itWorksInBfloat16() throws {
        let shape = TinyModel.architecture()
        let plain = try gradients(shape, seed: 1, checkpointing: false, masked: true, computeDType: .bfloat16)
        let recomputed = try gradients(shape, seed: 1, checkpointing: true, masked: true, computeDType: .bfloat16)
        for (a, b) in zip(recomputed.gradients, plain.gradients) { #expect(try relativeDifference(a, b) < 0.02) }
    }

    @Test func aTapeServesSeveralPassesAndIsThenEmpty() throws {
        let model = try TinyModel.make()
        let first = try TinyModel.tokens(model.architecture, seed: 1)
        let second = try TinyModel.tokens(model.architecture, seed: 2)
        func run(_ context: ForwardContext) throws -> [Tensor] {
            for parameter in model.parameters { parameter.value.clearGradient() }
            let a = try model.rowLosses(model.hidden(first, in: context), first).sum()
            let b = try model.rowLosses(model.hidden(second, in: context), second).sum()
            try (a + b).backward()
            try context.checkpointing?.backward()
            try context.checkpointing?.backward()
            return try model.parameters.map { try #require($0.value.gradient).copied() }
        }
        let plain = try run(ForwardContext())
        for (a, b) in zip(try run(ForwardContext(checkpointing: CheckpointTape())), plain) {
            #expect(try relativeDifference(a, b) < 1e-5)
        }
    }

    @Test func aCacheIsRefused() throws {
        let model = try TinyModel.make()
        let tokens = try TinyModel.tokens(model.architecture)
        let context = ForwardContext(cache: KeyValueCache(capacity: 12), checkpointing: CheckpointTape())
        #expect(throws: TorchError.self) { try model.hidden(tokens, in: context) }
    }
}
