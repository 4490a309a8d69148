internal import Torch
internal import Transformer

/// `export`: writes `model/`, a Hugging Face folder that other programs load as it is.
extension ExportSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] { [StageNeed(key: "model", stage: model, kind: .model)] }

    public func problems() -> [(keyPath: String, reason: String)] { [] }

    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        guard let made = context[model]?.architecture else { return outlook }
        outlook.architecture = made
        outlook.memoryBytes = CostModel(made).storedBytes(.float32) + CostModel(made).storedBytes(dtype)
        outlook.diskBytes = CostModel(made).storedBytes(dtype)
        return outlook
    }

    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        try Folder.remove(output.file("model"))
        let source = bench.artifact(model)
        do throws(TransformerError) {
            let (loaded, description) = try ModelFolder.load(source.file("model"), computeDType: .float32)
            try ModelFolder.write(
                loaded, to: output.file("model"), dtype: dtype, tokenizer: description.tokenizer,
                special: description.special, lineage: bench.lineageMetadata, card: card(bench, source),
                form: .huggingFace, shardBytes: shardBytes)
            return StageResult(
                facts: .object([
                    "parameters": .integer(loaded.architecture.parameterCount), "dtype": .string(dtype.rawValue),
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
