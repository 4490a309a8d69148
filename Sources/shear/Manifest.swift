internal import ArgumentParser
internal import Corpus
internal import FoundationEssentials
internal import Pipeline

/// `shear manifest`: writes a data manifest for a folder of shards.
struct Manifest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads every shard below a folder and writes a data manifest for it.",
        discussion: """
            Domains are the folders at the top, or the values of the field --route-by names. The manifest lists every \
            file with its size, SHA-256 and number of documents; files with "validation" in their path are held out. \
            Unusable lines are counted and the first ones listed on standard error.
            """)

    @Argument(help: "The folder that holds .jsonl, .jsonl.gz or .jsonl.zst shards.")
    var folder: String
    @Option(help: "The corpus's name; the folder's when not stated.")
    var name: String?
    @Option(help: "The field that names a record's domain, such as meta.redpajama_set_name.")
    var routeBy: String?
    @Option(help: "The field that holds the text.")
    var field = "text"
    @Option(help: "Where to write; standard output when not stated.")
    var output: String?

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            let scan = try withCorpus { () throws(CorpusError) in
                try CorpusManifest.scan(
                    folder, name: name, routeBy: routeBy, textField: field, progress: { Rendering.say("read \($0)") })
            }
            for record in scan.unusable.prefix(20) {
                Rendering.say("unusable: \(record.path), line \(record.line): \(record.reason)")
            }
            if scan.unusableCount > 0 {
                Rendering.say(
                    "\(scan.unusableCount) unusable lines in all: set on_bad_record: skip to pack without them")
            }
            var manifest = scan.manifest
            // Nobody knows here where standard output will lie: "." would mean that place.
            manifest.root = manifest.folder
            let text = manifest.yaml()
            if let output {
                try Artifact.write(text, to: output)
                var rows = [["domain", "documents", "text"]]
                for (index, domain) in manifest.domains.enumerated() {
                    rows.append([
                        domain.name, Rendering.grouped(scan.documentCounts[index]),
                        Rendering.bytes(scan.textBytes[index]),
                    ])
                }
                print(Rendering.table(rows))
                print("written: \(output)")
            } else {
                print(text, terminator: "")
            }
        }
    }
}
