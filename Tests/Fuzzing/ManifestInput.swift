internal import Corpus
internal import Fixtures
internal import Glibc

/// A data manifest.
enum ManifestInput {
    static func read(_ bytes: [UInt8], in folder: TemporaryDirectory) throws -> Bool {
        var manifest: CorpusManifest
        do throws(CorpusError) {
            manifest = try CorpusManifest.decode(try StrictYAML(text: bytes, file: "manifest.yaml"))
        } catch {
            try FuzzTarget.note(error)
            return false
        }
        do throws(CorpusError) {
            let again = try CorpusManifest.decode(try StrictYAML(text: Array(manifest.yaml().utf8), file: "again.yaml"))
            guard again == manifest else { throw CorpusError.encoding(reason: "another manifest") }
        } catch { throw FuzzFinding("what is written of a manifest is not read as it: \(error)") }
        // A root may be anywhere, and nothing below it could be counted on.
        manifest.root = "."
        manifest.folder = try corpus(in: folder)
        manifest.allowOutsideRoot = false
        do throws(CorpusError) {
            let resolved = try manifest.resolved()
            for shard in resolved.shards where !isBelow(resolved.root, shard.absolutePath) {
                throw CorpusError.encoding(reason: shard.absolutePath)
            }
        } catch {
            if case .encoding(let path) = error { throw FuzzFinding("a manifest has left its folder: \(path)") }
            try FuzzTarget.note(error)
        }
        return true
    }

    private static func isBelow(_ root: String, _ path: String) -> Bool {
        guard let real = realpath(path, nil) else { return false }
        defer { free(real) }
        return String(cString: real).hasPrefix(root + "/")
    }

    /// A folder of shards, and links out of it.
    private static func corpus(in folder: TemporaryDirectory) throws -> String {
        let corpus = folder.path("corpus")
        guard mkdir(corpus, 0o777) == 0 else { return corpus }
        mkdir(corpus + "/sub", 0o777)
        try folder.write("{}", to: "outside.jsonl")
        for name in ["a.jsonl", "b.jsonl.zst", "sub/a.jsonl"] { try folder.write("{}\n", to: "corpus/" + name) }
        symlink("../outside.jsonl", corpus + "/link.jsonl")
        symlink("..", corpus + "/up")
        return corpus
    }

    static let seeds: [[UInt8]] = [
        """
        schema: 1
        name: sample
        licence: CC0
        root: .
        text_field: text
        on_bad_record: skip
        max_document_bytes: 1_000_000
        validation_fraction: 0.01
        domains:
          - name: wiki
            licence: "CC BY-SA 4.0"
            shards: [a.jsonl, "sub/*.jsonl"]
            files:
              - { path: a.jsonl, bytes: 3, documents: 1, sha256: "\(String(repeating: "0", count: 64))" }
          - name: code
            shards: ["**/[b-d]?jsonl.zst"]
            validation: []
        """,
        """
        schema: 1
        name: routed
        route_by: meta.redpajama_set_name
        allow_outside_root: true
        shards: &all ["**/*.jsonl"]
        validation: *all
        domains: [{ name: c4 }, { name: github, validation_fraction: 0.5 }]
        """,
        "schema: 1\nname: i\nrecords: instructions\ndomains:\n- name: \"é\\u0001\"\n  shards:\n  - '../outside.jsonl'\n",
    ].map { Array($0.utf8) }
}
