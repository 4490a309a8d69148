import Fixtures
import Foundation
import Testing
import Torch

@testable import Transformer

@Suite struct ModelFolderTests {
    private func expectSameWeights(_ found: LanguageModel, _ expected: LanguageModel) throws {
        #expect(found.architecture == expected.architecture)
        for (a, b) in zip(found.parameters, expected.parameters) {
            #expect(a.name == b.name)
            #expect(try a.master.isIdentical(to: b.master), "\(a.name)")
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64]) func exportThenImportIsIdentity(_ seed: UInt64) throws {
        let model = try TinyModel.make(TinyModel.randomArchitecture(seed: seed), seed: seed)
        let special = SpecialTokens(beginOfText: 1, endOfText: [2], padding: 0)
        let lineage = ["source": "tiny \"quoted\"", "steps": "20"]
        try withTemporaryFolder { folder in
            try ModelFolder.write(
                model, to: folder + "/model", dtype: .float32, special: special, lineage: lineage, form: .perBlock)
            let (read, description) = try ModelFolder.load(folder + "/model")
            try expectSameWeights(read, model)
            #expect(description.special == special)
            #expect(description.lineage == lineage)
            #expect(try ModelFolder.describe(folder + "/model").lineage == lineage)
            #expect(try ModelFolder.architecture(folder + "/model") == model.architecture)
        }
    }

    @Test func bfloat16WeightsAreRoundedOnce() throws {
        let model = try TinyModel.make()
        try withTemporaryFolder { folder in
            try ModelFolder.write(model, to: folder + "/model", dtype: .bfloat16)
            let (read, _) = try ModelFolder.load(folder + "/model")
            for (a, b) in zip(read.parameters, model.parameters) {
                #expect(try a.master.isIdentical(to: b.master.detached().to(.bfloat16).to(.float32)))
            }
            #expect(try SafetensorsFile(path: folder + "/model/model.safetensors").metadata["format"] == "pt")
        }
    }

    @Test func aFrozenModelHoldsOneCopyOfItsWeightsAndComputesTheSame() throws {
        let made = try TinyModel.make()
        try withTemporaryFolder { folder in
            try ModelFolder.write(made, to: folder + "/model", dtype: .float32)
            let (model, _) = try ModelFolder.load(folder + "/model", computeDType: .bfloat16)
            let (frozen, _) = try ModelFolder.load(folder + "/model", computeDType: .bfloat16, isFrozen: true)
            for parameter in frozen.parameters {
                #expect(parameter.master === parameter.value && parameter.value.dtype == .bfloat16)
                #expect(!parameter.value.requiresGradient)
            }
            let tokens = try TinyModel.tokens(made.architecture)
            #expect(try frozen.hidden(tokens).isIdentical(to: model.hidden(tokens).detached()))
        }
    }

    @Test func largeModelsAreSplitOverFilesWithAnIndex() throws {
        let model = try TinyModel.make()
        try withTemporaryFolder { folder in
            try ModelFolder.write(model, to: folder + "/model", dtype: .float32, shardBytes: 20_000)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/model")
            #expect(names.filter { $0.hasSuffix(".safetensors") }.count > 2)
            #expect(names.contains("model.safetensors.index.json"))
            try expectSameWeights(try ModelFolder.load(folder + "/model").model, model)
        }
    }

    @Test func blocksThatDifferHaveAFormOfTheirOwn() throws {
        var shape = TinyModel.architecture()
        shape.blocks[1] = BlockShape(queryHeads: 0, keyValueHeads: 0, intermediateSize: 5)
        shape.blocks[2] = BlockShape(queryHeads: 3, keyValueHeads: 3, intermediateSize: 0)
        let model = try TinyModel.make(shape)
        try withTemporaryFolder { folder in
            let error = #expect(throws: TransformerError.self) { try ModelFolder.write(model, to: folder + "/plain") }
            #expect(error?.description.contains("choose a target whose layers are all alike") == true)
            #expect(!FileManager.default.fileExists(atPath: folder + "/plain"))
            try ModelFolder.write(model, to: folder + "/own", dtype: .float32, form: .perBlock)
            try expectSameWeights(try ModelFolder.load(folder + "/own").model, model)
            let config = try String(contentsOfFile: folder + "/own/config.json", encoding: .utf8)
            #expect(config.contains("shearling_llama") && !config.contains("LlamaForCausalLM"))
        }
    }

    /// Blocks of different widths; some without a half.
    static func uneven(_ absent: Bool, biased: Bool = false) -> Architecture {
        var shape = TinyModel.architecture(attentionBias: biased, mlpBias: biased)
        for (index, size) in [300, 48, 17, 256].enumerated() { shape.blocks[index].intermediateSize = size }
        if absent {
            shape.blocks[1] = BlockShape(queryHeads: 0, keyValueHeads: 0, intermediateSize: 5)
            shape.blocks[2].intermediateSize = 0
        }
        return shape
    }

    @Test(arguments: [false, true], [false, true])
    func paddedFormsComputeTheSame(_ absent: Bool, _ biased: Bool) throws {
        let shape = Self.uneven(absent, biased: biased)
        let model = try TinyModel.make(shape)
        let tokens = try TinyModel.tokens(shape)
        let expected = try withoutGradients { try model.logits(model.hidden(tokens)) }
        try withTemporaryFolder { folder in
            for (name, form) in [("padded", ModelFolder.Form.padded), ("blocks", .blockConfigs)] {
                try ModelFolder.write(model, to: "\(folder)/\(name)", dtype: .float32, form: form)
                let (read, _) = try ModelFolder.load("\(folder)/\(name)")
                let found = try withoutGradients { try read.logits(read.hidden(tokens)) }
                #expect(try relativeDifference(found, expected) < 1e-5)
                let widths = read.architecture.blocks.map(\.intermediateSize)
                if form == .padded {
                    #expect(read.architecture.uniform?.block.intermediateSize == 300 && widths.count == 4)
                    let config = try String(contentsOfFile: "\(folder)/padded/config.json", encoding: .utf8)
                    #expect(config.contains("LlamaForCausalLM"))
                } else {
                    #expect(widths == [512, 256, absent ? 0 : 256, 256])
                    #expect(read.architecture.blocks[1].hasAttention == !absent)
                }
            }
        }
    }

    /// `ffn_mult` as vLLM, MLX (which rounds it to six digits) and others read it: 2/3 of it times the hidden size, cut
    /// off, then raised to a multiple of 256.
    @Test func blockConfigsStateEveryWidth() throws {
        for hidden in [32, 576, 2048, 4096, 8192] {
            for width in stride(from: 256, through: 14_336, by: 256) {
                let shape = TinyModel.architecture(layers: 1, hidden: hidden, intermediate: width)
                let config = shape.blockConfigsConfig(special: SpecialTokens(), dtype: "float32")
                #expect(try Architecture(huggingFaceConfig: config) == shape)
                let factor = try #require(config["block_configs"]?.array?.first?["ffn"]?["ffn_mult"]?.number)
                let rounded = Int(2 * ((factor * 1e6).rounded() / 1e6) * Double(hidden) / 3)
                #expect((rounded + 255) / 256 * 256 == width)
            }
        }
    }

    @Test func headsThatDifferCannotBePadded() throws {
        var shape = TinyModel.architecture()
        shape.blocks[1].queryHeads = 2
        let model = try TinyModel.make(shape)
        try withTemporaryFolder { folder in
            for form in [ModelFolder.Form.padded, .blockConfigs] {
                let error = #expect(throws: TransformerError.self) {
                    try ModelFolder.write(model, to: folder + "/model", form: form)
                }
                #expect(error?.description.contains("2 different") == true)
            }
        }
    }

    @Test func shapesThatTransformersRefusesAreNotExported() throws {
        let model = try TinyModel.make(TinyModel.architecture(hidden: 30))
        try withTemporaryFolder { folder in
            let error = #expect(throws: TransformerError.self) { try ModelFolder.write(model, to: folder + "/model") }
            #expect(error?.description.contains("no multiple of the 4 query heads") == true)
        }
    }

    @Test func aFolderThatHoldsSomethingIsLeftAlone() throws {
        let model = try TinyModel.make()
        try withTemporaryFolder { folder in
            try Data("mine".utf8).write(to: URL(filePath: folder + "/note"))
            #expect(throws: TransformerError.self) { try ModelFolder.write(model, to: folder) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["note"])
        }
    }

    @Test func tokenizerFilesAndCardTravelAlong() throws {
        let model = try TinyModel.make()
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/source", withIntermediateDirectories: true)
            try Data("{}".utf8).write(to: URL(filePath: folder + "/source/tokenizer.json"))
            try Data("x".utf8).write(to: URL(filePath: folder + "/source/unrelated.txt"))
            let card = ModelCard(title: "Tiny", license: "apache-2.0", tables: [("Scores", [("loss | nats", "1.5")])])
            try ModelFolder.write(
                model, to: folder + "/model", tokenizer: TokenizerFiles(inFolder: folder + "/source"),
                lineage: ["seed": "17"], card: card)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/model").sorted()
            #expect(
                names == ["README.md", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json"])
            let text = try String(contentsOfFile: folder + "/model/README.md", encoding: .utf8)
            for part in ["license: apache-2.0", "# Tiny", "loss \\| nats", "| seed | 17 |", "AutoModelForCausalLM"] {
                #expect(text.contains(part))
            }
        }
    }

    @Test func oldRotaryBuffersAndASecondCopyOfATiedHeadAreIgnored() throws {
        let model = try TinyModel.make()
        try withTemporaryFolder { folder in
            try ModelFolder.write(model, to: folder + "/model", dtype: .float32)
            var tensors = try model.weights().map { ($0.name, $0.tensor) }
            tensors.append(("model.layers.0.self_attn.rotary_emb.inv_freq", try Tensor.zeros([4])))
            tensors.append(("lm_head.weight", try model.embedding.master.detached().copied()))
            try SafetensorsWriter.write(tensors, to: folder + "/model/model.safetensors")
            try expectSameWeights(try ModelFolder.load(folder + "/model").model, model)
        }
    }

    /// A folder whose parts are then spoilt: each must be refused with a message that names the file.
    @Test func spoiltFoldersAreRefused() throws {
        let model = try TinyModel.make(TinyModel.architecture(layers: 1))
        func refusal(_ spoil: (String) throws -> Void) throws -> String {
            var text = ""
            try withTemporaryFolder { folder in
                try ModelFolder.write(model, to: folder + "/model", dtype: .float32)
                try spoil(folder + "/model")
                text = try #require(#expect(throws: TransformerError.self) { try ModelFolder.load(folder + "/model") })
                    .description
            }
            return text
        }
        func tensors(_ path: String, _ change: (inout [(String, Tensor)]) throws -> Void) throws {
            var list = try model.weights().map { ($0.name, $0.tensor) }
            try change(&list)
            try SafetensorsWriter.write(list, to: path + "/model.safetensors")
        }
        #expect(try refusal { try tensors($0) { $0.removeLast() } }.contains("model.norm.weight [32] is missing"))
        #expect(try refusal { try tensors($0) { $0.append(("odd", try Tensor.zeros([1]))) } }.contains("odd"))
        #expect(try refusal { try tensors($0) { $0[1].1 = try Tensor.zeros([31]) } }.contains("shape [31]"))
        #expect(try refusal { try tensors($0) { $0[1].1 = try Tensor.zeros([32], .int64) } }.contains("int64"))
        #expect(
            try refusal { try FileManager.default.removeItem(atPath: $0 + "/model.safetensors") }.contains(
                "save_pretrained"))
        #expect(
            try refusal { try FileManager.default.removeItem(atPath: $0 + "/config.json") }.contains(
                "config.json: cannot be read: it does not exist"))
        #expect(try refusal { try Data("{".utf8).write(to: URL(filePath: $0 + "/config.json")) }.contains("not JSON"))
        let cut = try refusal {
            let url = URL(filePath: $0 + "/model.safetensors")
            try Data(contentsOf: url).dropLast(100).write(to: url)
        }
        #expect(cut.contains("model.safetensors") && cut.contains("cut off"))
        let claim = try refusal {
            let url = URL(filePath: $0 + "/model.safetensors")
            var bytes = try Data(contentsOf: url)
            bytes.replaceSubrange(0..<8, with: [255, 255, 255, 255, 255, 255, 255, 127])
            try bytes.write(to: url)
        }
        #expect(claim.contains("model.safetensors"))
    }
}
