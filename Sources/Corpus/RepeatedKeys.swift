internal import Yams

/// Keys that stand twice in a YAML mapping. The parser stops at the first one; here the later of the two gets a name that
/// shows it, so that whatever else is wrong is found in the same pass.
enum RepeatedKeys {
    /// Ends a key that stands in its mapping already.
    static let sign = "\u{E000}"

    /// The document of `text`, keys that are repeated ending in `sign`.
    /// - Throws: what Yams throws; a repeated key that cannot be found in the text as well.
    static func compose(_ text: String) throws -> Yams.Node? {
        var bytes = Array(text.utf8)
        // The text is read anew for each: a hundred times where it is small.
        for _ in 0..<min(100, (16 << 20) / max(bytes.count, 1)) {
            do { return try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self)) } catch {
                guard case .duplicatedKeysInMapping(let keys, let context)? = error as? YamlError,
                    let key = keys.min(),
                    let end = endOfSecond(Array(key.utf8), in: bytes, line: context.mark.line, context.mark.column)
                else { throw error }
                bytes.insert(contentsOf: sign.utf8, at: end)
            }
        }
        return try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
    }

    /// Where the `key` that repeats the one at a line and column (from 1) ends; nil when it is written in an unusual way.
    private static func endOfSecond(_ key: [UInt8], in text: [UInt8], line: Int, _ column: Int) -> Int? {
        var start = 0
        for _ in 1..<max(line, 1) {
            guard let feed = text[start...].firstIndex(of: newline) else { return nil }
            start = feed + 1
        }
        let place = start + column - 1
        guard column > 0, place < text.count else { return nil }
        let ends = inBraces(key, text, from: place) ?? below(key, text, from: place, column - 1)
        return ends.count > 1 ? ends[1] : nil
    }

    /// The ends of `key` among the keys that begin in the column of `place`, up to a line that begins before it.
    private static func below(_ key: [UInt8], _ text: [UInt8], from place: Int, _ indentation: Int) -> [Int] {
        var ends: [Int] = []
        var next = place
        while next < text.count {
            if let end = keyEnd(key, text, at: next) { ends.append(end) }
            repeat {  // to the next line that says something in this column or before it
                guard let feed = text[next...].firstIndex(of: newline) else { return ends }
                next = feed + 1
                while next < text.count, text[next] == space { next += 1 }
                guard next < text.count else { return ends }
                let width = next - feed - 1
                let isSilent = [newline, UInt8(ascii: "#"), UInt8(ascii: "\r")].contains(text[next])
                if !isSilent, width < indentation { return ends }
                if !isSilent, width == indentation { break }
            } while true
        }
        return ends
    }

    /// The ends of `key` among the keys from the one at `place` to the brace that closes their mapping; nil without one.
    private static func inBraces(_ key: [UInt8], _ text: [UInt8], from place: Int) -> [Int]? {
        var ends = keyEnd(key, text, at: place).map { [$0] } ?? []
        var depth = 0
        var next = place
        var before = newline
        while next < text.count {
            let byte = text[next]
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth < 0 { return ends }
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                guard !isWord(before) else { break }
                guard let close = text[(next + 1)...].firstIndex(of: byte) else { return nil }
                next = close
            case UInt8(ascii: "#") where before == space || before == newline:
                guard let feed = text[next...].firstIndex(of: newline) else { return nil }
                next = feed
            case UInt8(ascii: ",") where depth == 0:
                while next + 1 < text.count, text[next + 1] == space || text[next + 1] == newline { next += 1 }
                if let end = keyEnd(key, text, at: next + 1) { ends.append(end) }
            default: break
            }
            before = text[next]
            next += 1
        }
        return nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        ![space, newline].contains(byte) && !"{[,:".utf8.contains(byte)
    }

    /// Where `key`, perhaps in quotes, ends when it begins at `place` and a colon follows.
    private static func keyEnd(_ key: [UInt8], _ text: [UInt8], at place: Int) -> Int? {
        guard place < text.count else { return nil }
        let isQuoted = text[place] == UInt8(ascii: "\"") || text[place] == UInt8(ascii: "'")
        let start = isQuoted ? place + 1 : place
        let end = start + key.count
        guard end < text.count, text[start..<end].elementsEqual(key) else { return nil }
        var next = end
        if isQuoted {
            guard text[next] == text[place] else { return nil }
            next += 1
        }
        while next < text.count, text[next] == space { next += 1 }
        return next < text.count && text[next] == UInt8(ascii: ":") ? end : nil
    }

    private static let newline = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")
}
