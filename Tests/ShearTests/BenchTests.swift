import Fixtures
import Foundation
import Testing

/// `shear bench` through the built command: what it measures is what other commands do.
@Suite struct BenchTests {
    private static let tokenizer = "Tests/Fixtures/Text/tokenizer"

    private func corpus() throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        let texts = [
            "One river, two banks.", "naïve façade: 12345 + 67 = 12412\n\ttab", String(repeating: "so on ", count: 40),
        ]
        let lines = try texts.map {
            String(decoding: try JSONSerialization.data(withJSONObject: ["text": $0]), as: UTF8.self)
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "texts.jsonl")
        return folder
    }

    @Test func theIdsItWritesAreThoseThatTokenizePrints() throws {
        let folder = try corpus()
        let shard = folder.path("texts.jsonl")
        let outcome = try ShearBinary.run([
            "bench", "tokenize", "--tokenizer", Self.tokenizer, "--input", shard, "--ids", folder.path("ids"),
        ])
        try #require(outcome.code == 0, "\(outcome.messages)")
        // With no line on its input it says what it would measure, and ends.
        #expect(outcome.output.split(separator: "\n").count == 1 && outcome.output.contains(#""documents":3"#))
        let printed = try ShearBinary.run(["tokenize", "--tokenizer", Self.tokenizer, "--input", shard])
        let rows = try printed.output.split(separator: "\n").map {
            try JSONDecoder().decode([Int32].self, from: Data($0.utf8))
        }
        let written = try folder.read("ids").withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) }
        #expect(written == rows.flatMap { [Int32($0.count)] + $0 })
    }

    @Test func aPackedFolderIsWhatTheManifestSays() throws {
        let folder = try corpus()
        try folder.write(
            "schema: 1\nname: texts\ndomains:\n  - { name: texts, shards: [texts.jsonl] }\n", to: "texts.yaml")
        let outcome = try ShearBinary.run([
            "bench", "pack", "--manifest", folder.path("texts.yaml"), "--tokenizer", Self.tokenizer,
            "--sequence-length", "16", "--into", folder.path("packed"),
        ])
        #expect(outcome.code == 0, "\(outcome.messages)")
        let index = try JSONSerialization.jsonObject(with: Data(folder.read("packed/index.json"))) as? [String: Any]
        #expect(index?["sequence_length"] as? Int == 16)
    }

    @Test func memoryIsReadWhole() throws {
        let outcome = try ShearBinary.run(["bench", "memory", "--mebibytes", "1", "--threads", "3"])
        #expect(outcome.code == 0 && outcome.output.contains(#""bytes":1048576"#), "\(outcome.messages)")
    }
}
