internal import Corpus
internal import Fixtures

/// Records of a shard.
enum ShardInput {
    private static let rules = [
        RecordRules(onBadRecord: .skip, maxDocumentBytes: 1024),
        RecordRules(textField: "meta.text", routeBy: "meta.set", onBadRecord: .skip),
        RecordRules(textField: "text", routeBy: "text", onBadRecord: .skip),
        RecordRules(form: .instructions, routeBy: "source", onBadRecord: .skip), RecordRules(),
    ]

    static func read(_ bytes: [UInt8], _ name: String, in folder: TemporaryDirectory) throws -> Bool {
        let path = try folder.write(bytes, to: name)
        var isTaken = false
        for rules in rules {
            do throws(CorpusError) {
                var reader = try ShardReader(path: path, domain: "web", rules: rules)
                while let document = try reader.next() {
                    guard let text = String(validating: document.text, as: UTF8.self), document.line > 0,
                        text.utf8.count <= rules.maxDocumentBytes + 1024
                    else { throw CorpusError.encoding(reason: wrong) }
                    isTaken = true
                }
                for record in reader.skipped { _ = record.description }
            } catch {
                if case .encoding(wrong) = error { throw FuzzFinding(wrong) }
                try FuzzTarget.note(error)
            }
        }
        return isTaken
    }

    private static let wrong = "a document that is not UTF-8, too long or on no line"

    static let seeds: [[UInt8]] = [
        """
        {"text": "a plain document", "meta": {"set": "RedPajamaWikipedia", "text": "inner"}}
        {"id": 7, "meta": "{\\"text\\": \\"in a text\\", \\"set\\": \\"c4\\"}", "text": "b"}

        {"instruction": "Say it.", "input": "", "output": "It.", "source": "x"}
        """,
        """
        {"meta":{"text":"\\u00e9\\ud83d\\ude00\\n"},"text":"é😀","a":[1,2.5e3,true,null,{"b":{}}]}\r
        {"text":3}
        {"text":"x"
        {"instruction":"i","output":"o","source":"s"}
        """,
    ].map { Array($0.utf8) }

    /// Frames follow each other in a shard, and some hold nothing.
    static let twoFrames =
        CompressedFiles.zstandard(seeds[0]) + CompressedFiles.skippableFrame(5)
        + CompressedFiles.zstandard(seeds[1], windowLog: 20)
}
