internal import ArgumentParser
internal import Corpus
internal import Pipeline

/// `shear bench tokenize`: text to ids on one thread. A slice encodes every document of the shard.
struct BenchTokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Encodes the documents of a shard, which lie in memory, on one thread.")

    @Option(help: "A tokenizer.json, a tokenizer.model or a model folder.")
    var tokenizer: String
    @Option(help: "A .jsonl, .jsonl.gz or .jsonl.zst shard.")
    var input: String
    @Option(help: "Where to write the ids before the first slice: of each document their number and they, as Int32.")
    var ids: String?

    private struct Facts: Encodable {
        var documents: Int
        var bytes: Int
    }

    private struct Slice: Encodable {
        var seconds: Double
        var tokens: Int
    }

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            let (tokenizer, documents) = try withCorpus { () throws(CorpusError) -> (any Tokenizer, [[UInt8]]) in
                var documents: [[UInt8]] = []
                var reader = try ShardReader(path: input, domain: "input")
                while let document = try reader.next() { documents.append(document.text) }
                return (try loadTokenizer(at: self.tokenizer), documents)
            }
            if let ids {
                let all = try withCorpus { () throws(CorpusError) in
                    var all: [Int32] = []
                    for text in documents {
                        let found = try tokenizer.encode(text)
                        all.append(Int32(found.count))
                        all.append(contentsOf: found)
                    }
                    return all
                }
                try Bench.write(all, to: ids)
            }
            let facts = Facts(documents: documents.count, bytes: documents.reduce(0) { $0 + $1.count })
            try withCorpus { () throws(CorpusError) in
                try Turns.take(facts) { () throws(CorpusError) in try slice(documents, tokenizer) }
            }
        }
    }

    private func slice(_ documents: [[UInt8]], _ tokenizer: any Tokenizer) throws(CorpusError) -> Slice {
        let start = ContinuousClock.now
        var count = 0
        var ids: [TokenID] = []
        for text in documents {
            ids.removeAll(keepingCapacity: true)
            try tokenizer.encode(text.span, into: &ids)
            count += ids.count
        }
        return Slice(seconds: start.elapsedSeconds, tokens: count)
    }
}
