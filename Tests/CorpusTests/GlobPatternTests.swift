import Testing

@testable import Corpus

@Suite struct GlobPatternTests {
    @Test(arguments: [
        ("a.jsonl", "a.jsonl", true), ("*.jsonl", "a.jsonl", true), ("*.jsonl", "b/a.jsonl", false), ("*", "", false),
        ("**/*.jsonl", "a.jsonl", true), ("**/*.jsonl", "x/y/a.jsonl", true), ("x/**", "x/y/a", true),
        ("x/**/a", "x/a", true),
        ("x/**/a", "x/b", false), ("a?c", "abc", true), ("a?c", "ac", false), ("a[b-d]c", "acc", true),
        ("a[!b-d]c", "acc", false),
        ("a[!b-d]c", "axc", true), ("a[[]c", "a[c", true), ("a[*]c", "a*c", true), ("a[*]c", "abc", false),
        ("a[]]c", "a]c", true),
        ("*a*b*c*", "xxaxxbxxcxx", true), ("*a*b*c*", "xxaxxcxxbxx", false), ("./x/a", "x/a", true), ("a*", "a", true),
        ("[", "[", true), ("a/*/c", "a/b/c", true), ("a/*/c", "a/c", false), ("**", "a/b/c", true),
    ])
    func patternsMatchAsInAShell(pattern: String, path: String, matches: Bool) {
        #expect(GlobPattern(pattern).matches(path) == matches)
    }

    @Test func patternsThatLeaveTheirFolderSaySo() {
        #expect(
            GlobPattern("../a").leavesItsFolder && GlobPattern("a/../../b").leavesItsFolder
                && GlobPattern("/a").leavesItsFolder)
        #expect(!GlobPattern("a..b/c").leavesItsFolder)
    }

    @Test func manyStarsStayQuick() {
        let pattern = GlobPattern(String(repeating: "*a", count: 40) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 2000)))
        let folders = GlobPattern(String(repeating: "**/", count: 12) + "x")
        #expect(!folders.matches(String(repeating: "a/", count: 200) + "y"))
        let apart = GlobPattern(String(repeating: "**/a/", count: 40) + "b")
        #expect(!apart.matches(String(repeating: "a/", count: 1000) + "y"))
    }

    /// The definition, with every way to divide the folders tried.
    private func stands(_ pattern: ArraySlice<String>, for path: ArraySlice<String>) -> Bool {
        guard let part = pattern.first else { return path.isEmpty }
        if part == "**" {
            return (path.startIndex...path.endIndex).contains { stands(pattern.dropFirst(), for: path[$0...]) }
        }
        return path.first == part && stands(pattern.dropFirst(), for: path.dropFirst())
    }

    @Test(arguments: 0..<2000) func foldersAreDividedAsDefined(seed: Int) {
        var random = RandomStream(seed: UInt64(seed), name: "globs")
        let pattern = (0..<Int.random(in: 1...6, using: &random)).map { _ in
            ["**", "a", "b"][Int.random(in: 0..<3, using: &random)]
        }
        let path = (0..<Int.random(in: 1...6, using: &random)).map { _ in Bool.random(using: &random) ? "a" : "b" }
        #expect(
            GlobPattern(pattern.joined(separator: "/")).matches(path.joined(separator: "/"))
                == stands(pattern[...], for: path[...]), "\(pattern) \(path)")
    }
}
