internal import Corpus
internal import Fixtures

/// A `tokenizer.json`, with the names of its first and last token beside it.
enum TokenizerInput {
    private static let texts = [
        "", " ", "a", "Hello  world's 12345 é😀\n\n\t<s>x</s> \u{2581}a\u{301}", String(repeating: "ab ", count: 50),
        "\u{0}\u{7F}\u{10FFFF}\u{FEFF}",
    ].map { Array($0.utf8) }

    static func read(_ bytes: [UInt8], in folder: TemporaryDirectory) throws -> Bool {
        let parts = FuzzTarget.parts(bytes, atMost: 2)
        let path = try folder.write(parts[0], to: "tokenizer.json")
        try folder.write(parts.count > 1 ? parts[1] : Array("{}".utf8), to: "tokenizer_config.json")
        var isTaken = false
        for parseSpecial in [false, true] {
            do throws(CorpusError) {
                let tokenizer = try BytePairTokenizer(path: path, parseSpecial: parseSpecial)
                isTaken = true
                let known = 0..<tokenizer.vocabularySize
                for text in texts {
                    var ids: [TokenID] = []
                    do throws(CorpusError) { try tokenizer.encode(text.span, into: &ids) } catch {
                        guard case .encoding = error else { throw error }
                    }
                    guard ids.allSatisfy({ known.contains(Int($0)) }) else {
                        throw .invalidArgument(reason: finding, remedy: "")
                    }
                    _ = try tokenizer.decode(ids)
                }
                for id in [tokenizer.beginOfText, tokenizer.endOfText] {
                    guard let id, !known.contains(Int(id)) else { continue }
                    throw .invalidArgument(reason: finding, remedy: "")
                }
            } catch {
                if case .invalidArgument(finding, _) = error { throw FuzzFinding(finding) }
                try FuzzTarget.note(error)
            }
        }
        return isTaken
    }

    private static let finding = "an id that is outside the vocabulary"

    static let seeds: [[UInt8]] = [
        #"""
        {"version":"1.0","added_tokens":[{"id":8,"content":"<s>","special":true,"single_word":false,"lstrip":false,
        "rstrip":true,"normalized":false},{"id":9,"content":"x","lstrip":true,"single_word":true}],"normalizer":null,
        "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},
        {"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}]},
        "model":{"type":"BPE","dropout":null,"unk_token":"?","fuse_unk":true,"byte_fallback":false,"ignore_merges":true,
        "vocab":{"a":0,"b":1,"ab":2,"Ġ":3,"Ġa":4,"?":5,"é":6,"Ġab":7},
        "merges":["a b",["Ġ","a"],"Ġ ab"]}}
        """# + "\u{1}" + #"{"bos_token":"<s>","eos_token":{"content":"x"}}"#,
        #"""
        {"added_tokens":[],"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
        {"type":"Replace","pattern":{"String":" "},"content":"▁"}]},"pre_tokenizer":null,
        "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,
        "vocab":{"<unk>":0,"<s>":1,"<0x41>":2,"<0x0A>":3,"▁":4,"a":5,"b":6,"▁a":7,"ab":8},"merges":["▁ a","a b"]}}
        """#,
        #"""
        {"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\s+|[a-z]{1,3}(?=b)|."},
        "behavior":"MergedWithNext","invert":false},{"type":"Split","pattern":{"String":"b"},"behavior":"Contiguous",
        "invert":true},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]},
        "model":{"vocab":{"a":0,"b":1,"c":2},"merges":[]}}
        """#,
        #"""
        {"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true},
        "model":{"vocab":{"▁":0,"l":1,"o":2,"lo":3},"merges":["l o"]}}
        """#,
    ].map { Array($0.utf8) }
}
