import Fixtures
import Glibc
import Testing

@testable import Corpus

@Suite struct PackedDatasetTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func rows(_ count: Int, length: Int, vocabularySize: Int, seed: UInt64 = 1) -> [PackedRow] {
        var random = RandomStream(seed: seed, name: "packed rows")
        return (0..<count).map { number in
            let tokens = (0..<length).map { _ in TokenID(random.integer(below: UInt64(vocabularySize))) }
            let borders = (1..<length).filter { _ in random.integer(below: 4) == 0 }
            let origin = RowOrigin(shard: number % 3, line: number + 1, tokenOffset: Int(random.integer(below: 1000)))
            return PackedRow(tokens: tokens, borders: borders, origin: origin)
        }
    }

    private func write(
        _ rows: [PackedRow], to name: String, length: Int, vocabularySize: Int
    ) throws -> PackedDataset {
        var writer = try PackedShardWriter(
            path: folder.path(name), rowLength: length, vocabularySize: vocabularySize)
        for row in rows { try writer.append(row) }
        return try writer.commit()
    }

    @Test(arguments: [(300, 2), (65_536, 2), (65_537, 4), (128_256, 4)])
    func whatWasWrittenIsRead(vocabularySize: Int, tokenBytes: Int) throws {
        var rows = rows(17, length: 7, vocabularySize: vocabularySize)
        rows[4].tokens[2] = TokenID(vocabularySize - 1)
        rows[16] = PackedRow(tokens: [1, 2, 3], borders: [2], origin: RowOrigin(shard: 1, line: 9, tokenOffset: 4))
        let dataset = try write(rows, to: "rows.bin", length: 7, vocabularySize: vocabularySize)
        #expect(dataset.count == 17)
        #expect(dataset.sequenceLength == 7)
        #expect(dataset.vocabularySize == vocabularySize)
        for (index, row) in rows.enumerated() {
            let padding = [TokenID](repeating: 0, count: 7 - row.tokens.count)
            #expect(try dataset.sequence(index) == row.tokens + padding)
            #expect(dataset.length(of: index) == row.tokens.count)
            #expect(try dataset.borders(of: index) == row.borders)
            #expect(dataset.origin(of: index) == row.origin)
        }
        let borders = rows.reduce(0) { $0 + $1.borders.count }
        let bytes = try folder.read("rows.bin").count
        #expect(bytes == 64 + (17 * 7 * tokenBytes + 7) / 8 * 8 + 17 * 16 + 18 * 8 + borders * 4)
        #expect(folder.names() == ["rows.bin"])
    }

    /// The first file of the format, byte for byte; it must stay readable.
    @Test func theLayoutIsTheDocumentedOne() throws {
        let row = PackedRow(tokens: [258, 3], borders: [1], origin: RowOrigin(shard: 7, line: 8, tokenOffset: 9))
        _ = try write([row], to: "golden.bin", length: 2, vocabularySize: 300)
        var expected: [UInt8] = Array("SHRPACK".utf8) + [0, 1, 0, 0, 0, 2, 0, 0, 0]
        for number in [2, 1, 1, 300, 64 + 8 + 16 + 16 + 4, 0] { expected.append(littleEndian: UInt64(number)) }
        expected += [2, 1, 3, 0, 0, 0, 0, 0]
        for number: UInt32 in [7, 8, 9, 2] { expected.append(littleEndian: number) }
        for number: UInt64 in [0, 1] { expected.append(littleEndian: number) }
        expected += [1, 0, 0, 0]
        #expect(try folder.read("golden.bin") == expected)
    }

    @Test func rowsMoveFromFileToFile() throws {
        let rows = rows(9, length: 5, vocabularySize: 500)
        let source = try write(rows, to: "source.bin", length: 5, vocabularySize: 500)
        var writer = try PackedShardWriter(path: folder.path("copy.bin"), rowLength: 5, vocabularySize: 500)
        try writer.append(rows[0])
        try writer.append(2..<7, of: source, shard: 40)
        let copy = try writer.commit()
        #expect(copy.count == 6)
        for index in 1..<6 {
            #expect(try copy.sequence(index) == rows[index + 1].tokens)
            #expect(try copy.borders(of: index) == rows[index + 1].borders)
            #expect(copy.origin(of: index).shard == 40)
            #expect(copy.origin(of: index).line == rows[index + 1].origin.line)
        }
        #expect(throws: CorpusError.self) {
            var other = try PackedShardWriter(path: folder.path("other.bin"), rowLength: 6, vocabularySize: 500)
            try other.append(0..<1, of: source, shard: 0)
        }
    }

    @Test func aFileThatIsNotCommittedLeavesNothing() throws {
        var writer = try PackedShardWriter(path: folder.path("dropped.bin"), rowLength: 4, vocabularySize: 10)
        try writer.append(PackedRow(tokens: [1], borders: [], origin: RowOrigin(shard: 0, line: 1, tokenOffset: 0)))
        #expect(folder.names() == ["dropped.bin.partial"])
        drop(writer)
        #expect(folder.names().isEmpty)
    }

    private func drop(_ writer: consuming PackedShardWriter) {}

    @Test func aTokenOutsideTheVocabularyIsRefused() throws {
        for token: TokenID in [10, -1] {
            let row = PackedRow(tokens: [1, token], borders: [], origin: RowOrigin(shard: 0, line: 1, tokenOffset: 0))
            #expect(
                throws: CorpusError.vocabularyMismatch(
                    path: folder.path("v.bin"), token: Int(token), vocabularySize: 10)
            ) { try write([row], to: "v.bin", length: 4, vocabularySize: 10) }
        }
        _ = try write(
            [PackedRow(tokens: [9, 9], borders: [], origin: RowOrigin(shard: 0, line: 1, tokenOffset: 0))],
            to: "damaged.bin", length: 2, vocabularySize: 10)
        var bytes = try folder.read("damaged.bin")
        bytes[64] = 10
        let dataset = try PackedDataset(path: try folder.write(bytes, to: "damaged.bin"))
        #expect(throws: CorpusError.self) { try dataset.sequence(0) }
    }

    @Test func everyShortenedOrLengthenedFileIsRefused() throws {
        _ = try write(rows(3, length: 5, vocabularySize: 100), to: "whole.bin", length: 5, vocabularySize: 100)
        let bytes = try folder.read("whole.bin")
        for count in 0..<bytes.count {
            let path = try folder.write(bytes[..<count], to: "short.bin")
            #expect(throws: CorpusError.self) { try PackedDataset(path: path) }
        }
        let path = try folder.write(bytes + [0], to: "long.bin")
        #expect(throws: CorpusError.self) { try PackedDataset(path: path) }
    }

    @Test func noDamagedByteBringsTheReaderDown() throws {
        _ = try write(rows(3, length: 5, vocabularySize: 100), to: "whole.bin", length: 5, vocabularySize: 100)
        let bytes = try folder.read("whole.bin")
        var random = RandomStream(seed: 2, name: "damage")
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= UInt8(1 << random.integer(below: 8))
            let path = try folder.write(damaged, to: "damaged.bin")
            guard let dataset = try? PackedDataset(path: path) else { continue }
            // The index of the folder knows the vocabulary too.
            #expect(place >= 64 || (40..<48).contains(place), "byte \(place) of the header")
            for row in 0..<dataset.count {
                _ = try? dataset.sequence(row)
                _ = try? dataset.borders(of: row)
                #expect(dataset.length(of: row) <= 5)
            }
        }
    }

    /// A row says itself how many of its tokens are no padding; borders behind them would be targets of other rows.
    @Test func aBorderInThePaddingIsRefused() throws {
        let row = PackedRow(tokens: [1, 2, 3], borders: [1], origin: RowOrigin(shard: 0, line: 1, tokenOffset: 0))
        _ = try write([row], to: "whole.bin", length: 4, vocabularySize: 10)
        let bytes = try folder.read("whole.bin")
        let lengthPlace = 64 + 8 + 12
        for length in 0..<4 {
            var damaged = bytes
            damaged[lengthPlace] = UInt8(length)
            let dataset = try PackedDataset(path: try folder.write(damaged, to: "damaged.bin"))
            #expect(dataset.length(of: 0) == length)
            if length > 1 {
                #expect(try dataset.borders(of: 0) == [1])
            } else {
                #expect(throws: CorpusError.self) { try dataset.borders(of: 0) }
            }
        }
    }

    @Test func anIndexCannotNameFilesElsewhere() throws {
        _ = try TinyCorpus.make(in: folder.path)
        let index = String(decoding: try folder.read("index.json"), as: UTF8.self)
        let name = "wiki.training.bin"
        #expect(index.contains(name))
        for place in ["../\(name)", folder.path(name), "x/../\(name)"] {
            let changed = index.replacing("\"\(name)\"", with: "\"\(place)\"")
            try folder.write(changed, to: "index.json")
            let error = #expect(throws: CorpusError.self) { try PackedCorpus(at: folder.path) }
            #expect(error?.description.contains("outside its folder") == true)
        }
    }

    @Test func aFullDiskIsNamed() throws {
        #expect(symlink("/dev/full", folder.path("full.bin.partial")) == 0)
        let rows = rows(2000, length: 300, vocabularySize: 300)
        do throws(CorpusError) {
            var writer = try PackedShardWriter(path: folder.path("full.bin"), rowLength: 300, vocabularySize: 300)
            for row in rows { try writer.append(row) }
            Issue.record("a full disk took everything")
        } catch {
            guard case .diskFull(let path, let bytes) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(path == folder.path("full.bin"))
            #expect(bytes > 0)
            #expect(error.description.contains("make room"))
        }
        #expect(folder.names().isEmpty)
    }
}
