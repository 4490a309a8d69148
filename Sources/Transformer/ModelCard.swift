/// The README.md of an exported model: what it is, where it comes from, how to run it.
public struct ModelCard: Sendable {
    /// Heading, such as `SmolLM2-135M sheared to 51M`.
    public var title: String
    /// SPDX name of the weights' licence, inherited from the source model; nil leaves it out.
    public var license: String?
    /// The model that this one was made from; nil leaves it out.
    public var baseModel: String?
    /// What the reader should know first, in plain sentences.
    public var summary: String
    /// Further tables: a heading and its rows of name and value.
    public var tables: [(heading: String, rows: [(name: String, value: String)])]

    /// A card from its parts.
    public init(
        title: String = "A LLaMA-family language model", license: String? = nil, baseModel: String? = nil,
        summary: String = "",
        tables: [(heading: String, rows: [(name: String, value: String)])] = []
    ) {
        self.title = title
        self.license = license
        self.baseModel = baseModel
        self.summary = summary
        self.tables = tables
    }

    /// The Markdown text, with Hugging Face's front matter.
    func text(
        _ architecture: Architecture, dtype: String, _ quantization: QuantizationScheme? = nil,
        lineage: [String: String]
    ) -> String {
        var lines = ["---", "library_name: transformers", "pipeline_tag: text-generation"]
        if let license { lines.append("license: \(license)") }
        if let baseModel { lines.append("base_model: \(baseModel)") }
        lines += ["tags:", "- shearling", "---", "", "# \(title)", ""]
        if !summary.isEmpty { lines += [summary, ""] }
        var shape: [(name: String, value: String)] = [
            ("Parameters", grouped(architecture.parameterCount)),
            ("Layers", "\(architecture.blocks.count)"), ("Hidden size", "\(architecture.hiddenSize)"),
        ]
        if let block = architecture.uniform?.block {
            shape += [
                ("Query heads", "\(block.queryHeads)"), ("Key-value heads", "\(block.keyValueHeads)"),
                ("Intermediate size", "\(block.intermediateSize)"),
            ]
        } else {
            shape.append(("Heads and widths", "differ from layer to layer, see `config.json`"))
        }
        shape += [
            ("Head size", "\(architecture.headSize)"), ("Vocabulary", grouped(architecture.vocabularySize)),
            ("Tied embeddings", architecture.tiedEmbeddings ? "yes" : "no"),
            ("Stored as", quantization.map { "\($0.rawValue) projections, the rest \(dtype)" } ?? dtype),
        ]
        if quantization == .int4 { shape.append(("Inputs to a scale", int4Groups(architecture))) }
        add("Shape", shape, to: &lines)
        for table in tables { add(table.heading, table.rows, to: &lines) }
        if !lineage.isEmpty {
            add("Lineage", lineage.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }, to: &lines)
        }
        lines += ["## Use", "", "```"]
        if architecture.uniform != nil, quantization == nil {
            lines += [
                "from transformers import AutoModelForCausalLM, AutoTokenizer",
                "model = AutoModelForCausalLM.from_pretrained(\"PATH\")",
                "tokenizer = AutoTokenizer.from_pretrained(\"PATH\")",
            ]
        } else {
            lines.append("shear generate --model PATH --prompt \"Once upon a time\"")
        }
        lines += ["```", ""]
        return lines.joined(separator: "\n")
    }

    private func add(_ heading: String, _ rows: [(name: String, value: String)], to lines: inout [String]) {
        lines += ["## \(heading)", "", "| | |", "|---|---|"]
        for row in rows { lines.append("| \(cell(row.name)) | \(cell(row.value)) |") }
        lines.append("")
    }

    private func cell(_ text: String) -> String {
        String(text.map { $0 == "\n" || $0 == "\r\n" ? " " : $0 }.flatMap { $0 == "|" ? ["\\", "|"] : [$0] })
    }

    /// How many inputs share a scale, by the projections' inputs: `64 of 576 inputs; 128 of 1536 inputs`.
    private func int4Groups(_ architecture: Architecture) -> String {
        let inputs = Set(WeightTable(architecture).entries.filter(\.isProjection).map { $0.shape[1] }).sorted()
        return inputs.map { count in
            QuantizationScheme.groupSize(inputs: count).map { "\($0) of \(count) inputs" }
                ?? "projections of \(count) inputs stay bfloat16"
        }.joined(separator: "; ")
    }

    private func grouped(_ number: Int) -> String {
        var digits = Array(String(number))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }
}
