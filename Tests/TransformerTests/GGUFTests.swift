import Fixtures
import Foundation
import Testing
import Torch

@testable import Transformer

/// GGUF files made here, byte by byte: what the importer reads from good ones and how it refuses bad ones.
@Suite struct GGUFTests {
    typealias Writer = GGUFWriter

    /// A tiny LLaMA as llama.cpp writes it, query and key rows interleaved.
    static func tinyFile(_ model: LanguageModel) throws -> Writer {
        let shape = model.architecture
        var writer = Writer()
        writer.put("general.architecture", "llama")
        writer.put("llama.block_count", shape.blocks.count)
        writer.put("llama.context_length", shape.maximumPositions)
        writer.put("llama.embedding_length", shape.hiddenSize)
        writer.put("llama.feed_forward_length", shape.blocks[0].intermediateSize)
        writer.put("llama.attention.head_count", shape.blocks[0].queryHeads)
        writer.put("llama.attention.head_count_kv", shape.blocks[0].keyValueHeads)
        writer.put("llama.attention.key_length", shape.headSize)
        writer.put("llama.attention.layer_norm_rms_epsilon", Float(shape.normEpsilon))
        writer.put("llama.rope.freq_base", Float(shape.ropeTheta))
        for (entry, weight) in zip(WeightTable(shape).entries, try model.weights()) {
            var tensor = weight.tensor
            if [.query, .key, .queryBias, .keyBias].contains(entry.role) {
                // Halves of each head interleaved, as llama.cpp's converter does.
                let columns = entry.shape.count == 2 ? entry.shape[1] : 1
                tensor = try tensor.reshaped([-1, 2, shape.headSize / 2, columns]).permuted([0, 2, 1, 3]).reshaped(
                    entry.shape)
            }
            writer.tensors.append(
                (GGUFImport.name(entry.role, block: entry.block), entry.shape, 0, Writer.floats(try tensor.floats())))
        }
        return writer
    }

    private func load(_ bytes: [UInt8]) throws -> LanguageModel {
        var model: LanguageModel?
        try withTemporaryFolder { folder in
            try Data(bytes).write(to: URL(filePath: folder + "/m.gguf"))
            model = try GGUFImport(path: folder + "/m.gguf").model()
        }
        return try #require(model)
    }

    @Test(arguments: [(true, false), (false, true)]) func modelsComeBackWithHuggingFaceRowOrder(
        _ tied: Bool, _ biased: Bool
    ) throws {
        let model = try TinyModel.make(TinyModel.architecture(tied: tied, attentionBias: biased, mlpBias: biased))
        let read = try load(Self.tinyFile(model).bytes())
        #expect(read.architecture == model.architecture)
        for (a, b) in zip(read.parameters, model.parameters) {
            #expect(try a.master.isIdentical(to: b.master), "\(a.name)")
        }
    }

    @Test func aFileTellsWhereItsWeightsCameFrom() throws {
        var file = try Self.tinyFile(try TinyModel.make(TinyModel.architecture(tied: true)))
        file.put("general.name", "Tiny")
        file.put("general.license", "apache-2.0")
        try withTemporaryFolder { folder in
            try Data(file.bytes()).write(to: URL(filePath: folder + "/m.gguf"))
            var origin = try ModelOrigin(of: folder + "/m.gguf")
            #expect(origin == ModelOrigin(file: "m.gguf", name: "Tiny", license: "apache-2.0"))
            #expect(!origin.sentence.contains("dequantised"))
            origin.quantization = "Q4_1"
            #expect(origin.sentence.hasPrefix("The weights began as `m.gguf` (Tiny), dequantised from Q4_1: "))
            try Data("---\nlibrary_name: x\nlicense: mit\n---\nlicense: none\n".utf8).write(
                to: URL(filePath: folder + "/README.md"))
            #expect(try ModelOrigin(of: folder).license == "mit")
        }
    }

    @Test func everyEncodingIsDecoded() throws {
        // One block of 32 of each kind, with values worked out by hand.
        let half: [UInt8] = [0x00, 0x38]  // 0.5
        let quarter: [UInt8] = [0x00, 0xB4]  // -0.25
        let nibbles = (0..<16).map { UInt8($0 | (15 - $0) << 4) }
        let low = (0..<16).map { Float($0) }
        let high = (0..<16).map { Float(15 - $0) }
        let signed = (0..<32).map { Int8($0 * 8 - 128) }
        let cases: [(UInt32, [UInt8], [Float])] = [
            (0, Writer.floats(low + high), low + high),
            (1, (low + high).flatMap { Writer.little(Float16($0).bitPattern) }, low + high),
            (30, (low + high).flatMap { Writer.little(UInt16($0.bitPattern >> 16)) }, low + high),
            (2, half + nibbles, (low + high).map { ($0 - 8) * 0.5 }),
            (3, half + quarter + nibbles, (low + high).map { $0 * 0.5 - 0.25 }),
            (8, half + signed.map { UInt8(bitPattern: $0) }, signed.map { Float($0) * 0.5 }),
        ]
        var writer = Writer()
        for (code, bytes, _) in cases { writer.tensors.append(("t\(code)", [1, 32], code, bytes)) }
        writer.tensors.append(("odd", [1, 256], 12, [UInt8](repeating: 0, count: 144)))
        try withTemporaryFolder { folder in
            try Data(writer.bytes()).write(to: URL(filePath: folder + "/m.gguf"))
            let file = try GGUFFile(path: folder + "/m.gguf")
            for (index, expected) in cases.enumerated() {
                #expect(try file.tensor(file.tensors[index]).floats() == expected.2, "type \(expected.0)")
            }
            let error = #expect(throws: TransformerError.self) { try file.tensor(file.tensors[6]) }
            #expect(error?.description.contains("GGML type 12") == true)
        }
    }

    @Test func llama3FactorsAreRecognised() throws {
        var shape = TinyModel.architecture(headSize: 64)
        shape.ropeTheta = 500_000
        let rule = RopeScaling.llama3(
            factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192)
        var writer = try Self.tinyFile(try TinyModel.make(shape))
        let plain = RopeScaling.inverseFrequencies(headSize: 64, theta: 500_000, scaling: nil)
        let scaled = RopeScaling.inverseFrequencies(headSize: 64, theta: 500_000, scaling: rule)
        writer.tensors.append(("rope_freqs.weight", [32], 0, Writer.floats(zip(plain, scaled).map { $0 / $1 })))
        #expect(try load(writer.bytes()).architecture.ropeScaling == rule)
        writer.tensors[writer.tensors.count - 1].bytes = Writer.floats([Float](repeating: 3, count: 32))
        #expect(throws: TransformerError.self) { try load(writer.bytes()) }
    }

    @Test func otherNetworksAreRefused() throws {
        let model = try TinyModel.make()
        func refusal(_ change: (inout Writer) throws -> Void) throws -> String {
            var writer = try Self.tinyFile(model)
            try change(&writer)
            return try #require(#expect(throws: TransformerError.self) { try load(writer.bytes()) }).description
        }
        #expect(try refusal { $0.metadata[0].bytes = Writer.text("qwen2") }.contains("qwen2"))
        #expect(try refusal { $0.put("llama.expert_count", 8) }.contains("8 experts"))
        #expect(try refusal { $0.put("llama.rope.scaling.type", "yarn") }.contains("yarn"))
        #expect(try refusal { $0.put("llama.rope.dimension_count", 4) }.contains("4 of 8 channels"))
        #expect(try refusal { $0.tensors.remove(at: 3) }.contains("is missing"))
        #expect(try refusal { $0.tensors[3].name = "blk.0.strange" }.contains("blk.0.strange"))
        #expect(try refusal { $0.metadata.remove(at: 1) }.contains("llama.block_count"))
        #expect(
            try refusal {
                $0.tensors[1].shape = [16]; $0.tensors[1].bytes.removeLast(64)
            }.contains("[16]"))
    }

    /// Every cut of the header, and hundreds of flipped bits, either load or are refused; nothing crashes or takes
    /// memory.
    @Test func hostileFilesAreRefused() throws {
        let good = try Self.tinyFile(try TinyModel.make(TinyModel.architecture(layers: 1))).bytes()
        let headerEnd = 1500
        try withTemporaryFolder { folder in
            let path = folder + "/m.gguf"
            func read(_ bytes: [UInt8]) throws -> Bool {
                try Data(bytes).write(to: URL(filePath: path))
                do throws(TransformerError) {
                    _ = try GGUFImport(path: path).model()
                    return true
                } catch {
                    return false
                }
            }
            #expect(try read(good))
            for length in stride(from: 0, to: headerEnd, by: 7) { #expect(try !read(Array(good[..<length]))) }
            #expect(try !read(Array(good.dropLast(33))))
            var random = RepeatableRandom(3)
            for _ in 0..<300 {
                var bytes = good
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    bytes[Int.random(in: 4..<headerEnd, using: &random)] ^=
                        UInt8(1) << UInt8.random(in: 0...7, using: &random)
                }
                _ = try read(bytes)
            }
            // Counts beyond the file: tensors, metadata, a text, an array.
            for place in [8, 16, 24] {
                var bytes = good
                bytes.replaceSubrange(place..<(place + 8), with: [UInt8](repeating: 0xFF, count: 7) + [0x7F])
                #expect(try !read(bytes))
                bytes.replaceSubrange(place..<(place + 8), with: Writer.little(UInt64(1) << 40))
                #expect(try !read(bytes))
            }
            var writer = Writer()
            writer.metadata.append(("a", 9, Writer.little(UInt32(5)) + Writer.little(UInt64(1) << 61)))
            #expect(try !read(writer.bytes()))
            writer.metadata = [("a", 99, [0])]
            #expect(try !read(writer.bytes()))
            writer.metadata = []
            writer.tensors = [("t", [1 << 20, 1 << 20], 0, [0])]
            #expect(try !read(writer.bytes()))
            writer.tensors = [
                ("t", [8], 0, [UInt8](repeating: 0, count: 32)), ("t", [8], 0, [UInt8](repeating: 0, count: 32)),
            ]
            #expect(try !read(writer.bytes()))
        }
    }

    /// The frequencies of the stated head are computed only when the file holds as many.
    @Test func aHugeHeadIsNotComputedWith() throws {
        var writer = try Self.tinyFile(try TinyModel.make())
        writer.metadata.removeAll { $0.key == "llama.attention.key_length" }
        writer.put("llama.attention.key_length", 1 << 30)
        writer.tensors.append(("rope_freqs.weight", [4], 0, Writer.floats([1, 1, 1, 1])))
        #expect(throws: TransformerError.self) { try load(writer.bytes()) }
    }

    // MARK: Tokenizers

    @Test(arguments: [Float.nan, .infinity, 1e30, 0.5]) func typesThatAreNoIntegersAreRefused(type: Float) throws {
        var writer = try Self.tinyFile(try TinyModel.make())
        writer.put("tokenizer.ggml.model", "llama")
        writer.put("tokenizer.ggml.tokens", ["<unk>", "a"])
        writer.put("tokenizer.ggml.scores", [0, -1] as [Float])
        writer.put("tokenizer.ggml.token_type", [type, 1])
        #expect(throws: TransformerError.self) { try tokenizer(writer) }
    }

    private func tokenizer(_ writer: Writer) throws {
        try withTemporaryFolder { folder in
            try Data(writer.bytes()).write(to: URL(filePath: folder + "/m.gguf"))
            _ = try GGUFImport(path: folder + "/m.gguf").tokenizer()
        }
    }

    /// Merges are found by cutting each piece everywhere: the square of a long one's length would take minutes.
    @Test func piecesOfMegabytesAreRefused() throws {
        var writer = try Self.tinyFile(try TinyModel.make())
        writer.put("tokenizer.ggml.model", "llama")
        writer.put("tokenizer.ggml.tokens", ["<unk>", String(repeating: "a", count: 1 << 20)])
        writer.put("tokenizer.ggml.scores", [0, -1] as [Float])
        writer.put("tokenizer.ggml.token_type", [2, 1])
        let error = #expect(throws: TransformerError.self) { try tokenizer(writer) }
        #expect(error?.description.contains("2048 bytes") == true)
    }

    @Test func theBytePairTokenizerEqualsTheFolders() throws {
        let made = try GGUFImport(path: FixtureFiles.fetched("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")).tokenizer()
        try withTemporaryFolder { folder in
            try made.write(to: folder)
            for name in ["tokenizer.json", "special_tokens_map.json", "tokenizer_config.json"] {
                let ours =
                    try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: folder + "/" + name)))
                    as? NSDictionary
                let theirs =
                    try JSONSerialization.jsonObject(
                        with: Data(contentsOf: URL(filePath: FixtureFiles.fetched("smollm2/" + name)))) as? NSDictionary
                #expect(ours == theirs, "\(name)")
            }
        }
    }

    @Test func aSentencePieceVocabularyBecomesAModelAndMerges() throws {
        let model = try TinyModel.make()
        var writer = try Self.tinyFile(model)
        let tokens = [
            "<unk>", "<s>", "</s>", "<0x41>", "a", "b", "ab", "\u{2581}", "\u{2581}a", "\u{2581}ab", "e\u{301}",
            "\u{e9}",
        ]
        writer.put("tokenizer.ggml.model", "llama")
        writer.put("tokenizer.ggml.tokens", tokens)
        writer.put("tokenizer.ggml.scores", [0, 0, 0, 0, -4, -5, -1, -6, -2, -3, -7, -8] as [Float])
        writer.put("tokenizer.ggml.token_type", [2, 3, 3, 6, 1, 1, 1, 1, 1, 1, 1, 1])
        writer.put("tokenizer.ggml.bos_token_id", 1)
        writer.put("tokenizer.ggml.eos_token_id", 2)
        try withTemporaryFolder { folder in
            try Data(writer.bytes()).write(to: URL(filePath: folder + "/m.gguf"))
            try GGUFImport(path: folder + "/m.gguf").tokenizer().write(to: folder)
            let json = try JSONValue(parsing: Data(contentsOf: URL(filePath: folder + "/tokenizer.json")))
            let merges = try #require(json["model"]?["merges"]?.array).compactMap { $0.array?.compactMap(\.string) }
            #expect(merges == [["a", "b"], ["\u{2581}", "a"], ["\u{2581}", "ab"], ["\u{2581}a", "b"]])
            let text = try String(contentsOfFile: folder + "/tokenizer.json", encoding: .utf8)
            // Canonically equivalent pieces stay apart.
            #expect(text.unicodeScalars.contains("\u{301}") && text.unicodeScalars.contains("\u{e9}"))
            let proto = try Data(contentsOf: URL(filePath: folder + "/tokenizer.model"))
            // The first piece: field 1, 14 bytes: the text <unk>, the score 0, type 2.
            #expect(
                Array(proto.prefix(16)) == [0x0A, 14, 0x0A, 5] + Array("<unk>".utf8) + [0x15, 0, 0, 0, 0, 0x18, 2])
        }
        writer.put("tokenizer.ggml.pre", "tekken")
        writer.metadata.removeAll { $0.key == "tokenizer.ggml.model" }
        writer.put("tokenizer.ggml.model", "gpt2")
        writer.put("tokenizer.ggml.merges", ["a b"])
        try withTemporaryFolder { folder in
            try Data(writer.bytes()).write(to: URL(filePath: folder + "/m.gguf"))
            let error = #expect(throws: TransformerError.self) { try GGUFImport(path: folder + "/m.gguf").tokenizer() }
            #expect(error?.description.contains("tekken") == true)
        }
    }
}
