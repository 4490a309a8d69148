internal import Torch
internal import Transformer

/// `export`: writes `model/`, a folder that the programs of its form load as it is.
extension ExportSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] { [StageNeed(key: "model", stage: model, kind: .model)] }

    public func problems() -> [KeyProblem] { [] }

    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        guard let made = context[model]?.architecture else { return outlook }
        do throws(TransformerError) {
            let written = try ModelFolder.shape(of: made, as: form.folder, path: "model")
            outlook.architecture = written
            outlook.memoryBytes = CostModel(made).storedBytes(.float32) + CostModel(written).storedBytes(dtype)
            outlook.diskBytes = CostModel(written).storedBytes(dtype)
            if form == .plain, made.uniform == nil {
                outlook.problems.append(
                    ("form", "the layers of \(model) differ; choose form: padded, block_configs or per_layer"))
            } else {
                try ModelFolder.requireExpressible(written, as: form.folder, dtype: dtype, path: model.name)
            }
        } catch { outlook.problems.append(("form", "\(error)")) }
        return outlook
    }

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        try Folder.remove(output.modelPath)
        let source = bench.artifact(model)
        let (loaded, description) = try bench.model(of: model, computeDType: .float32, on: .cpu)
        do throws(TransformerError) {
            try ModelFolder.write(
                loaded, to: output.modelPath, dtype: dtype, tokenizer: description.tokenizer,
                special: description.special, lineage: bench.lineageMetadata, card: card(bench, source),
                form: form.folder, shardBytes: shardBytes)
            let written = try ModelFolder.shape(of: loaded.architecture, as: form.folder, path: "model")
            return StageResult(
                facts: .object([
                    "parameters": .integer(loaded.architecture.parameterCount), "dtype": .string(dtype.rawValue),
                    "stored_parameters": .integer(written.parameterCount), "form": .string(form.rawValue),
                    "folder": .string("model"),
                ]))
        } catch { throw .transformer(error) }
    }

    /// What a reader of the model's page should know: how it was made, and what it scored.
    private func card(_ bench: Workbench, _ source: Artifact) -> ModelCard {
        var card = ModelCard(title: name ?? "\(bench.pipeline): \(model)")
        card.summary =
            "Made by Shearling \(shearlingVersion), pipeline `\(bench.pipeline)`: "
            + ([source.record.id.name] + source.record.lineage.map(\.id.name)).joined(separator: " from ")
            + ", seed \(bench.seed)."
        let origins = ([source.record.origin] + source.record.lineage.map(\.origin)).compactMap(\.self)
        for origin in origins { card.summary += " " + origin.sentence }
        card.license = Set(origins.map(\.license)).count == 1 ? origins[0].license : nil
        if form == .padded || form == .blockConfigs {
            card.summary +=
                " Neurons of weight 0 fill feed-forward layers up to the widths that this form can state; the model is smaller without them."
        }
        var rows: [(name: String, value: String)] = []
        if source.record.cost.tokens > 0 {
            rows.append(("Tokens of the last training stage", String(source.record.cost.tokens)))
        }
        if case .object(let losses)? = source.record.facts["losses"] {
            for (domain, loss) in losses.sorted(by: { $0.key < $1.key }) {
                guard let value = loss.double else { continue }
                rows.append(("Validation loss of \(domain), nats per token", String(value)))
            }
        }
        if !rows.isEmpty { card.tables = [("Training", rows)] }
        return card
    }
}

extension ExportSpec.Form {
    /// The form of the folder.
    fileprivate var folder: ModelFolder.Form {
        switch self {
        case .plain: .huggingFace
        case .padded: .padded
        case .blockConfigs: .blockConfigs
        case .perLayer: .perBlock
        }
    }
}
