/// Cuts a stream of bytes into lines.
struct LineSplitter {
    private var rest: [UInt8] = []
    /// Longer lines are cut, so that a stream without line ends needs no more memory.
    private let longest: Int

    init(longest: Int = 1 << 16) { self.longest = longest }

    /// The lines that these bytes complete, without their ends.
    mutating func lines(with bytes: [UInt8]) -> [String] {
        rest += bytes
        var lines: [String] = []
        var start = 0
        for index in rest.indices where rest[index] == UInt8(ascii: "\n") || index - start == longest {
            lines.append(String(decoding: rest[start..<index], as: UTF8.self))
            start = rest[index] == UInt8(ascii: "\n") ? index + 1 : index
        }
        rest.removeFirst(start)
        return lines
    }

    /// What stands after the last line end, if anything.
    mutating func remainder() -> String? {
        defer { rest = [] }
        return rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
    }
}
