import Fixtures
import Foundation
import Testing
import Torch

@testable import Transformer

@Suite struct QuantizationTests {
    /// A model whose projections have 96 or 64 inputs, of blocks that differ, with biases and an untied head.
    private func model(_ seed: UInt64 = 3, computeDType: DType = .float32, biased: Bool = true) throws -> LanguageModel
    {
        var shape = TinyModel.architecture(
            layers: 3, hidden: 64, heads: 4, keyValueHeads: 2, headSize: 16, intermediate: 96, tied: false,
            attentionBias: biased, mlpBias: biased)
        shape.blocks[1] = BlockShape(queryHeads: 2, keyValueHeads: 1, intermediateSize: 40)
        shape.blocks[2] = BlockShape(queryHeads: 0, keyValueHeads: 0, intermediateSize: 64)
        return try TinyModel.make(shape, seed: seed, computeDType: computeDType)
    }

    @Test(arguments: QuantizationScheme.allCases) func numbersAreTheNearestUnderTheirScale(_ scheme: QuantizationScheme)
        throws
    {
        var random = RepeatableRandom(8)
        let entry = try #require(WeightTable(TinyModel.architecture(hidden: 64)).entries.first { $0.role == .query })
        let form = try #require(QuantizedForm(entry, scheme))
        let weight = try random.tensor(entry.shape)
        try weight.selected(0, 3).fill(0)
        try weight.selected(0, 4).fill(0.25)
        let tensors = try form.tensors(of: weight)
        #expect(tensors.map(\.shape) == form.parts.map(\.shape) && tensors.map(\.dtype) == form.parts.map(\.dtype))
        // What the form stands for: the identity's product.
        let matrix = try QuantizedMatrix(form, tensors, on: .cpu)
        let identity = try Tensor.arange(0, 64, .float32).unsqueezed(1).equal(to: Tensor.arange(0, 64, .float32))
        let back = try matrix.apply(identity.to(.float32), nil).transposed(0, 1)
        let error = try (back - weight).abs()
        // Half a step, and for int4 what rounding scale and offset to bfloat16 adds at the ends.
        let step = scheme == .int8 ? 1.0 / 127 : 2.0 / 15
        #expect(try error.maximum().item() <= step * (scheme == .int8 ? 0.5001 : 0.65))
        #expect(try error.selected(0, 3).maximum().item() == 0)
        #expect(try error.selected(0, 4).maximum().item() < 1e-3)
    }

    @Test(arguments: QuantizationScheme.allCases, [DType.float32, .bfloat16])
    func aFolderGivesBackTheQuantisedModelBitForBit(_ scheme: QuantizationScheme, _ dtype: DType) throws {
        let source = try model(computeDType: dtype)
        let quantized = try source.quantized(scheme)
        #expect(quantized.quantization == scheme && source.quantization == nil)
        try withTemporaryFolder { folder in
            let path = folder + "/model"
            try ModelFolder.write(source, to: path, form: .perBlock, quantization: scheme)
            let (read, description) = try ModelFolder.load(path, computeDType: dtype, isFrozen: true)
            #expect(description.quantization == scheme && read.quantization == scheme)
            #expect(read.architecture == source.architecture)
            let tokens = try TinyModel.tokens(source.architecture)
            try withoutGradients {
                #expect(
                    try read.logits(read.hidden(tokens)).isIdentical(to: quantized.logits(quantized.hidden(tokens))))
                // Integers for activations cost most: random blocks of 64 channels differ by 0.14 at this seed.
                let near = try relativeDifference(read.hidden(tokens), source.hidden(tokens))
                #expect(near > 0 && near < (scheme == .int8 ? 0.2 : 1), "\(near)")
            }
            // The stated size is the files' to the byte.
            let stored = try SafetensorsFolder(path: path)
            var bytes = 0
            for name in stored.names {
                bytes += try stored.shape(of: name).reduce(stored.dtype(of: name).bytes, *)
            }
            #expect(bytes == ModelSize(source.architecture).quantizedBytes(scheme))
        }
    }

    @Test func quantisedWeightsAreNeitherTrainedNorWrittenAgainNorViewed() throws {
        let source = try model()
        let quantized = try source.quantized(.int8)
        #expect(throws: TorchError.self) { try quantized.quantized(.int4) }
        try withTemporaryFolder { folder in
            try ModelFolder.write(source, to: folder + "/model", form: .perBlock, quantization: .int8)
            let error = #expect(throws: TransformerError.self) { try ModelFolder.load(folder + "/model") }
            #expect(error?.description.contains("name the model that they were quantised from") == true)
            #expect(throws: TransformerError.self) { try ModelFolder.write(quantized, to: folder + "/again") }
            #expect(throws: TransformerError.self) {
                try ModelFolder.write(source, to: folder + "/plain", quantization: .int8)
            }
            let config = try String(contentsOfFile: folder + "/model/config.json", encoding: .utf8)
            #expect(config.contains("\"model_type\": \"shearling_llama\"") && !config.contains("LlamaForCausalLM"))
        }
        let tokens = try TinyModel.tokens(source.architecture)
        // 64 is the hidden size too: what counts is how many of the 96 neurons run.
        for neurons in [50, 64] {
            let view = SubNetworkView(layers: [0, 1, 2], intermediateSizes: [neurons, 40, 64])
            #expect(throws: TorchError.self) {
                try withoutGradients { try quantized.hidden(tokens, in: ForwardContext(view: view)) }
            }
        }
        // A whole layer may still be left out.
        let shorter = SubNetworkView(layers: [0, 2], intermediateSizes: [96, 40, 64])
        #expect(try withoutGradients { try quantized.hidden(tokens, in: ForwardContext(view: shorter)) }.isFinite())
    }

    @Test func decodingWithACacheEqualsTheWholePass() throws {
        for scheme in QuantizationScheme.allCases {
            let model = try model(biased: false).quantized(scheme)
            let tokens = try TinyModel.tokens(model.architecture, rows: 2, time: 9)
            try withoutGradients {
                let whole = try model.hidden(tokens)
                let context = ForwardContext(cache: KeyValueCache(capacity: 9))
                var parts: [Tensor] = []
                for (start, end) in [(0, 5), (5, 6), (6, 9)] {
                    parts.append(try model.hidden(tokens.sliced(1, from: start, to: end), in: context))
                }
                // A rounding more or less of an activation to a byte is a step of 1/127.
                #expect(try relativeDifference(Tensor.concatenated(parts, axis: 1), whole) < 0.02)
            }
        }
    }

    /// Why a quantised folder that was changed after writing is not read.
    private func failure(_ scheme: QuantizationScheme, _ change: (String) throws -> Void) throws -> String {
        let folder = try TemporaryDirectory()
        let path = folder.path("model")
        try ModelFolder.write(model(), to: path, form: .perBlock, quantization: scheme)
        try change(path)
        do throws(TransformerError) {
            _ = try ModelFolder.load(path, isFrozen: true)
            return "it was read"
        } catch { return error.description }
    }

    /// Takes a tensor out of the folder's file, or puts another in its place.
    private func replace(_ name: String, in path: String, with tensor: Tensor?) throws {
        let stored = try SafetensorsFolder(path: path)
        var tensors: [(String, Tensor)] = []
        for other in stored.names where other != name { tensors.append((other, try stored.tensor(other).copied())) }
        if let tensor { tensors.append((name, tensor)) }
        try FileManager.default.removeItem(atPath: path + "/model.safetensors")
        try SafetensorsWriter.writeSharded(tensors, metadata: ["format": "pt"], to: path)
    }

    private func replace(_ old: String, with new: String, inConfigOf path: String) throws {
        let file = path + "/config.json"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains(old))
        try text.replacingOccurrences(of: old, with: new).write(toFile: file, atomically: true, encoding: .utf8)
    }

    @Test func damagedTensorsAreNamed() throws {
        let name = "model.layers.0.self_attn.k_proj.weight"
        let missing = try failure(.int8) { try replace(name + "_scale", in: $0, with: nil) }
        #expect(missing.contains("\(name)_scale [32] is missing"))
        let narrow = try failure(.int8) { try replace(name, in: $0, with: Tensor.zeros([32, 63], .int8)) }
        #expect(narrow.contains("shape [32, 63]"))
        let wide = try failure(.int8) { try replace(name, in: $0, with: Tensor.zeros([32, 64])) }
        #expect(wide.contains("stored as float32; supported: int8"))
        let more = try failure(.int8) { try replace("more", in: $0, with: Tensor.zeros([1])) }
        #expect(more.contains("more"))
        let cut = try failure(.int8) { path in
            let file = try FileHandle(forUpdating: URL(filePath: path + "/model.safetensors"))
            try file.truncate(atOffset: file.seekToEnd() - 100)
        }
        #expect(cut.contains("model.safetensors"))
    }

    @Test func configurationsThatDoNotFitAreNamed() throws {
        let name = "model.layers.0.self_attn.k_proj.weight"
        let unknown = try failure(.int8) { try replace("\"int8\"", with: "\"int3\"", inConfigOf: $0) }
        #expect(unknown.contains("int8 or int4"))
        let other = try failure(.int8) { try replace("\"int8\"", with: "\"int4\"", inConfigOf: $0) }
        #expect(other.contains("groups"))
        let groups = try failure(.int4) { try replace("\"\(name)\": 64", with: "\"\(name)\": 32", inConfigOf: $0) }
        #expect(groups.contains("64 for its 64 inputs"))
    }
}
