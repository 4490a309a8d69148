import Fixtures
import Foundation
import Testing

@testable import Corpus

/// Instruction data: Alpaca's records and prompt, whole examples in a row, targets on answers alone.
@Suite struct InstructionTests {
    private struct Record: Codable {
        var instruction: String
        var input: String?
        var output: String
    }

    private func corpus(_ records: [Record], extra: String = "") throws -> (TemporaryDirectory, CorpusManifest) {
        let folder = try TemporaryDirectory()
        let lines = try records.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        try folder.write(lines.joined(separator: "\n") + "\n" + extra, to: "tasks.jsonl")
        try folder.write(
            """
            schema: 1
            name: tasks
            records: instructions
            domains:
              - { name: tasks, shards: [tasks.jsonl] }
            """, to: "manifest.yaml")
        return (folder, try CorpusManifest.load(folder.path("manifest.yaml")))
    }

    private func pack(
        _ records: [Record], length: Int, packing: Packing = .instructions
    ) throws -> (TemporaryDirectory, PackedCorpus) {
        let (folder, manifest) = try corpus(records)
        let packer = try CorpusPacker(
            corpus: manifest.resolved(), tokenizer: ByteTokenizer(),
            settings: PackingSettings(sequenceLength: length, packing: packing), threads: 1)
        return (folder, try packer.pack(into: folder.path("packed")))
    }

    /// As train.py of Stanford Alpaca writes them.
    private func prompt(_ record: Record) -> String {
        if let input = record.input, !input.isEmpty {
            return "Below is an instruction that describes a task, paired with an input that provides further context. "
                + "Write a response that appropriately completes the request.\n\n"
                + "### Instruction:\n\(record.instruction)\n\n### Input:\n\(input)\n\n### Response:"
        }
        return "Below is an instruction that describes a task. "
            + "Write a response that appropriately completes the request.\n\n"
            + "### Instruction:\n\(record.instruction)\n\n### Response:"
    }

    /// What an example is to `ByteTokenizer`.
    private func tokens(_ record: Record) -> [Int32] {
        let text: [Int32] = (prompt(record) + record.output).utf8.map { Int32($0) }
        return [256] + text + [257]
    }

    private func records(_ seed: UInt64, _ count: Int) -> [Record] {
        var random = RepeatableRandom(seed)
        func words(_ range: ClosedRange<Int>) -> String {
            (0..<Int.random(in: range, using: &random)).map { _ in
                ["add ", "é ", "\"x\" ", "and\n", "go"].randomElement(using: &random) ?? ""
            }
            .joined()
        }
        return (0..<count).map { index in
            Record(instruction: words(1...9), input: [nil, "", words(1...5)][index % 3], output: words(1...12))
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func onlyAnswersAreLearned(_ seed: UInt64) throws {
        let records = records(seed, 23)
        let (folder, packed) = try pack(records, length: 700)
        defer { withExtendedLifetime(folder) {} }
        let rows = (0..<packed.training(0).count).map { RowID(domain: 0, row: $0) }
        #expect(rows.count > 3)
        let batch = try packed.batch(rows, from: .training)
        let segments = try #require(batch.segments)
        var examples: [[Int32]] = []
        var learned: [[Int32]] = []
        for row in 0..<batch.rows {
            var last: Int32 = -1
            for column in 0..<batch.columns {
                let place = row * batch.columns + column
                if column >= packed.training(0).length(of: row) {
                    #expect(batch.targets[place] == -1)
                    continue
                }
                if segments[place] != last {
                    last = segments[place]
                    examples.append([])
                    learned.append([])
                }
                examples[examples.count - 1].append(batch.tokens[place])
                guard batch.targets[place] >= 0 else { continue }
                #expect(batch.targets[place] == batch.tokens[place + 1] && segments[place + 1] == segments[place])
                learned[learned.count - 1].append(batch.targets[place])
            }
        }
        // Every example stands whole in one row, in order; what is learned of it is its output and the end of text.
        #expect(examples == records.map(tokens))
        #expect(learned == records.map { $0.output.utf8.map { Int32($0) } + [257] })
        #expect(packed.index.domains[0].training.droppedTokens == 0 && packed.index.domains[0].training.documents == 23)
    }

    @Test func joinedBordersKeepTheTargets() throws {
        let (folder, packed) = try pack(records(3, 9), length: 900)
        defer { withExtendedLifetime(folder) {} }
        let rows = [RowID(domain: 0, row: 0)]
        let joined = try packed.batch(rows, from: .training, borders: .joined)
        #expect(try joined.segments == nil && joined.targets == packed.batch(rows, from: .training).targets)
    }

    @Test func examplesThatDoNotFitLoseTheirEndOrAreDropped() throws {
        let long = Record(instruction: "say", input: nil, output: String(repeating: "a", count: 300))
        let huge = Record(instruction: String(repeating: "b", count: 400), input: nil, output: "c")
        let size = prompt(long).utf8.count + 1
        let (folder, packed) = try pack([long, huge], length: size + 10)
        defer { withExtendedLifetime(folder) {} }
        #expect(packed.training(0).count == 1)
        let batch = try packed.batch([RowID(domain: 0, row: 0)], from: .training)
        #expect(batch.targets.filter { $0 >= 0 } == Array(repeating: 97, count: 10))
        let dropped = 301 - 10 + prompt(huge).utf8.count + 3
        #expect(packed.index.domains[0].training.droppedTokens == dropped)
    }

    @Test func otherPackingsReadPromptAndAnswerAsOneText() throws {
        let records = records(2, 4)
        let (folder, packed) = try pack(records, length: 64, packing: .keepAll)
        defer { withExtendedLifetime(folder) {} }
        var expected: [Int32] = []
        for record in records { expected += tokens(record) }
        var found: [Int32] = []
        for row in 0..<packed.training(0).count {
            found += try packed.training(0).sequence(row).prefix(packed.training(0).length(of: row))
        }
        #expect(found == expected)
    }

    @Test func wrongRecordsAndSettingsAreNamed() throws {
        func failure(_ line: String) throws -> String {
            let (folder, manifest) = try corpus([], extra: line + "\n")
            defer { withExtendedLifetime(folder) {} }
            var reader = try ShardReader(manifest.resolved().shards[0], of: manifest.resolved())
            do throws(CorpusError) {
                _ = try reader.next()
                return ""
            } catch { return "\(error)" }
        }
        #expect(try failure(#"{"instruction": "a", "output": "b"}"#) == "")
        #expect(try failure(#"{"instruction": "a", "input": "b"}"#).contains("output"))
        #expect(try failure(#"{"input": "a", "output": "b"}"#).contains("instruction"))
        #expect(try failure(#"{"instruction": "a", "input": 3, "output": "b"}"#).contains("input"))
        #expect(try failure(#"{"instruction": "a", "output": ["b"]}"#).contains("output"))
        #expect(try failure("no JSON") != "")
        let plain = try SampleCorpus([[["some text"]]])
        let settings = PackingSettings(sequenceLength: 8, packing: .instructions)
        #expect {
            try CorpusPacker(corpus: plain.manifest.resolved(), tokenizer: ByteTokenizer(), settings: settings)
        } throws: { "\($0)".contains("records: instructions") }
        let (folder, manifest) = try corpus([Record(instruction: "a", input: nil, output: "b")])
        #expect(manifest.records == .instructions)
        try folder.write(manifest.yaml(), to: "again.yaml")
        #expect(try CorpusManifest.load(folder.path("again.yaml")) == manifest)
        try folder.write(
            "schema: 1\nname: x\nrecords: instructions\ntext_field: body\ndomains: [{ name: a, shards: [tasks.jsonl] }]\n",
            to: "odd.yaml")
        #expect { try CorpusManifest.load(folder.path("odd.yaml")) } throws: { "\($0)".contains("text_field") }
    }
}
