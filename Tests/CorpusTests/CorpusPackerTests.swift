import Fixtures
import Foundation
import Synchronization
import Testing

@testable import Corpus

@Suite struct CorpusPackerTests {
    private func sample(_ seed: UInt64, fraction: Double? = 0.2, shards: Int = 4) throws -> SampleCorpus {
        var random = RandomStream(seed: seed, name: "packing sample")
        let texts = (0..<3).map { _ in
            (0..<shards).map { _ in SampleCorpus.documents(12, lengths: 0...90, &random) }
        }
        return try SampleCorpus(texts, fraction: fraction)
    }

    private func pack(
        _ sample: SampleCorpus, _ settings: PackingSettings, into name: String = "packed", threads: Int = 1,
        tokenizer: ByteTokenizer = ByteTokenizer(), shouldStop: @escaping @Sendable () -> Bool = { false }
    ) throws -> PackedCorpus {
        let packer = try CorpusPacker(
            corpus: try sample.manifest.resolved(), tokenizer: tokenizer, settings: settings, threads: threads)
        return try packer.pack(into: sample.folder.path(name), shouldStop: shouldStop)
    }

    /// Every file of a folder with its bytes.
    private func content(_ folder: String) throws -> [String: Data] {
        var content: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            var isFolder: ObjCBool = false
            let full = "\(folder)/\(path)"
            guard FileManager.default.fileExists(atPath: full, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            content[path] = try Data(contentsOf: URL(fileURLWithPath: full))
        }
        return content
    }

    private static let settings: [PackingSettings] = [
        PackingSettings(sequenceLength: 32), PackingSettings(sequenceLength: 32, packing: .keepAll),
        PackingSettings(sequenceLength: 16, maxTokensPerDomain: 400, maxValidationTokensPerDomain: 64),
        PackingSettings(sequenceLength: 16, packing: .keepAll, maxTokensPerDomain: 900),
    ]

    @Test(arguments: settings) func threadsLeaveNoTrace(settings: PackingSettings) throws {
        let sample = try sample(1)
        _ = try pack(sample, settings, into: "one")
        let expected = try content(sample.folder.path("one"))
        #expect(
            Set(expected.keys) == [
                "index.json", "data.lock.json", "web/train.bin", "web/validation.bin", "code/train.bin",
                "code/validation.bin", "books/train.bin", "books/validation.bin",
            ])
        for threads in [2, 3, 8] {
            _ = try pack(sample, settings, into: "many-\(threads)", threads: threads)
            #expect(try content(sample.folder.path("many-\(threads)")) == expected)
        }
    }

    @Test func aShardThatChangesWhileItIsPackedIsRefused() throws {
        let sample = try sample(3)
        let settings = PackingSettings(sequenceLength: 32)
        // Asked once a document: the first answer comes when the shard has been hashed and its reader is open.
        let asked = Mutex(0)
        let paths = sample.folder.names().filter { $0.hasSuffix(".jsonl") }.map { sample.folder.path($0) }
        let appends: @Sendable () -> Bool = {
            let count = asked.withLock { count in
                count += 1
                return count
            }
            for path in count == 3 ? paths : [] {
                guard let file = fopen(path, "a") else { continue }
                fputs("{\"text\": \"one more\"}\n", file)
                fclose(file)
            }
            return false
        }
        #expect {
            try pack(sample, settings, shouldStop: appends)
        } throws: { "\($0)".contains(".jsonl changed while it was read") && "\($0)".contains("run again") }
        #expect(try pack(sample, settings).domains.count == 3)
    }

    /// The reference: the documents of each split, in order, through one packer per shard.
    @Test(arguments: 0..<12) func rowsAreThoseOfThePlainLoop(seed: UInt64) throws {
        let sample = try sample(seed)
        let packed = try pack(sample, PackingSettings(sequenceLength: 32), threads: 2)
        let resolved = try sample.manifest.resolved()
        for (domain, name) in packed.domains.enumerated() {
            for split in CorpusSplit.allCases {
                var expected: [[TokenID]] = []
                var dropped = 0
                for shard in resolved.shards where shard.domain == name {
                    var buffer: [TokenID] = []
                    var reader = try ShardReader(shard, of: resolved)
                    while let document = try reader.next() {
                        guard isHeldOut(document.text, fraction: 0.2) == (split == .validation) else { continue }
                        buffer += [256] + document.text.map { TokenID($0) } + [257]
                    }
                    var start = 0
                    while start + 32 < buffer.count {
                        expected.append(Array(buffer[start..<(start + 32)]))
                        start += 32
                    }
                    dropped += buffer.count - start
                }
                let dataset = split == .training ? packed.training(domain) : packed.validation(domain)
                let entry =
                    split == .training ? packed.index.domains[domain].training : packed.index.domains[domain].validation
                #expect(try (0..<dataset.count).map { try dataset.sequence($0) } == expected)
                #expect(entry.droppedTokens == dropped)
                #expect(entry.tokens == expected.count * 32)
                #expect(entry.rows == expected.count)
            }
        }
        try packed.verify()
    }

    @Test(arguments: 0..<12) func keepAllKeepsEveryTokenOfEveryDocument(seed: UInt64) throws {
        let sample = try sample(seed)
        let packed = try pack(sample, PackingSettings(sequenceLength: 32, packing: .keepAll), threads: 2)
        var found: [String: Int] = [:]
        var padded = 0
        for (domain, name) in packed.domains.enumerated() {
            for (dataset, split) in [
                (packed.training(domain), CorpusSplit.training), (packed.validation(domain), .validation),
            ] {
                var pieces: [[TokenID]] = []
                for row in 0..<dataset.count {
                    let length = dataset.length(of: row)
                    if length < 32 {
                        padded += 1
                        #expect(row == dataset.count - 1)
                    }
                    let batch = try packed.batch([RowID(domain: domain, row: row)], from: split)
                    let segments = try #require(batch.segments)
                    for column in 0..<31 {
                        let isCounted = column + 1 < length && segments[column] == segments[column + 1]
                        #expect(batch.targets[column] == (isCounted ? batch.tokens[column + 1] : -1))
                    }
                    #expect(batch.targets[31] == -1)
                    var last: Int32 = -1
                    for column in 0..<length {
                        if segments[column] != last { pieces.append([]) }
                        last = segments[column]
                        pieces[pieces.count - 1].append(batch.tokens[column])
                    }
                    // Documents never share a segment.
                    for piece in pieces { #expect(!piece.dropFirst().contains(256) && !piece.dropLast().contains(257)) }
                    let origin = packed.origin(of: RowID(domain: domain, row: row), in: split)
                    let text = try line(origin.line, of: sample.folder.path(origin.shard))
                    let tokens = [256] + text.utf8.map { TokenID($0) } + [257]
                    #expect(tokens[origin.tokenOffset] == batch.tokens[0])
                }
                let entry =
                    split == .training ? packed.index.domains[domain].training : packed.index.domains[domain].validation
                #expect(pieces.reduce(0) { $0 + $1.count } == entry.textBytes + 2 * entry.documents)
                #expect(entry.droppedTokens == 0 && entry.tokensBeyondLimit == 0)
                found[name, default: 0] += entry.documents
            }
        }
        #expect(found.values.allSatisfy { $0 == 48 })
        #expect(padded <= 6)
    }

    private func line(_ number: Int, of path: String) throws -> String {
        let lines = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8).split(separator: "\n")
        return String(lines[number - 1].dropFirst(10).dropLast(2))
    }

    @Test(arguments: 1..<12) func anInterruptedRunGoesOn(documents: Int) throws {
        let sample = try sample(3)
        let settings = Self.settings[documents % 4]
        _ = try pack(sample, settings, into: "whole")
        let seen = Mutex(0)
        do {
            _ = try pack(sample, settings, into: "broken", threads: 1 + documents % 2) {
                seen.withLock { $0 += 1 }
                return seen.withLock { $0 } > documents * 17
            }
        } catch let error as CorpusError {
            guard case .stopped(_, let finished, let total) = error else { throw error }
            #expect(finished <= total && total == 12)
        }
        let parts = (try? FileManager.default.contentsOfDirectory(atPath: sample.folder.path("broken/parts"))) ?? []
        if documents > 3 { #expect(!parts.isEmpty || seen.withLock { $0 } <= documents * 17) }
        let again = Mutex(0)
        _ = try pack(sample, settings, into: "broken") {
            again.withLock { $0 += 1 }
            return false
        }
        #expect(try content(sample.folder.path("broken")) == content(sample.folder.path("whole")))
    }

    @Test func finishedPartsAreNotReadAgain() throws {
        let sample = try sample(4)
        let stop = Mutex(0)
        #expect(throws: CorpusError.self) {
            try pack(sample, Self.settings[0]) {
                stop.withLock { $0 += 1 }
                return stop.withLock { $0 } > 100
            }
        }
        let kept = try FileManager.default.contentsOfDirectory(atPath: sample.folder.path("packed/parts"))
        #expect(kept.count > 3)
        let documents = Mutex(0)
        let packer = try CorpusPacker(
            corpus: try sample.manifest.resolved(), tokenizer: ByteTokenizer(), settings: Self.settings[0], threads: 1)
        _ = try packer.pack(
            into: sample.folder.path("packed"),
            progress: { progress in documents.withLock { $0 = progress.documents } })
        #expect(documents.withLock { $0 } < 144 - 12 * 3)
        #expect(!FileManager.default.fileExists(atPath: sample.folder.path("packed/parts")))
    }

    @Test func aDamagedPartIsMadeAgain() throws {
        let sample = try sample(4)
        _ = try pack(sample, Self.settings[1], into: "whole")
        let stop = Mutex(0)
        #expect(throws: CorpusError.self) {
            try pack(sample, Self.settings[1]) {
                stop.withLock { $0 += 1 }
                return stop.withLock { $0 } > 100
            }
        }
        var damaged = 0
        for part in try FileManager.default.contentsOfDirectory(atPath: sample.folder.path("packed/parts")) {
            guard var bytes = try? sample.folder.read("packed/parts/\(part)/0.bin"), bytes.count > 80 else { continue }
            bytes[70] ^= 3
            try sample.folder.write(bytes, to: "packed/parts/\(part)/0.bin")
            damaged += 1
        }
        #expect(damaged > 3)
        _ = try pack(sample, Self.settings[1])
        #expect(try content(sample.folder.path("packed")) == content(sample.folder.path("whole")))
    }

    @Test func progressEndsAtTheWhole() throws {
        let sample = try sample(5)
        let resolved = try sample.manifest.resolved()
        let last = Mutex(PackingProgress())
        let packer = try CorpusPacker(
            corpus: resolved, tokenizer: ByteTokenizer(), settings: Self.settings[1], threads: 2)
        let packed = try packer.pack(
            into: sample.folder.path("packed"), progress: { progress in last.withLock { $0 = progress } })
        let end = last.withLock { $0 }
        #expect(end.shards == 12 && end.shardsTotal == 12 && end.documents == 144)
        #expect(end.bytes == end.bytesTotal && end.bytes == resolved.shards.reduce(0) { $0 + $1.bytes })
        let lock = try JSONFile.read(PackedLock.self, from: sample.folder.path("packed/data.lock.json"))
        #expect(end.tokens == lock.shards.reduce(0) { $0 + $1.tokens })
        #expect(lock.domains == packed.index.domains)
        #expect(lock.settings == Self.settings[1])
        for (shard, entry) in zip(resolved.shards, lock.shards) {
            #expect(entry.sha256 == (try FileDigest.sha256(ofFile: shard.absolutePath)))
        }
    }

    @Test func limitsAreKept() throws {
        let sample = try sample(6, fraction: 0.3)
        let packed = try pack(sample, Self.settings[2])
        for (domain, entry) in packed.index.domains.enumerated() {
            #expect(packed.training(domain).count == 25)
            #expect(packed.validation(domain).count <= 4)
            #expect(entry.training.tokens == 400)
            #expect(entry.training.tokensBeyondLimit >= 0)
        }
        let all = try pack(sample, PackingSettings(sequenceLength: 16), into: "all")
        for domain in 0..<3 {
            for row in 0..<25 {
                #expect(try packed.training(domain).sequence(row) == all.training(domain).sequence(row))
            }
        }
        let lock = try JSONFile.read(PackedLock.self, from: sample.folder.path("packed/data.lock.json"))
        #expect(lock.shards.count < 12, "later shards are not read")
    }

    @Test func validationFilesAreHeldOutWhole() throws {
        var random = RandomStream(seed: 1, name: "held")
        let texts = [[SampleCorpus.documents(9, lengths: 20...40, &random)]]
        let held = [SampleCorpus.documents(5, lengths: 20...40, &random)]
        let sample = try SampleCorpus(texts, validation: held, fraction: 0.5)
        let packed = try pack(sample, PackingSettings(sequenceLength: 8, packing: .keepAll))
        #expect(packed.index.domains[0].training.documents == 9)
        #expect(packed.index.domains[0].validation.documents == 5)
    }

    @Test func theHeldOutPartIsAFunctionOfTheText() {
        var random = RandomStream(seed: 1, name: "held out")
        let texts = SampleCorpus.documents(4000, lengths: 5...60, &random).map { Array($0.utf8) }
        let held = texts.filter { isHeldOut($0, fraction: 0.1) }
        #expect(abs(held.count - 400) < 80)
        #expect(held.allSatisfy { isHeldOut($0, fraction: 0.2) })
        #expect(!texts.contains { isHeldOut($0, fraction: 0) })
        #expect(texts.allSatisfy { isHeldOut($0, fraction: 1) })
        // SHA-256("abc") begins with ba7816bf8f01cfea.
        #expect(isHeldOut(Array("abc".utf8), fraction: 0.9173))
        #expect(!isHeldOut(Array("abc".utf8), fraction: 0.9172))
    }

    @Test func recordsAreRoutedToTheirDomains() throws {
        let folder = try TemporaryDirectory()
        let lines = (0..<60).map { number in
            "{\"text\": \"number \(number)\", \"meta\": {\"set\": \"\(["web", "code"][number % 3 == 0 ? 1 : 0])\"}}\n"
        }
        try folder.write(lines.joined(), to: "all.jsonl")
        var manifest = CorpusManifest(
            name: "routed", domains: [CorpusManifest.Domain(name: "web"), CorpusManifest.Domain(name: "code")])
        manifest.folder = folder.path
        manifest.shards = ["all.jsonl"]
        manifest.routeBy = "meta.set"
        let packer = try CorpusPacker(
            corpus: try manifest.resolved(), tokenizer: ByteTokenizer(), settings: PackingSettings(sequenceLength: 8))
        let packed = try packer.pack(into: folder.path("packed"))
        #expect(packed.index.domains.map(\.training.documents) == [40, 20])
    }

    @Test func unusableRecordsAreListedWhenSkipped() throws {
        var sample = try sample(7)
        let good = try String(decoding: sample.folder.read("code-1.jsonl"), as: UTF8.self)
        try sample.folder.write(good + "{\"no text\": 1}\n", to: "code-1.jsonl")
        #expect(throws: CorpusError.self) { try pack(sample, Self.settings[0], threads: 2) }
        sample.manifest.onBadRecord = .skip
        _ = try pack(sample, Self.settings[0], threads: 2)
        let lock = try JSONFile.read(PackedLock.self, from: sample.folder.path("packed/data.lock.json"))
        #expect(lock.skippedCount == 1)
        #expect(lock.skipped.map(\.path) == ["code-1.jsonl"])
        #expect(lock.skipped.map(\.line) == [13])
    }

    @Test func aChangedShardIsRefused() throws {
        var sample = try sample(8)
        let wrong = String(repeating: "0", count: 64)
        sample.manifest.domains[1].files = [CorpusManifest.File(path: "code-2.jsonl", sha256: wrong)]
        do {
            _ = try pack(sample, Self.settings[0], threads: 2)
            Issue.record("a wrong digest was taken")
        } catch let error as CorpusError {
            guard case .digestMismatch(let path, let expected, _) = error else { throw error }
            #expect(path.hasSuffix("code-2.jsonl") && expected == wrong)
        }
    }

    @Test func aDomainWithoutRowsIsRefused() throws {
        let sample = try SampleCorpus([[["long enough for several rows"]], [["x"]]])
        #expect(throws: CorpusError.noRows(domain: "code", tokens: 3, sequenceLength: 8)) {
            try pack(sample, PackingSettings(sequenceLength: 8))
        }
        let kept = try pack(sample, PackingSettings(sequenceLength: 8, packing: .keepAll))
        #expect(kept.training(1).count == 1 && kept.training(1).length(of: 0) == 3)
        #expect(kept.validation(0).count == 0)
    }

    @Test func idsBeyondTheVocabularyAreRefused() throws {
        let sample = try sample(9)
        #expect(throws: CorpusError.self) {
            try pack(sample, Self.settings[0], tokenizer: ByteTokenizer(vocabularySize: 258, offset: 200))
        }
        let wide = ByteTokenizer(vocabularySize: 70_300, offset: 70_000)
        let packed = try pack(sample, Self.settings[0], tokenizer: wide)
        let narrow = try pack(sample, Self.settings[0], into: "narrow")
        #expect(packed.vocabularySize == 70_300)
        let expected = try narrow.training(0).sequence(3).map { $0 < 256 ? $0 + 70_000 : $0 }
        #expect(try packed.training(0).sequence(3) == expected)
    }

    @Test func aDamagedFolderIsRefused() throws {
        let sample = try sample(10)
        _ = try pack(sample, Self.settings[0])
        var bytes = try sample.folder.read("packed/web/train.bin")
        bytes[70] ^= 1
        try sample.folder.write(bytes, to: "packed/web/train.bin")
        let packed = try PackedCorpus(at: sample.folder.path("packed"))
        #expect(throws: CorpusError.self) { try packed.verify() }
        try sample.folder.write(bytes.dropLast(), to: "packed/web/train.bin")
        #expect(throws: CorpusError.self) { try PackedCorpus(at: sample.folder.path("packed")) }
        try sample.folder.write("{}", to: "packed/index.json")
        #expect(throws: CorpusError.self) { try PackedCorpus(at: sample.folder.path("packed")) }
        #expect(throws: CorpusError.self) { try PackedCorpus(at: sample.folder.path("nothing")) }
    }

    @Test func impossibleSettingsAreRefused() throws {
        let sample = try sample(11)
        let resolved = try sample.manifest.resolved()
        for settings in [
            PackingSettings(sequenceLength: 1), PackingSettings(sequenceLength: 64, maxTokensPerDomain: 63),
        ] {
            #expect(throws: CorpusError.self) {
                try CorpusPacker(corpus: resolved, tokenizer: ByteTokenizer(), settings: settings)
            }
        }
    }
}
