import Fixtures
import Testing
import Torch

@testable import Transformer

@Suite struct SmoothingTests {
    /// Blocks that differ, with grouped heads and biases; one has no attention.
    private func model(_ seed: UInt64) throws -> LanguageModel {
        var shape = TinyModel.architecture(
            layers: 3, hidden: 64, heads: 4, keyValueHeads: 2, headSize: 16, intermediate: 96, tied: seed % 2 == 0,
            attentionBias: true, mlpBias: true)
        shape.blocks[1] = BlockShape(queryHeads: 2, keyValueHeads: 1, intermediateSize: 40)
        shape.blocks[2] = BlockShape(queryHeads: 0, keyValueHeads: 0, intermediateSize: 64)
        let model = try TinyModel.make(shape, seed: seed)
        // Biases and norms as a trained model has them, and two channels far larger than the others.
        var random = RepeatableRandom(seed)
        try withoutGradients {
            for parameter in model.parameters where parameter.shape.count == 1 {
                try parameter.master.add(random.tensor(parameter.shape), scale: 0.1)
            }
            for block in model.blocks {
                if let norm = block.attentionNorm { try norm.weight.master.narrowed(0, from: 5, count: 1).fill(40) }
                if let up = block.feedForward?.up.weight { try up.master.selected(0, 7).multiply(by: 40) }
            }
            try Parameter.refresh(model.parameters)
        }
        return model
    }

    private func peaks(_ model: LanguageModel, _ tokens: Tensor) throws -> ActivationPeaks {
        var peaks = ActivationPeaks()
        try withoutGradients {
            _ = try model.hidden(
                tokens,
                in: ForwardContext(observe: { (site, tensor) throws(TorchError) in try peaks.observe(site, tensor) }))
        }
        return peaks
    }

    @Test(arguments: 0..<6 as Range<UInt64>) func smoothingChangesNoBitOfTheResult(_ seed: UInt64) throws {
        let (model, plain) = try (model(seed), model(seed))
        let tokens = try TinyModel.tokens(model.architecture)
        try model.smooth(peaks(model, tokens), strength: [0, 0.5, 1][Int(seed % 3)])
        try withoutGradients {
            let (smoothed, logits) = try (model.logits(model.hidden(tokens)), plain.logits(plain.hidden(tokens)))
            #expect(try smoothed.isIdentical(to: logits))
        }
        let changed = try zip(model.parameters, plain.parameters).filter { try !$0.master.isIdentical(to: $1.master) }
        #expect(changed.count > 20)
    }

    @Test func channelsAndTheirWeightsReachAlikeAtHalfStrength() throws {
        let model = try model(3)
        let tokens = try TinyModel.tokens(model.architecture)
        try model.smooth(peaks(model, tokens))
        let smoothed = try peaks(model, tokens)
        // max|x| / s = max|w| * s = sqrt(max|x| max|w|) at strength 1/2 (equation 4), each a root of 2 off at most.
        let peak = try #require(smoothed[.neurons(block: 0)])
        let weight = try #require(model.blocks[0].feedForward?.down.weight).master.detached().abs().maximum(over: 1)
        let ratios = try (peak / weight).floats()
        #expect(ratios.allSatisfy { (0.499...2.001).contains($0) }, "\(ratios)")
    }

    @Test func largeChannelsCostLessAfterSmoothing() throws {
        var errors = [0.0, 0.0]
        for seed in 0..<8 as Range<UInt64> {
            for isSmoothed in [false, true] {
                let model = try model(seed)
                let tokens = try TinyModel.tokens(model.architecture, rows: 4, time: 32)
                let exact = try withoutGradients { try model.hidden(tokens) }
                if isSmoothed { try model.smooth(peaks(model, tokens)) }
                let rounded = try withoutGradients { try model.quantized(.int8).hidden(tokens) }
                errors[isSmoothed ? 1 : 0] += try (rounded - exact).norm().item() / exact.norm().item()
            }
        }
        // 8 models of random weights: smoothing takes away a third of the error or more.
        #expect(errors[1] < errors[0] * 2 / 3, "\(errors)")
    }

    @Test func peaksAreTheLargestMagnitudesSeen() throws {
        var peaks = ActivationPeaks()
        try peaks.observe(.neurons(block: 1), Tensor([1, -3, 2, 0.5] as [Float], shape: [1, 2, 2]))
        try peaks.observe(.neurons(block: 1), Tensor([0.5, -4] as [Float], shape: [1, 1, 2]))
        // Heads stand before positions: head 0 holds 1, -2 then 3, 0; head 1 holds -5, 1 then 0, 0.
        try peaks.observe(.context(block: 0), Tensor([1, -2, 3, 0, -5, 1, 0, 0] as [Float], shape: [1, 2, 2, 2]))
        try peaks.observe(.stream(block: 0), Tensor([9] as [Float], shape: [1, 1, 1]))
        #expect(try #require(peaks[.neurons(block: 1)]).floats() == [2, 4])
        #expect(try #require(peaks[.context(block: 0)]).floats() == [3, 2, 5, 1])
        #expect(peaks[.stream(block: 0)] == nil && peaks[.neurons(block: 0)] == nil)
    }

    @Test func aQuantisedModelIsNotSmoothed() throws {
        let quantized = try model(2).quantized(.int8)
        #expect(throws: TorchError.self) { try quantized.smooth(ActivationPeaks()) }
    }
}
