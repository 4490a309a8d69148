import Testing

@testable import Corpus

@Suite struct StrictYAMLTests {
    private enum Colour: String, CaseIterable { case red, green }

    private func decode(_ text: String, _ body: (YAMLMapping) -> Void) throws -> [String] {
        let yaml = try StrictYAML(text: Array(text.utf8), file: "f.yaml")
        let root = yaml.root()
        body(root)
        root.finish()
        return yaml.problems.map { "\($0.keyPath): \($0.reason)" }
    }

    @Test func typedValuesAreRead() throws {
        let text = """
            int: -12_000
            double: 3e-4
            whole: 7
            bool: true
            text: plain words
            quoted: "12"
            strings: [a, 'b', 3]
            ints: [1, 2]
            doubles: [0.5, 1]
            choice: green
            inner: { x: 1 }
            list: [{ x: 1 }, { x: 2 }]
            """
        let problems = try decode(text) { root in
            #expect(root.int("int") == -12000)
            #expect(root.double("double") == 3e-4)
            #expect(root.double("whole") == 7)
            #expect(root.bool("bool") == true)
            #expect(root.string("text") == "plain words")
            #expect(root.string("quoted") == "12")
            #expect(root.strings("strings") == ["a", "b", "3"])
            #expect(root.ints("ints") == [1, 2])
            #expect(root.doubles("doubles") == [0.5, 1])
            #expect(root.choice("choice", as: Colour.self) == .green)
            #expect(root.mapping("inner")?.int("x") == 1)
            #expect(root.mappings("list")?.map { $0.int("x") } == [1, 2])
            #expect(root.string("absent") == nil && root.requiredInt("wanted") == nil)
        }
        #expect(problems == ["wanted: the key 'wanted' is missing"])
    }

    @Test(arguments: [
        "1.5", "'1'", "0x10", "1e3", "+1", "_1", "99999999999999999999", "00", "-01", "~", "", "[1]", "{a: 1}", "true",
        "one", "1 2",
    ])
    func whatIsNoIntegerIsRefused(value: String) throws {
        var isRefused = false
        #expect(try decode("key: \(value)") { isRefused = $0.int("key") == nil }.count == 1)
        #expect(isRefused)
    }

    @Test(arguments: [
        ".inf", "-.inf", ".NaN", "nan", "inf", "infinity", "0x1p3", "1e999", "01.5", "'1.5'", "1.5.2", "", "yes", "[]",
    ])
    func whatIsNoFiniteNumberIsRefused(value: String) throws {
        var isRefused = false
        #expect(try decode("key: \(value)") { isRefused = $0.double("key") == nil }.count == 1)
        #expect(isRefused)
    }

    @Test(arguments: ["yes", "on", "True", "1", "'true'", "", "[true]"]) func whatIsNoTruthValueIsRefused(value: String)
        throws
    {
        var isRefused = false
        #expect(try decode("key: \(value)") { isRefused = $0.bool("key") == nil }.count == 1)
        #expect(isRefused)
    }

    @Test func rangesAndUnknownKeysAreNamed() throws {
        let problems = try decode("a: 5\nb: 2.5\nbatch_rwos: 1") { root in
            _ = root.int("a", in: 0...4)
            _ = root.double("b", in: 0...1)
            _ = root.int("batch_rows")
        }
        #expect(problems[0] == "a: 5 is not in 0...4" && problems[1] == "b: 2.5 is not in 0.0...1.0")
        let yaml = try StrictYAML(text: Array("batch_rwos: 1".utf8), file: "f.yaml")
        let root = yaml.root()
        _ = root.int("batch_rows")
        root.finish()
        #expect(
            yaml.problems[0].description
                == "f.yaml:1:1: batch_rwos: unknown key 'batch_rwos'; known here: batch_rows (did you mean 'batch_rows'?)"
        )
    }

    @Test func nearestWordIsTheOneWithFewestEdits() {
        #expect(nearest(to: "shard", in: ["shards", "name"]) == "shards")
        #expect(nearest(to: "nmae", in: ["name", "licence"]) == "name")
        #expect(nearest(to: "zzzzzz", in: ["name", "licence"]) == nil)
        #expect(nearest(to: "x", in: []) == nil)
    }

    /// Nine levels of nine aliases each stand for 400 million values; as a key, the parser would hash them all.
    @Test(arguments: ["top: *a8", "{ *a8: 1 }", "? *a8\n: 1", "[*a8]", "{ \"a\":*a8 }"])
    func fewAliasesCannotStandForMillions(use: String) throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        text += use.hasPrefix("{") || use.hasPrefix("[") ? "last: \(use)\n" : "\(use)\n"
        let error = #expect(throws: CorpusError.self) { try StrictYAML(text: Array(text.utf8), file: "f") }
        #expect(error?.description.contains("aliases") == true)
    }

    @Test func someAliasesAreRead() throws {
        let text = "a: &a { x: 1 }\nb: *a\nc: [*a, *a]\n# *a of a comment\nglob: \"*a\""
        let problems = try decode(text) { root in
            #expect(root.mapping("a")?.int("x") == 1 && root.mapping("b")?.int("x") == 1)
            #expect(root.mappings("c")?.map { $0.int("x") } == [1, 1])
            #expect(root.string("glob") == "*a")
        }
        #expect(problems.isEmpty)
    }

    @Test func deepAndLongFilesAreRefused() {
        for text in [
            String(repeating: "[", count: 200_000), String(repeating: "{a: ", count: 200_000),
            String(repeating: "- ", count: 200_000), String(repeating: "? ", count: 200_000),
            String(repeating: "#", count: 16 << 20 + 1),
        ] {
            #expect(throws: CorpusError.self) { try StrictYAML(text: Array(text.utf8), file: "f") }
        }
    }

    @Test func thousandsOfProblemsAreNotAllListed() throws {
        let keys = (0..<50_000).map { "k\($0): 1\n" }.joined()
        let problems = try decode(keys) { _ = $0.int("known") }
        #expect(problems.count == 1001)
        #expect(problems.last?.contains("the first 1000") == true)
        let all = try decode(keys) { root in
            for key in root.keys { #expect(root.int(key) == 1) }
        }
        #expect(all.isEmpty)
    }

    @Test func keysOfOneSpellingAreOneKey() throws {
        #expect(try decode("1: a\n\"1\": b") { _ = $0.string("1") } == [": key written twice: 1"])
    }

    @Test func notUTF8IsRefused() {
        #expect(throws: CorpusError.self) { try StrictYAML(text: [0x61, 0x3A, 0x20, 0xFF], file: "f") }
    }

    @Test(arguments: [
        ("a: 1\nb: x\n\n# b:\nb: 3\n", "b", "b", 5),
        ("{ b: {b: 2}, b: x, 'b': 3 }\n", "b", "b", 1),
        ("a: 2\nlist:\n  - b: x\n    c: { b: 1 }\n    \"b\" : 2\n", "b", "list[0].b", 5),
        ("é: 1\nb:\n  b: 0\nb: 2\nc: |\n  b: no key\n", "b", "b", 4),
    ])
    func aKeyWrittenTwiceHidesNothingElse(text: String, key: String, path: String, line: Int) throws {
        let yaml = try StrictYAML(text: Array(text.utf8), file: "f.yaml")
        let root = yaml.root()
        _ = root.mappings("list")
        root.finish()
        let repeated = yaml.problems.filter { $0.reason == "key written twice: \(key)" }
        #expect(repeated.map(\.keyPath) == Array(repeating: path, count: repeated.count))
        #expect(repeated.first?.line == line)
        #expect(yaml.problems.count > repeated.count, "what nobody asked for is still found")
    }
}
