import Fixtures
import Testing
import Torch

@testable import Transformer

@Suite struct GenerationTests {
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func decodingWithACacheEqualsTheWholePass(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        let model = try TinyModel.make(shape, seed: seed)
        let tokens = try TinyModel.tokens(shape, rows: 3, time: 11, seed: seed)
        try withoutGradients {
            let whole = try model.hidden(tokens)
            let context = ForwardContext(cache: KeyValueCache(capacity: 11))
            // A prompt, a longer continuation, then token by token.
            var parts: [Tensor] = []
            for (start, end) in [(0, 4), (4, 8), (8, 9), (9, 10), (10, 11)] {
                parts.append(try model.hidden(tokens.sliced(1, from: start, to: end), in: context))
            }
            #expect(context.cache?.length == 11)
            #expect(try relativeDifference(Tensor.concatenated(parts, axis: 1), whole) < 1e-5)
        }
    }

    @Test func aFullCacheSaysSo() throws {
        let model = try TinyModel.make()
        let tokens = try TinyModel.tokens(model.architecture)
        let context = ForwardContext(cache: KeyValueCache(capacity: 5))
        let error = #expect(throws: TorchError.self) { try withoutGradients { try model.hidden(tokens, in: context) } }
        #expect(error?.message.contains("12 positions do not fit in a cache for 5") == true)
    }

    @Test func greedyTokensAreTheMostLikelyOnes() throws {
        let model = try TinyModel.make(seed: 8)
        let prompt = [3, 1, 4, 1, 5]
        let made = try model.generate(after: prompt, count: 9)
        var expected = prompt
        for _ in 0..<9 {
            let tokens = try Tensor(expected, shape: [1, expected.count])
            let logits = try withoutGradients {
                try model.logits(model.hidden(tokens)).selected(1, expected.count - 1).floats()
            }
            expected.append(try #require(logits.indices.max { logits[$0] < logits[$1] }))
        }
        #expect(made == Array(expected.dropFirst(prompt.count)))
    }

    @Test func generationStopsAtStopTokensAndWhenToldTo() throws {
        let model = try TinyModel.make(seed: 8)
        let all = try model.generate(after: [3, 1, 4], count: 12)
        let stop = all[5]
        let cut = try #require(all.firstIndex(of: stop))
        #expect(try model.generate(after: [3, 1, 4], count: 12, stops: [stop]) == Array(all[..<cut]))
        var seen: [Int] = []
        let told = try model.generate(after: [3, 1, 4], count: 12) {
            seen.append($0)
            return seen.count < 4
        }
        #expect(told == Array(all[..<4]) && seen == told)
    }

    @Test func samplingRepeatsWithItsSeed() throws {
        let model = try TinyModel.make(seed: 8)
        func run(_ seed: UInt64) throws -> [Int] {
            try model.generate(after: [5, 6], count: 24, sampling: SamplingSettings(temperature: 1.5, seed: seed))
        }
        #expect(try run(1) == run(1))
        #expect(try run(1) != run(2))
        let narrow = SamplingSettings(temperature: 1.5, topK: 1, seed: 5)
        #expect(
            try model.generate(after: [5, 6], count: 8, sampling: narrow) == model.generate(after: [5, 6], count: 8))
    }

    @Test func candidatesFollowTemperatureTopKAndTopP() {
        let logits: [Float] = [0, 2, 1, 2]
        let plain = SamplingSettings(temperature: 1).candidates(logits)
        #expect(plain.map(\.token) == [1, 3, 2, 0])
        #expect(abs(plain.reduce(0) { $0 + $1.probability } - 1) < 1e-12)
        #expect(SamplingSettings(temperature: 1, topK: 2).candidates(logits).map(\.token) == [1, 3])
        #expect(SamplingSettings(temperature: 1, topP: 0.5).candidates(logits).map(\.token) == [1, 3])
        #expect(SamplingSettings(temperature: 1, topP: 0.3).candidates(logits).map(\.token) == [1])
        #expect(SamplingSettings(temperature: 1, topP: 1).candidates(logits).count == 4)
        let cold = SamplingSettings(temperature: 0.01).candidates(logits)
        #expect(cold[0].probability > 0.49 && cold[2].probability < 1e-12)
    }

    @Test func unusablePromptsAndSettingsAreRefused() throws {
        let model = try TinyModel.make()
        #expect(throws: TransformerError.self) { try model.generate(after: [], count: 1) }
        #expect(throws: TransformerError.self) { try model.generate(after: [64], count: 1) }
        for settings in [
            SamplingSettings(temperature: -1), SamplingSettings(temperature: 1, topK: 0),
            SamplingSettings(temperature: 1, topP: 0),
        ] {
            #expect(throws: TransformerError.self) { try model.generate(after: [1], count: 1, sampling: settings) }
        }
        #expect(try model.generate(after: [1], count: 0).isEmpty)
    }
}
