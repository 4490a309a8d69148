import Fixtures
import Foundation
import Testing

@testable import Training

@Suite struct TensorBoardWriterTests {
    /// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
    @Test func theChecksumIsCastagnolis() {
        #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    }

    /// The records of a file, their checksums checked.
    private func records(_ path: String) throws -> [[UInt8]] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func number(_ start: Int, _ count: Int) -> UInt64 {
            (0..<count).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
        }
        var list: [[UInt8]] = []
        var place = 0
        while place < bytes.count {
            let length = Int(number(place, 8))
            #expect(number(place + 8, 4) == UInt64(CRC32C.masked(bytes[place..<place + 8])))
            let record = Array(bytes[place + 12..<place + 12 + length])
            #expect(number(place + 12 + length, 4) == UInt64(CRC32C.masked(record)))
            list.append(record)
            place += 16 + length
        }
        return list
    }

    @Test func aFileIsARowOfCheckedRecords() throws {
        let folder = try TemporaryDirectory()
        let writer = try TensorBoardWriter(folder: folder.path("tb"), resumingAt: 0)
        try writer.append(step: 300, [("train/loss", 1.5), ("skipped", .nan)])
        let found = try records(writer.path)
        #expect(found.count == 2)
        #expect(found[0].suffix(13) == ArraySlice("brain.Event:2".utf8))
        // wall_time (field 1, fixed64), step (field 2) = 300, summary (field 5) of one value: tag (1) and float (2).
        let value: [UInt8] = [0x0A, 10] + Array("train/loss".utf8) + [0x15, 0, 0, 0xC0, 0x3F]
        #expect(found[1][0] == 0x09)
        #expect(
            Array(found[1][9...]) == [0x10, 0xAC, 0x02, 0x2A, UInt8(value.count + 2), 0x0A, UInt8(value.count)] + value)
    }

    @Test func aResumedRunOpensALaterFileThatBeginsWithASessionStart() throws {
        let folder = try TemporaryDirectory()
        let first = try TensorBoardWriter(folder: folder.path("tb"), resumingAt: 0)
        let second = try TensorBoardWriter(folder: folder.path("tb"), resumingAt: 7)
        #expect(first.path < second.path)
        let found = try records(second.path)
        // step (field 2) = 8, session_log (field 7) with status (field 1) START = 1.
        #expect(found.count == 2 && Array(found[1][9...]) == [0x10, 8, 0x3A, 2, 0x08, 1])
    }
}
