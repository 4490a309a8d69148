import Files
import Fixtures
import Foundation
import Testing

/// An error of a module that writes files.
struct Refusal: FileError, Equatable {
    let failure: FileFailure
    init(_ failure: FileFailure) { self.failure = failure }
}

@Suite struct StagedFileTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test func theFileAppearsWholeAndAtOnce() throws {
        let sizes = [1, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_001]
        var expected: [UInt8] = []
        var file = try StagedFile<Refusal>(path: folder.path("a"))
        for (index, size) in (sizes + sizes.reversed()).enumerated() {
            let bytes = [UInt8](repeating: UInt8(index), count: size)
            try file.write(bytes)
            expected += bytes
            #expect(file.byteCount == expected.count)
            #expect(folder.names() == ["a.partial"])
        }
        let over: [UInt8] = [200, 201, 202]
        try over.withUnsafeBytes { try file.rewrite($0, at: 5) }
        expected.replaceSubrange(5..<8, with: over)
        try file.commit()
        #expect(folder.names() == ["a"])
        #expect(try folder.read("a") == expected)
    }

    @Test func aFileThatIsDroppedLeavesWhatWasThere() throws {
        try folder.write("before", to: "a")
        do {
            var file = try StagedFile<Refusal>(path: folder.path("a"))
            try file.write(Array("after".utf8))
        }
        #expect(folder.names() == ["a"])
        #expect(try folder.read("a") == Array("before".utf8))
    }

    @Test func aFullDiskIsToldWithWhatWasLeft() throws {
        #expect(symlink("/dev/full", folder.path("a.partial")) == 0)
        let refused = #expect(throws: Refusal.self) {
            try FileOperations<Refusal>.create(folder.path("a"), [UInt8](repeating: 1, count: 4096))
        }
        let failure = try #require(refused?.failure)
        #expect(failure == FileFailure(path: folder.path("a"), operation: "write", code: ENOSPC, bytesLeft: 4096))
        #expect(failure.isDiskFull && failure.reason == "No space left on device")
        #expect(folder.names().isEmpty)
    }

    @Test func aFolderThatIsAbsentIsTold() {
        let refused = #expect(throws: Refusal.self) { try FileOperations<Refusal>.create(folder.path("b/a"), [1]) }
        #expect(refused?.failure.isMissing == true && refused?.failure.operation == "create")
    }
}
