/// A pattern of relative paths: `*` and `?` and `[...]` within a name, `**` for any number of folders.
struct GlobPattern {
    let text: String
    private let parts: [[Character]]

    init(_ text: String) {
        self.text = text
        parts = text.split(separator: "/", omittingEmptySubsequences: true).filter { $0 != "." }.map(Array.init)
    }

    /// Whether the pattern is a plain path.
    var isLiteral: Bool { !text.contains { $0 == "*" || $0 == "?" || $0 == "[" } }

    /// Whether it could lead out of the folder it starts from.
    var leavesItsFolder: Bool { text.hasPrefix("/") || parts.contains { $0 == [".", "."] } }

    /// The folders at its front that hold no wildcard, such as `train/chunk1`.
    var literalFolders: [String] {
        parts.dropLast().prefix { part in !part.contains { $0 == "*" || $0 == "?" || $0 == "[" } }.map { String($0) }
    }

    /// Whether it can match below `depth` folders at all.
    func mayMatch(depth: Int) -> Bool { parts.contains(["*", "*"]) || depth <= parts.count }

    /// Whether `path`, relative and without `.` or `..`, is one that it stands for; linear but for the last `**`, which
    /// it goes back to.
    func matches(_ path: String) -> Bool {
        let names = path.split(separator: "/").map(Array.init)
        var at = 0, to = 0
        var folders: (part: Int, name: Int)?
        while at < names.count {
            if to < parts.count, parts[to] == ["*", "*"] {
                folders = (to, at)
                to += 1
            } else if to < parts.count, Self.matches(names[at], parts[to]) {
                at += 1
                to += 1
            } else if let last = folders {
                at = last.name + 1
                folders = (last.part, at)
                to = last.part + 1
            } else {
                return false
            }
        }
        return parts[to...].allSatisfy { $0 == ["*", "*"] }
    }

    /// One name against one part; linear but for the last star, which it goes back to.
    private static func matches(_ name: [Character], _ part: [Character]) -> Bool {
        var at = 0, to = 0
        var star: (part: Int, name: Int)?
        while at < name.count {
            if to < part.count, part[to] == "*" {
                star = (to, at)
                to += 1
            } else if let next = one(name[at], part, to) {
                at += 1
                to = next
            } else if let last = star {
                at = last.name + 1
                star = (last.part, at)
                to = last.part + 1
            } else {
                return false
            }
        }
        return part[to...].allSatisfy { $0 == "*" }
    }

    /// The place in the pattern behind what stands for one character; nil when it does not match.
    private static func one(_ character: Character, _ part: [Character], _ at: Int) -> Int? {
        guard at < part.count else { return nil }
        if part[at] == "?" { return at + 1 }
        if part[at] == "[", let close = part[(at + 1)...].dropFirst().firstIndex(of: "]") {
            var set = part[(at + 1)..<close]
            let isNegated = set.first == "!" || set.first == "^"
            if isNegated { set = set.dropFirst() }
            return contains(set, character) != isNegated ? close + 1 : nil
        }
        return part[at] == character ? at + 1 : nil
    }

    private static func contains(_ set: ArraySlice<Character>, _ character: Character) -> Bool {
        var at = set.startIndex
        while at < set.endIndex {
            if at + 2 < set.endIndex, set[at + 1] == "-" {
                if set[at] <= character, character <= set[at + 2] { return true }
                at += 3
            } else {
                if set[at] == character { return true }
                at += 1
            }
        }
        return false
    }
}
