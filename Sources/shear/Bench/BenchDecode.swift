internal import ArgumentParser
internal import Evaluation
internal import FoundationEssentials
internal import Pipeline
internal import Torch
internal import Transformer

/// `shear bench decode`: what `shear generate` does. A slice reads the prompt and makes tokens after it, greedily.
struct BenchDecode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Continues a prompt greedily with a key-value cache, one sequence.")

    @OptionGroup var chosen: ChosenModel
    @Option(parsing: .upToNextOption, help: "The prompt's token ids.")
    var prompt: [Int]
    @Option(help: "Tokens that are decoded after the one that the prompt gives.")
    var count = 64
    @Flag(help: "Quantise the projections to INT8 first.")
    var int8 = false
    @OptionGroup var threads: BenchThreads

    private struct Facts: Encodable {
        var parameters: Int
        var prompt: Int
        var decoded: Int
        /// Bytes that one decoded token must read, on average over the slice; only of dense models.
        var bytesPerToken: Int?
    }

    private struct Slice: Encodable {
        var seconds: Double
        var prefillSeconds: Double
        var decodeSeconds: Double
        var tokens: [Int]
        var peakResidentBytes: Int
    }

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            try threads.apply()
            // Quantising reads the float32 masters, which a frozen model does not keep.
            let loaded = try chosen.load(isFrozen: !int8).model
            let model = try withTorch { () throws(TorchError) in
                try int8 ? loaded.quantized(.int8) : loaded
            }
            let cost = CostModel(model.architecture)
            let facts = Facts(
                parameters: model.architecture.parameterCount, prompt: prompt.count, decoded: count,
                bytesPerToken: int8
                    ? nil : cost.decodingBytesPerToken(model.computeDType, positions: prompt.count + count / 2))
            try withTransformer { () throws(TransformerError) in
                try Turns.take(facts) { () throws(TransformerError) in try slice(model) }
            }
        }
    }

    private func slice(_ model: LanguageModel) throws(TransformerError) -> Slice {
        let start = ContinuousClock.now
        var prefill: Double?
        let made = try model.generate(after: prompt, count: count + 1) { _ in
            if prefill == nil { prefill = start.elapsedSeconds }
            return true
        }
        let seconds = start.elapsedSeconds
        return Slice(
            seconds: seconds, prefillSeconds: prefill ?? seconds, decodeSeconds: seconds - (prefill ?? seconds),
            tokens: made, peakResidentBytes: MemoryUse.peakResidentBytes)
    }
}
