import Fixtures
import Glibc
import Testing

@testable import Corpus

@Suite struct CorpusManifestTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func shard(_ name: String, _ texts: [String]) throws {
        let parts = name.split(separator: "/")
        var path = folder.path
        for part in parts.dropLast() {
            path += "/\(part)"
            mkdir(path, 0o777)
        }
        let bytes = Array(texts.map { "{\"text\": \"\($0)\"}\n" }.joined().utf8)
        try folder.write(name.hasSuffix(".zst") ? CompressedFiles.zstandard(bytes) : bytes, to: name)
    }

    private func manifest(_ text: String) throws -> CorpusManifest {
        try CorpusManifest.load(folder.write(Array(text.utf8), to: "corpus.yaml"))
    }

    private func problems(_ text: String) throws -> [String] {
        let error = try #require(throws: CorpusError.self) { try self.manifest(text) }
        guard case .yaml(let problems) = error else { throw error }
        return problems.map {
            "\($0.line):\($0.column) \($0.keyPath): \($0.reason)" + ($0.nearestKey.map { " [\($0)]" } ?? "")
        }
    }

    private func resolution(_ text: String) throws -> CorpusError {
        let manifest = try manifest(text)
        return try #require(throws: CorpusError.self) { try manifest.resolved() }
    }

    private let head = "schema: 1\nname: sample\n"

    @Test func everyKeyIsRead() throws {
        let digest = String(repeating: "0a", count: 32)
        let manifest = try manifest(
            """
            schema: 1
            name: sample
            licence: "see each domain"
            root: data   # relative to this file
            text_field: content.text
            route_by: meta.redpajama_set_name
            on_bad_record: skip
            max_document_bytes: 1_000_000
            allow_outside_root: true
            validation_fraction: 0.01
            shards: [train/**/*.jsonl.zst]
            validation: [validation/*.jsonl.zst]
            files:
              - { path: train/a.jsonl.zst, bytes: 12, documents: 3, sha256: \(digest.uppercased()) }
            domains:
              - name: cc
                licence: CC-BY-4.0
                validation_fraction: 0.02
              - name: book
                shards: [book/*.jsonl]
                validation:
                  - book/validation.jsonl
            """)
        #expect(manifest.name == "sample" && manifest.licence == "see each domain" && manifest.root == "data")
        #expect(manifest.textField == "content.text" && manifest.routeBy == "meta.redpajama_set_name")
        #expect(manifest.onBadRecord == .skip && manifest.maxDocumentBytes == 1_000_000 && manifest.allowOutsideRoot)
        #expect(manifest.validationFraction == 0.01 && manifest.folder == folder.path)
        #expect(manifest.shards == ["train/**/*.jsonl.zst"] && manifest.validation == ["validation/*.jsonl.zst"])
        #expect(manifest.files == [.init(path: "train/a.jsonl.zst", bytes: 12, sha256: digest, documents: 3)])
        #expect(
            manifest.domains == [
                .init(name: "cc", licence: "CC-BY-4.0", validationFraction: 0.02),
                .init(name: "book", shards: ["book/*.jsonl"], validation: ["book/validation.jsonl"]),
            ])
        let again = try CorpusManifest.decode(StrictYAML(text: Array(manifest.yaml().utf8), file: "again"))
        #expect(again.yaml() == manifest.yaml())
        #expect(again.domains == manifest.domains && again.files == manifest.files)
    }

    @Test func writtenTextIsReadBackWhateverTheNames() throws {
        for name in [
            "a: b", "- x", "\"q\"", "yes", "null", "12", "ü\n\t\u{7}\u{85}\u{2028}\u{FEFF}", "#", "{a}", "a #b", " a ",
            "'", "\\", "true", "~", "1e3",
        ] {
            var manifest = CorpusManifest(name: name, domains: [.init(name: "a", licence: name, shards: [name, "b"])])
            manifest.folder = "."
            #expect(try CorpusManifest.decode(StrictYAML(text: Array(manifest.yaml().utf8), file: "f")) == manifest)
        }
    }

    @Test func allProblemsAreListedWithTheirPlaces() throws {
        let found = try problems(
            """
            schema: 2
            nam: sample
            on_bad_record: skp
            max_document_bytes: "100"
            validation_fraction: .nan
            domains:
              - name: a
                shard: [x]
                files: [{ path: x, bytes: 007, sha256: abc }]
              - name: a
                shards: x
            """)
        let expected = [
            "1:1 name: the key 'name' is missing",
            "1:9 schema: schema 2 is unknown; this version reads 1",
            "2:1 nam: unknown key 'nam'; known here: allow_outside_root, domains, files, licence, max_document_bytes, name, on_bad_record, records, root, route_by, schema, shards, text_field, validation, validation_fraction [name]",
            "3:16 on_bad_record: 'skp' is none of stop, skip [skip]",
            "4:21 max_document_bytes: the text '100' in quotes, where an integer is wanted",
            "5:22 validation_fraction: '.nan' is not finite",
            "7:5 domains[0].shards: domain 'a' has no shards",
            "8:5 domains[0].shard: unknown key 'shard'; known here: files, licence, name, shards, validation, validation_fraction [shards]",
            "9:31 domains[0].files[0].bytes: '007' has a leading zero",
            "9:44 domains[0].files[0].sha256: 'abc' is not 64 hexadecimal digits",
            "10:11 domains[1].name: domain 'a' stands twice",
            "11:13 domains[1].shards: 'x', where a list is wanted",
        ]
        #expect(found.count == expected.count)
        for (found, expected) in zip(found, expected) { #expect(found == expected) }
        #expect(try problems(head + "domains: []") == ["3:10 domains: no domain is listed"])
        #expect(try problems(head + "shards: [a]\ndomains: [{ name: x }]").first?.contains("route_by") == true)
        #expect(
            try problems(head + "name: b\ndomains: []") == [
                "3:1 name: key written twice: name", "4:10 domains: no domain is listed",
            ])
        #expect(try problems("").count == 1)
        #expect(try problems("[").count == 1)
        #expect(try problems("- a").contains { $0.contains("a mapping is wanted") })
        #expect(try problems(String(repeating: "[", count: 100_000)).count == 1)
    }

    @Test func filesAreFoundInOrderAndSplit() throws {
        for name in [
            "web/b.jsonl", "web/a.jsonl.zst", "web/deep/er/c.jsonl", "web/validation.jsonl", "web/.hidden.jsonl",
            "book.jsonl",
        ] {
            try shard(name, ["text"])
        }
        let corpus = try manifest(
            head
                + """
                validation_fraction: 0.25
                domains:
                  - { name: book, shards: [book.jsonl] }
                  - { name: web, shards: [web/**/*.jsonl*], validation: ["web/*validation*"] }
                """
        ).resolved()
        #expect(
            corpus.shards.map(\.path) == [
                "book.jsonl", "web/validation.jsonl", "web/a.jsonl.zst", "web/b.jsonl", "web/deep/er/c.jsonl",
            ])
        #expect(corpus.shards.map(\.split) == [.training, .validation, .training, .training, .training])
        #expect(corpus.shards.map(\.domain) == ["book", "web", "web", "web", "web"])
        #expect(corpus.domains == ["book", "web"])
        #expect(corpus.heldOutFraction(of: "book") == 0.25 && corpus.heldOutFraction(of: "web") == 0)
        var reader = try ShardReader(corpus.shards[2], of: corpus)
        #expect(try reader.next()?.domain == "web")
    }

    @Test func corporaThatAreNotAsPromisedAreRefused() throws {
        try shard("web/a.jsonl", ["text"])
        let path = folder.path("web/a.jsonl")
        let bytes = try folder.read("web/a.jsonl")
        func text(_ shards: String, _ rest: String = "") -> String {
            head + "domains: [{ name: web, shards: [\(shards)]\(rest) }]"
        }
        guard
            case .emptyDomain(domain: "web", patterns: ["none/*.jsonl"], root: _) = try resolution(text("none/*.jsonl"))
        else {
            throw CorpusError.encoding(reason: "another error")
        }
        guard case .emptyDomain = try resolution(text("web/*.jsonl", ", validation: [\"*valid*\"]")) else {
            throw CorpusError.encoding(reason: "another error")
        }
        guard case .missing(folder.path("web/z.jsonl"), _) = try resolution(text("web/z.jsonl")) else {
            throw CorpusError.encoding(reason: "another error")
        }
        guard case .missing = try resolution(head + "root: nowhere\ndomains: [{ name: web, shards: [a] }]") else {
            throw CorpusError.encoding(reason: "another error")
        }
        guard case .outsideRoot = try resolution(text("../*.jsonl")) else {
            throw CorpusError.encoding(reason: "another error")
        }
        guard case .outsideRoot = try resolution(text("/etc/*")) else {
            throw CorpusError.encoding(reason: "another error")
        }
        #expect(
            try resolution(text("web/*.jsonl", ", files: [{ path: web/a.jsonl, bytes: 1 }]"))
                == .sizeMismatch(path: path, expected: 1, found: bytes.count))
        guard case .invalidArgument = try resolution(text("web/*.jsonl", ", files: [{ path: corpus.yaml }]")) else {
            throw CorpusError.encoding(reason: "another error")
        }
        guard
            case .invalidArgument = try resolution(
                head + "domains: [{ name: web, shards: [web/*.jsonl] }, { name: b, shards: [web/a.jsonl] }]")
        else { throw CorpusError.encoding(reason: "another error") }
        symlink("/etc/passwd", folder.path("web/link.jsonl"))
        guard case .outsideRoot = try resolution(text("web/*.jsonl")) else {
            throw CorpusError.encoding(reason: "another error")
        }
    }

    @Test func wrongDigestsAreFound() throws {
        try shard("web/a.jsonl", ["text"])
        let digest = try FileDigest.sha256(ofFile: folder.path("web/a.jsonl"))
        func corpus(_ digest: String) throws -> ResolvedCorpus {
            try manifest(
                head
                    + "domains: [{ name: web, shards: [web/*], files: [{ path: web/a.jsonl, sha256: \"\(digest)\" }] }]"
            ).resolved()
        }
        try corpus(digest).verify()
        let wrong = String(repeating: "1", count: 64)
        #expect(throws: CorpusError.digestMismatch(path: folder.path("web/a.jsonl"), expected: wrong, found: digest)) {
            try corpus(wrong).verify()
        }
    }

    @Test func rootsTakeEnvironmentVariables() throws {
        try shard("data/web/a.jsonl", ["text"])
        setenv("SHEARLING_TEST_ROOT", folder.path("data"), 1)
        let corpus = try manifest(
            head + "root: ${SHEARLING_TEST_ROOT}/web\ndomains: [{ name: web, shards: [\"*.jsonl\"] }]"
        ).resolved()
        #expect(corpus.shards.map(\.path) == ["a.jsonl"])
        let error = try resolution(head + "root: $SHEARLING_NO_SUCH_VARIABLE\ndomains: [{ name: web, shards: [a] }]")
        #expect(error.description.contains("SHEARLING_NO_SUCH_VARIABLE"))
    }

    @Test func scannedFolderBecomesAManifestThatResolves() throws {
        try shard("arxiv/a.jsonl.zst", ["one", "two"])
        try shard("arxiv/arxiv-validation.jsonl", ["three"])
        try shard("bo[ok]/b.jsonl", ["four"])
        try shard("bo[ok]/part-validation-0.jsonl", ["five"])
        try shard("cc_2019-30_sample.jsonl", ["six"])
        try folder.write(Array("{\"text\": \"seven\"}\nbroken\n".utf8), to: "wikipedia_sample.jsonl")
        let scan = try CorpusManifest.scan(folder.path, name: "scanned")
        #expect(scan.manifest.domains.map(\.name) == ["arxiv", "bo[ok]", "common_crawl", "wikipedia"])
        #expect(scan.documentCounts == [3, 2, 1, 1])
        #expect(scan.textBytes == [11, 8, 3, 5])
        #expect(scan.manifest.validationFraction == 0.01, "two domains have no validation files")
        #expect(scan.unusableCount == 1 && scan.unusable.map(\.line) == [2])
        try folder.write(Array(scan.manifest.yaml().utf8), to: "corpus.yaml")
        let corpus = try CorpusManifest.load(folder.path("corpus.yaml")).resolved()
        try corpus.verify()
        #expect(corpus.shards.count == 6)
        #expect(
            corpus.shards.filter { $0.split == .validation }.map(\.path) == [
                "arxiv/arxiv-validation.jsonl", "bo[ok]/part-validation-0.jsonl",
            ])
        #expect(corpus.shards.compactMap(\.documents).reduce(0, +) == 7)
    }

    @Test func routedFolderBecomesOneListOfShards() throws {
        mkdir(folder.path("train"), 0o777)
        mkdir(folder.path("validation"), 0o777)
        func line(_ set: String, _ text: String) -> String {
            "{\"text\": \"\(text)\", \"meta\": {\"redpajama_set_name\": \"\(set)\"}}\n"
        }
        try folder.write(
            CompressedFiles.zstandard(Array((line("RedPajamaC4", "a") + line("RedPajamaBook", "b")).utf8)),
            to: "train/x.jsonl.zst")
        try folder.write(Array(line("RedPajamaC4", "c").utf8), to: "validation/y.jsonl")
        let scan = try CorpusManifest.scan(folder.path, routeBy: "meta.redpajama_set_name")
        #expect(scan.manifest.domains.map(\.name) == ["book", "c4"])
        #expect(scan.documentCounts == [1, 2])
        #expect(scan.manifest.validationFraction == nil)
        let corpus = try scan.manifest.resolved()
        #expect(
            corpus.shards.map(\.split) == [.validation, .training] && corpus.shards.allSatisfy { $0.domain == nil })
        var reader = try ShardReader(corpus.shards[1], of: corpus)
        #expect(try reader.next()?.domain == "c4")
        #expect(try reader.next()?.domain == "book")
    }

    @Test func scannedFoldersGoByTheirCanonicalNames() throws {
        try shard("cc/a.jsonl.zst", ["one", "two"])
        try shard("RedPajamaCommonCrawl/b.jsonl", ["three"])
        try shard("wiki/part-validation.jsonl", ["four"])
        try shard("wiki/part-0.jsonl", ["five"])
        let scan = try CorpusManifest.scan(folder.path)
        #expect(scan.manifest.domains.map(\.name) == ["common_crawl", "wikipedia"])
        #expect(scan.documentCounts == [3, 2])
        let corpus = try scan.manifest.resolved()
        try corpus.verify()
        let trained = corpus.shards.filter { $0.split == .training }
        #expect(
            trained.map { "\($0.domain ?? "") \($0.path)" }.sorted() == [
                "common_crawl RedPajamaCommonCrawl/b.jsonl", "common_crawl cc/a.jsonl.zst",
                "wikipedia wiki/part-0.jsonl",
            ])
        #expect(corpus.shards.filter { $0.split == .validation }.map(\.path) == ["wiki/part-validation.jsonl"])
    }

    @Test func manifestsOfThePackageAreValid() throws {
        let folder = "\(FixtureFiles.root)/data-manifests"
        let names = try FolderListing.files(below: folder).filter { $0.hasSuffix(".yaml") }
        #expect(!names.isEmpty)
        for name in names { #expect(throws: Never.self) { try CorpusManifest.load("\(folder)/\(name)") } }
    }

    @Test func emptyFolderCannotBeScanned() throws {
        #expect(throws: CorpusError.self) { try CorpusManifest.scan(folder.path) }
        #expect(throws: CorpusError.self) { try CorpusManifest.scan(folder.path("absent")) }
    }
}
