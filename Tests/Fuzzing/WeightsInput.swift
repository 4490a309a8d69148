internal import Fixtures
internal import Torch
internal import Transformer

/// Files of weights.
enum WeightsInput {
    /// Larger models are described, not made.
    private static let mostWeights = 1 << 20

    static func readSafetensors(_ bytes: [UInt8], in folder: TemporaryDirectory) throws -> Bool {
        let path = try folder.write(bytes, to: "model.safetensors")
        do throws(TorchError) {
            let file = try SafetensorsFile(path: path)
            for name in file.names {
                let (shape, dtype) = (try file.shape(of: name), try file.dtype(of: name))
                let tensor = try file.tensor(name)
                guard tensor.shape == shape, tensor.dtype == dtype, tensor.elementCount * dtype.bytes <= bytes.count
                else { throw TorchError(code: .internalFault, operation: "fuzz", message: name) }
            }
            return true
        } catch {
            if error.operation == "fuzz" { throw FuzzFinding("the tensor \(error.message) is not what the file says") }
            try FuzzTarget.note(error)
            return false
        }
    }

    static func safetensorsSeeds() throws -> [[UInt8]] {
        let folder = try TemporaryDirectory()
        var random = RepeatableRandom(3)
        let tensors: [(String, Tensor)] = [
            ("model.embed_tokens.weight", try random.tensor([3, 2])), ("b\"\\\u{1}é", try Tensor.ones([2], .uint8)),
            ("empty", try Tensor.zeros([0, 4])), ("scalar", try Tensor.scalar(4)),
            ("half", try random.tensor([1, 2, 3], .bfloat16)),
        ]
        try SafetensorsWriter.write(tensors, metadata: ["format": "pt", "x": "a\nb"], to: folder.path("a"))
        try SafetensorsWriter.write([], to: folder.path("b"))
        return [try folder.read("a"), try folder.read("b")]
    }

    static func readGGUF(_ bytes: [UInt8], in folder: TemporaryDirectory) throws -> Bool {
        let path = try folder.write(bytes, to: "model.gguf")
        let file: GGUFFile
        do throws(TransformerError) { file = try GGUFFile(path: path) } catch {
            try FuzzTarget.note(error)
            return false
        }
        for tensor in file.tensors {
            do throws(TransformerError) {
                let made = try file.tensor(tensor)
                guard made.shape == tensor.shape else { throw .architecture(problems: []) }
            } catch {
                if case .architecture = error { throw FuzzFinding("the tensor \(tensor.name) has another shape") }
                try FuzzTarget.note(error)
            }
        }
        do throws(TransformerError) {
            let model = try GGUFImport(path: path)
            do throws(TransformerError) { _ = try model.tokenizer() } catch { try? FuzzTarget.note(error) }
            guard model.architecture.parameterCount <= mostWeights, model.architecture.blocks.count <= 64 else {
                return true
            }
            _ = try model.model()
        } catch { try FuzzTarget.note(error) }
        return true
    }

    static let ggufSeeds: [[UInt8]] = {
        var writer = GGUFWriter()
        writer.put("general.architecture", "llama")
        for (key, value) in [
            ("block_count", 1), ("context_length", 64), ("embedding_length", 4), ("feed_forward_length", 2),
            ("attention.head_count", 2), ("attention.head_count_kv", 1),
        ] { writer.put("llama." + key, value) }
        writer.put("llama.attention.layer_norm_rms_epsilon", Float(1e-5))
        writer.put("llama.rope.freq_base", Float(10_000))
        func tensor(_ name: String, _ shape: [Int], _ code: UInt32 = 0) {
            let count = shape.reduce(1, *)
            let bytes = code == 0 ? 4 * count : code == 8 ? count / 32 * 34 : 2 * count
            writer.tensors.append((name, shape, code, [UInt8](repeating: 0x3C, count: bytes)))
        }
        tensor("token_embd.weight", [12, 4], 1)
        tensor("output_norm.weight", [4])
        for (name, shape) in [
            ("attn_norm", [4]), ("attn_q", [4, 4]), ("attn_k", [2, 4]), ("attn_v", [2, 4]), ("attn_output", [4, 4]),
            ("ffn_norm", [4]), ("ffn_gate", [2, 4]), ("ffn_up", [2, 4]), ("ffn_down", [4, 2]),
        ] { tensor("blk.0.\(name).weight", shape, shape.count == 2 ? 30 : 0) }
        let model = writer
        let tokens = [
            "<unk>", "<s>", "</s>", "<0x41>", "a", "b", "ab", "\u{2581}", "\u{2581}a", "\u{2581}ab", "é", "c",
        ]
        writer.put("tokenizer.ggml.tokens", tokens)
        writer.put("tokenizer.ggml.token_type", [2, 3, 3, 6, 1, 1, 1, 1, 1, 1, 1, 4])
        writer.put("tokenizer.ggml.bos_token_id", 1)
        writer.put("tokenizer.ggml.eos_token_id", 2)
        var pieces = writer, pairs = writer
        pieces.put("tokenizer.ggml.model", "llama")
        pieces.put("tokenizer.ggml.scores", (0..<12).map { Float(-$0) })
        pieces.put("llama.rope.scaling.type", "linear")
        pieces.put("llama.rope.scaling.factor", Float(2))
        pairs.put("tokenizer.ggml.model", "gpt2")
        pairs.put("tokenizer.ggml.pre", "llama-bpe")
        pairs.put("tokenizer.ggml.merges", ["a b", "\u{2581} a"])
        pairs.put("tokenizer.chat_template", "{{ x }}")
        pairs.put("general.alignment", 32)
        var blocks = GGUFWriter()
        blocks.tensors = [
            ("q8", [2, 32], 8, [UInt8](repeating: 1, count: 68)), ("q4", [32], 2, [UInt8](repeating: 2, count: 18)),
            ("q41", [1, 1, 1, 32], 3, [UInt8](repeating: 3, count: 20)), ("k", [256], 12, []),
        ]
        return [model, pieces, pairs, blocks].map { $0.bytes() }
    }()
}
