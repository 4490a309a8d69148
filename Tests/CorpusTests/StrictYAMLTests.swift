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
