import Files
import Fixtures
import Foundation
import Testing

@Suite struct FileOperationsTests {
    private typealias Operations = FileOperations<Refusal>
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test func foldersAreMadeWithTheirParents() throws {
        try Operations.makeFolder(folder.path("a/b/c"))
        try Operations.makeFolder(folder.path("a/b/c"))
        try Operations.makeFolder(folder.path("a/b/c/"))
        #expect(Operations.isFolder(folder.path("a/b/c")))
        try folder.write("x", to: "a/b/c/file")
        for path in ["a/b/c/file", "a/b/c/file/d"] {
            let refused = #expect(throws: Refusal.self) { try Operations.makeFolder(folder.path(path)) }
            #expect(refused?.failure.code == ENOTDIR, "\(path)")
        }
    }

    @Test func foldersAreRemovedWithAllTheyHoldButNotWhatTheirLinksName() throws {
        for name in ["outside", "a/b"] {
            try Operations.makeFolder(folder.path(name))
            try folder.write("kept", to: name + "/file")
        }
        #expect(symlink(folder.path("outside"), folder.path("a/link")) == 0)
        try Operations.remove(folder.path("a"))
        try Operations.remove(folder.path("a"))
        #expect(folder.names() == ["outside"])
        #expect(try folder.read("outside/file") == Array("kept".utf8))
    }

    @Test func namesAreSortedAndThoseOfNoFolderNone() throws {
        for name in ["b", "a"] { try folder.write("", to: name) }
        try Operations.makeFolder(folder.path("c/d"))
        #expect(try Operations.names(in: folder.path) == ["a", "b", "c"])
        #expect(try Operations.names(in: folder.path("absent")).isEmpty)
        #expect(throws: Refusal.self) { try Operations.names(in: folder.path("a")) }
    }

    @Test func longFilesAreReadWholeOrNotAtAll() throws {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try folder.write(bytes, to: "a")
        #expect(try Operations.read(folder.path("a")) == bytes)
        #expect(try Operations.read(folder.path("a"), limit: 200_000) == bytes)
        #expect(try Operations.read(folder.path("a"), limit: 199_999) == nil)
        #expect(try Operations.size(folder.path("a")) == 200_000)
    }

    @Test func parentsAreThoseOfTheShell() {
        for (path, parent) in [("a", "."), ("/a", "/"), ("a/b", "a"), ("/a/b", "/a"), ("../a", "..")] {
            #expect(Operations.parent(of: path) == parent)
        }
    }

    @Test func textsAreQuotedAsJSONWants() throws {
        #expect(quotedJSON("a\"\\\n\t\u{1}é") == "\"a\\\"\\\\\\n\\t\\u0001é\"")
        let every = String(String.UnicodeScalarView((0..<0x3000).compactMap(Unicode.Scalar.init)))
        let parsed = try JSONSerialization.jsonObject(with: Data(quotedJSON(every).utf8), options: .fragmentsAllowed)
        #expect(parsed as? String == every)
    }
}
