import Fixtures
import Testing

@testable import Corpus

@Suite struct FileDigestTests {
    /// The example of FIPS 180-2, appendix B.1.
    private let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func digestsAreThoseOfTheStandard() throws {
        #expect(FileDigest.sha256(Array("abc".utf8)) == abc)
        #expect(FileDigest.sha256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func filesAndBytesHaveTheSameDigest() throws {
        let folder = try TemporaryDirectory()
        #expect(try FileDigest.sha256(ofFile: folder.write(Array("abc".utf8), to: "a")) == abc)
        let large = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(try FileDigest.sha256(ofFile: folder.write(large, to: "b")) == FileDigest.sha256(large))
        #expect(throws: CorpusError.self) { try FileDigest.sha256(ofFile: folder.path("absent")) }
        #expect(throws: CorpusError.self) { try FileDigest.sha256(ofFile: folder.path) }
    }

    @Test func mappedFilesHoldTheSameBytes() throws {
        let folder = try TemporaryDirectory()
        let file = try MappedFile(path: folder.write([1, 2, 3], to: "a"))
        #expect(Array(file.bytes) == [1, 2, 3])
        #expect(try MappedFile(path: folder.write([], to: "empty")).bytes.isEmpty)
        #expect(throws: CorpusError.self) { _ = try MappedFile(path: folder.path) }
        #expect(throws: CorpusError.self) { _ = try MappedFile(path: folder.path("absent")) }
    }
}
