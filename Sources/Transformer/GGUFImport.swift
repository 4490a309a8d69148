internal import Glibc
public import Torch

/// A LLaMA-family model in a GGUF file: its architecture, and on demand its weights and tokenizer.
public struct GGUFImport: Sendable {
    /// The file.
    public let file: GGUFFile
    /// The architecture that its metadata describes.
    public let architecture: Architecture
    /// The ids that begin, end and pad a text.
    public let special: SpecialTokens

    /// Reads the header of a GGUF file.
    /// - Throws: `TransformerError.unsupported` for other networks, `.gguf` for a damaged file or missing metadata.
    public init(path: String) throws(TransformerError) {
        try self.init(try GGUFFile(path: path))
    }

    init(_ file: GGUFFile) throws(TransformerError) {
        self.file = file
        let metadata = GGUFMetadata(file: file)
        architecture = try metadata.architecture()
        special = SpecialTokens(
            beginOfText: file.metadata["tokenizer.ggml.bos_token_id"]?.integer,
            endOfText: file.metadata["tokenizer.ggml.eos_token_id"]?.integer.map { [$0] } ?? [],
            padding: file.metadata["tokenizer.ggml.padding_token_id"]?.integer)
    }

    /// The model, its weights dequantised to float32 and brought to Hugging Face's layout.
    /// - Throws: `TransformerError.missingTensor`, `.unexpectedTensors`, `.tensorShape` or `.tensorType`.
    public func model(
        computeDType: DType = .float32, on device: Device = .cpu, isFrozen: Bool = false
    ) throws(TransformerError) -> LanguageModel {
        var tensors: [String: (entry: WeightEntry, stored: GGUFTensor)] = [:]
        var unknown: [String] = []
        let stored = Dictionary(file.tensors.map { ($0.name, $0) }) { first, _ in first }
        let expected = Dictionary(
            WeightTable(architecture).entries.map { (Self.name($0.role, block: $0.block), $0) }
        ) { first, _ in first }
        for tensor in file.tensors where tensor.name != "rope_freqs.weight" {
            if let entry = expected[tensor.name] {
                tensors[entry.name] = (entry, tensor)
            } else {
                unknown.append(tensor.name)
            }
        }
        guard unknown.isEmpty else { throw .unexpectedTensors(path: file.path, tensors: unknown) }
        for (name, entry) in expected.sorted(by: { $0.key < $1.key }) where stored[name] == nil {
            throw .missingTensor(path: file.path, tensor: name, shape: entry.shape)
        }
        return try LanguageModel(
            architecture, names: Set(tensors.keys), computeDType: computeDType, on: device, isFrozen: isFrozen,
            source: file.path
        ) { (name) throws(TransformerError) in
            guard let (entry, stored) = tensors[name] else {
                preconditionFailure("\(name) was listed but is not there")
            }
            guard stored.shape == entry.shape else {
                throw .tensorShape(path: file.path, tensor: stored.name, expected: entry.shape, found: stored.shape)
            }
            let tensor = try file.tensor(stored)
            return try withTorch { () throws(TorchError) in try halfSplit(tensor, entry) }
        }
    }

    /// Undoes llama.cpp's row order of query and key projections: it interleaves the two rotary halves of each head.
    private func halfSplit(_ tensor: Tensor, _ entry: WeightEntry) throws(TorchError) -> Tensor {
        guard [.query, .queryBias, .key, .keyBias].contains(entry.role) else { return tensor }
        let size = architecture.headSize
        let columns = entry.shape.count == 2 ? entry.shape[1] : 1
        return try tensor.reshaped([entry.shape[0] / size, size / 2, 2, columns]).transposed(1, 2).reshaped(entry.shape)
    }

    /// The GGUF name of a weight.
    static func name(_ role: WeightRole, block: Int?) -> String {
        let part =
            switch role {
            case .embedding: "token_embd.weight"
            case .finalNorm: "output_norm.weight"
            case .head: "output.weight"
            case .attentionNorm: "attn_norm.weight"
            case .query: "attn_q.weight"
            case .key: "attn_k.weight"
            case .value: "attn_v.weight"
            case .output: "attn_output.weight"
            case .queryBias: "attn_q.bias"
            case .keyBias: "attn_k.bias"
            case .valueBias: "attn_v.bias"
            case .outputBias: "attn_output.bias"
            case .feedForwardNorm: "ffn_norm.weight"
            case .gate: "ffn_gate.weight"
            case .up: "ffn_up.weight"
            case .down: "ffn_down.weight"
            case .gateBias: "ffn_gate.bias"
            case .upBias: "ffn_up.bias"
            case .downBias: "ffn_down.bias"
            }
        return (block.map { "blk.\($0)." } ?? "") + part
    }
}

/// Reads an architecture out of GGUF metadata.
private struct GGUFMetadata {
    let file: GGUFFile

    func architecture() throws(TransformerError) -> Architecture {
        let family = file.metadata["general.architecture"]?.string ?? "no architecture"
        guard family == "llama" else {
            throw .unsupported(path: file.path, found: "general.architecture \(family)", supported: "llama")
        }
        if let experts = file.metadata["llama.expert_count"]?.integer, experts > 0 {
            throw .unsupported(path: file.path, found: "a mixture of \(experts) experts", supported: "dense models")
        }
        let names = Set(file.tensors.map(\.name))
        let hidden = try size("embedding_length")
        let heads = try size("attention.head_count")
        let head = try size("attention.key_length", default: hidden / max(heads, 1))
        if let value = file.metadata["llama.attention.value_length"]?.integer, value != head {
            throw .unsupported(
                path: file.path, found: "values of \(value) channels beside keys of \(head)", supported: "equal ones")
        }
        let rotated = try size("rope.dimension_count", default: head)
        guard rotated == head else {
            throw .unsupported(
                path: file.path, found: "rotary positions on \(rotated) of \(head) channels", supported: "all channels")
        }
        guard let embedding = file.tensors.first(where: { $0.name == "token_embd.weight" }), embedding.shape.count == 2
        else {
            throw .missingTensor(
                path: file.path, tensor: "token_embd.weight",
                shape: [file.metadata["llama.vocab_size"]?.integer ?? 0, hidden])
        }
        let theta = try number("rope.freq_base", default: 10_000)
        let shape = BlockShape(
            queryHeads: heads, keyValueHeads: try size("attention.head_count_kv", default: heads),
            intermediateSize: try size("feed_forward_length"))
        let architecture = Architecture(
            vocabularySize: embedding.shape[0], hiddenSize: hidden, headSize: head,
            blocks: Array(repeating: shape, count: try size("block_count", largest: Architecture.mostBlocks)),
            normEpsilon: try number("attention.layer_norm_rms_epsilon"), ropeTheta: theta,
            ropeScaling: try scaling(headSize: head, theta: theta), tiedEmbeddings: !names.contains("output.weight"),
            attentionBias: names.contains("blk.0.attn_q.bias"), mlpBias: names.contains("blk.0.ffn_gate.bias"),
            maximumPositions: try size("context_length"))
        let problems = architecture.problems()
        guard problems.isEmpty else { throw .architecture(problems: problems.map { "\(file.path): \($0)" }) }
        return architecture
    }

    private func size(_ key: String, default standard: Int? = nil, largest: Int = 1 << 30) throws(TransformerError)
        -> Int
    {
        guard let value = file.metadata["llama." + key] else {
            guard let standard else { throw file.lacks("llama." + key, "there") }
            return standard
        }
        guard let number = value.integer, number > 0, number <= largest else {
            throw file.lacks("llama." + key, "an integer from 1 to \(largest)")
        }
        return number
    }

    private func number(_ key: String, default standard: Double? = nil) throws(TransformerError) -> Double {
        guard let value = file.metadata["llama." + key]?.number ?? standard, value > 0, value.isFinite else {
            throw file.lacks("llama." + key, "a positive number")
        }
        return value
    }

    /// llama.cpp stores Llama 3.1's rule as the factors it divides each frequency by: find the constants that give
    /// them.
    private func scaling(headSize: Int, theta: Double) throws(TransformerError) -> RopeScaling? {
        if let tensor = file.tensors.first(where: { $0.name == "rope_freqs.weight" }) {
            // Only then are the frequencies no more than the file holds.
            if tensor.elementCount == headSize / 2 {
                let stored = try file.tensor(tensor)
                let factors = try withTorch { () throws(TorchError) in try stored.floats() }
                let plain = RopeScaling.inverseFrequencies(headSize: headSize, theta: theta, scaling: nil)
                for factor in [8.0, 32.0] {
                    let rule = RopeScaling.llama3(
                        factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192)
                    let scaled = RopeScaling.inverseFrequencies(headSize: headSize, theta: theta, scaling: rule)
                    let expected = zip(plain, scaled).map { $0 / $1 }
                    if zip(expected, factors).allSatisfy({ abs($0 - $1) <= 1e-3 * $1 }) { return rule }
                }
            }
            throw .unsupported(
                path: file.path, found: "rope_freqs.weight of an unknown rule",
                supported:
                    "Llama 3.1's and 3.2's (factor 8 or 32, 8192 positions); import the Hugging Face folder instead")
        }
        switch file.metadata["llama.rope.scaling.type"]?.string {
        case nil, "none": return nil
        case "linear": return .linear(factor: try number("rope.scaling.factor"))
        case let other?:
            throw .unsupported(path: file.path, found: "rope scaling \(other)", supported: "none, linear and llama3")
        }
    }
}
