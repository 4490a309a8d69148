import Corpus
import Fixtures
import FoundationEssentials
import Testing

/// What `Tests/Fixtures/Golden/MANIFEST.json` records: see `scripts/make-goldens`.
private struct GoldenManifest: Decodable {
    struct File: Decodable {
        let path: String
        let bytes: Int
        let sha256: String
        let generator: String
        let generatorDigest: String
        let versions: [String: String]

        enum CodingKeys: String, CodingKey {
            case path, bytes, sha256, generator, versions
            case generatorDigest = "generator_sha256"
        }
    }
    let schema: Int
    let files: [File]
}

@Suite struct GoldenManifestTests {
    private func manifest() throws -> GoldenManifest {
        let data = try Data(contentsOf: URL(filePath: FixtureFiles.golden("MANIFEST.json")))
        return try JSONDecoder().decode(GoldenManifest.self, from: data)
    }

    @Test func everyGoldenFileIsTheOneThatItsGeneratorWrote() throws {
        let manifest = try manifest()
        #expect(manifest.schema == 1)
        #expect(!manifest.files.isEmpty)
        for file in manifest.files {
            #expect(try FileDigest.sha256(ofFile: FixtureFiles.golden(file.path)) == file.sha256, "\(file.path)")
            // Prompts are made by templates, without PyTorch; the file names its harness itself.
            let original = file.generator == "scripts/goldens/task_prompts.py" ? "jinja2" : "torch"
            #expect(file.versions[original] != nil, "\(file.path) does not say which \(original) it comes from")
        }
    }

    @Test func everyGeneratorIsTheOneThatWroteItsFiles() throws {
        for file in try manifest().files {
            let digest = try FileDigest.sha256(ofFile: FixtureFiles.root + "/" + file.generator)
            #expect(
                digest == file.generatorDigest, "\(file.generator) changed after \(file.path): scripts/make-goldens")
        }
    }

    @Test func noGoldenFileGoesUnrecorded() throws {
        let recorded = Set(try manifest().files.map(\.path) + ["MANIFEST.json"])
        let golden = FixtureFiles.golden("")
        let found = try FileManager.default.subpathsOfDirectory(atPath: golden).filter { path in
            var isFolder = false
            return FileManager.default.fileExists(atPath: golden + path, isDirectory: &isFolder) && !isFolder
        }
        #expect(Set(found).subtracting(recorded).isEmpty)
    }
}
