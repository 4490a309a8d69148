internal import Corpus
internal import Shearing
internal import Torch
internal import Transformer

/// `import`: writes `model/`, a Hugging Face folder with float32 weights, the tokenizer and its configuration.
extension ImportSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] { like.map { [StageNeed(key: "like", stage: $0, kind: .model)] } ?? [] }

    public var outsideInputs: [OutsideInput] {
        var inputs: [OutsideInput] = []
        if case .path(let path) = weights { inputs.append(OutsideInput(key: "weights", path: path, role: .weights)) }
        if let tokenizer { inputs.append(OutsideInput(key: "tokenizer", path: tokenizer, role: .tokenizer)) }
        return inputs
    }

    public var usesSeed: Bool { weights == .random }

    public func problems() -> [KeyProblem] {
        var found: [KeyProblem] = []
        switch weights {
        case .path:
            for (key, isThere) in [("like", like != nil), ("target", target != nil), ("seed", seed != nil)]
            where isThere {
                found.append((key, "has a meaning only with weights: random"))
            }
        case .random:
            if architecture == nil, like == nil {
                found.append(("weights", "random weights need an architecture: or a like: that says of which shape"))
            }
            if architecture != nil, like != nil {
                found.append(("like", "stands beside architecture; keep one of them"))
            }
            if target != nil, like == nil { found.append(("target", "needs like:, whose constants it keeps")) }
        }
        return found
    }

    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        switch weights {
        case .random:
            if let like, let base = context[like]?.architecture {
                for problem in target?.target.problems(against: base) ?? [] {
                    outlook.problems.append(("target", problem))
                }
                outlook.architecture = target.map { $0.target.architecture(from: base) } ?? base
            } else {
                outlook.architecture = architecture?.architecture
            }
        case .path(let path):
            if Folder.exists(path), let found = try? ModelFolder.architecture(path) {
                outlook.architecture = found
                if let stated = architecture?.architecture, let difference = ImportSpec.difference(stated, found) {
                    outlook.problems.append(("architecture", "\(path) holds another model: \(difference)"))
                }
            } else {
                outlook.architecture = architecture?.architecture
                if Folder.exists(path) {
                    do throws(TransformerError) { _ = try ModelFolder.architecture(path) } catch {
                        outlook.problems.append(("weights", "\(error)"))
                    }
                } else if architecture != nil {
                    outlook.notes.append("counts with the stated architecture: \(path) is not there yet")
                }
            }
        }
        if let made = outlook.architecture {
            let cost = CostModel(made)
            outlook.memoryBytes = cost.storedBytes(.float32)
            outlook.diskBytes = cost.storedBytes(.float32)
        }
        return outlook
    }

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        var made = try weights == .random ? random(bench) : read(bench)
        if let tokenizer {
            made.tokenizer =
                Folder.isDirectory(tokenizer) ? TokenizerFiles(inFolder: tokenizer) : TokenizerFiles(file: tokenizer)
            made.special = try ImportSpec.special(of: tokenizer)
        }
        if made.tokenizer.files.isEmpty {
            throw .mismatch(
                "the weights bring no tokenizer", remedy: "name a tokenizer.json or tokenizer.model with tokenizer:")
        }
        try bench.write(made.model, tokenizer: made.tokenizer, special: made.special, into: output.path)
        return StageResult(
            facts: .object([
                "parameters": .integer(made.model.architecture.parameterCount), "format": .string(made.format),
            ]), origin: try origin())
    }

    /// What the weights' files say of themselves; nil for random ones.
    private func origin() throws(PipelineError) -> ModelOrigin? {
        guard case .path(let path) = weights else { return nil }
        var origin = try withTransformer { () throws(TransformerError) in try ModelOrigin(of: path) }
        if !Folder.isDirectory(path) { origin.sha256 = try Digests.sha256(of: path) }
        return origin
    }

    /// What is written, whatever it was made from.
    private struct Made {
        var model: LanguageModel
        var tokenizer: TokenizerFiles
        var special: SpecialTokens
        var format: String
    }

    private func read(_ bench: Workbench) throws(PipelineError) -> Made {
        guard case .path(let path) = weights else { preconditionFailure("random weights are not read") }
        bench.note("reads \(path)")
        let (model, description) = try withTransformer { () throws(TransformerError) in
            try ModelFolder.load(path, computeDType: .float32)
        }
        return Made(
            model: model, tokenizer: description.tokenizer, special: description.special,
            format: path.hasSuffix(".gguf") ? "gguf" : "huggingface")
    }

    private func random(_ bench: Workbench) throws(PipelineError) -> Made {
        var tokenizer = TokenizerFiles.none
        var special = SpecialTokens()
        let shape: Architecture
        if let like {
            let path = bench.artifact(like).modelPath
            let base = try withTransformer { () throws(TransformerError) in try ModelFolder.describe(path) }
            (tokenizer, special) = (base.tokenizer, base.special)
            shape = target.map { $0.target.architecture(from: base.architecture) } ?? base.architecture
        } else if let architecture {
            shape = architecture.architecture
        } else {
            preconditionFailure("random weights without a shape passed problems()")
        }
        var stream = RandomStream(seed: bench.seed, name: "import/weights")
        let model = try withTorch { () throws(TorchError) in
            try LanguageModel(shape, initializedWith: stream.next(), computeDType: .float32, on: .cpu)
        }
        return Made(model: model, tokenizer: tokenizer, special: special, format: "random")
    }

    private static func special(of tokenizer: String) throws(PipelineError) -> SpecialTokens {
        let loaded = try withCorpus { () throws(CorpusError) in try loadTokenizer(at: tokenizer) }
        return SpecialTokens(
            beginOfText: loaded.beginOfText.map { Int($0) }, endOfText: loaded.endOfText.map { [Int($0)] } ?? [])
    }

    /// The first size in which two architectures differ, as one clause; nil when none does.
    private static func difference(_ stated: Architecture, _ found: Architecture) -> String? {
        let sizes = [
            ("vocabulary size", stated.vocabularySize, found.vocabularySize),
            ("hidden size", stated.hiddenSize, found.hiddenSize), ("layers", stated.blocks.count, found.blocks.count),
            ("parameters", stated.parameterCount, found.parameterCount),
        ]
        return sizes.first { $0.1 != $0.2 }.map { "its \($0.0) is \($0.2), stated is \($0.1)" }
    }
}
