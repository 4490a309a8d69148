internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import Pipeline
internal import Report
internal import Synchronization

/// Everything that is said to a person: final sentences, numbers, tables, exit codes.
enum Rendering {
    /// Runs a command's work; a failure becomes one message on standard error and its exit code.
    static func perform(_ work: () throws(PipelineError) -> Void) throws {
        do throws(PipelineError) { try work() } catch {
            // Where several ranks were stopped, one says so.
            if speaker == "shear" || ![.interrupted, .terminated].contains(error.category) { say(message(error)) }
            throw ExitCode(error.category.rawValue)
        }
    }

    /// Who speaks, before each message: one of several ranks says which.
    static var speaker: String {
        get { name.withLock { $0 } }
        set { name.withLock { $0 = newValue } }
    }
    private static let name = Mutex("shear")

    /// Writes one line to standard error.
    static func say(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// The whole message of a failure: what, where, what to do.
    static func message(_ error: PipelineError) -> String {
        if case .specification(let problems) = error {
            let lines = problems.map { "  \($0)" }.joined(separator: "\n")
            let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
            return "\(speaker): \(count) to correct:\n\(lines)"
        }
        var text = "\(error)"
        while text.last == "." || text.last == "\n" { text.removeLast() }
        return "\(speaker): \(text)."
    }

    // MARK: - Numbers

    /// 1234567 as “1,234,567”.
    static func grouped(_ value: Int) -> String { plain(Numerals.grouped(value)) }

    /// A number with so many digits after the point.
    static func fixed(_ value: Double, _ digits: Int) -> String { plain(Numerals.fixed(value, digits)) }

    /// Bytes in powers of 1024.
    static func bytes(_ value: Int) -> String { plain(Numerals.bytes(value)) }

    /// Seconds as “12 s”, “3 min 20 s”, “4 h 10 min”, “12 days”.
    static func time(_ seconds: Double) -> String { plain(Numerals.time(seconds)) }

    /// With the minus sign that programs read.
    private static func plain(_ number: String) -> String { number.replacing("−", with: "-") }

    /// Tokens and operations: “0.42 B”, “61.4 k”.
    static func short(_ value: Double) -> String {
        let units: [(Double, String)] = [
            (1e18, " E"), (1e15, " P"), (1e12, " T"), (1e8, " B"), (1e5, " M"), (1e3, " k"),
        ]
        let sizes: [String: Double] = [" E": 1e18, " P": 1e15, " T": 1e12, " B": 1e9, " M": 1e6, " k": 1e3]
        for (least, unit) in units where abs(value) >= least {
            let scaled = value / (sizes[unit] ?? 1)
            return fixed(scaled, scaled < 10 ? 2 : 1) + unit
        }
        return fixed(value, 0)
    }

    // MARK: - Tables

    /// Columns lined up; the first to the left, the others to the right.
    static func table(_ rows: [[String]], indent: String = "") -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            var line = indent + cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    /// Text broken into lines of at most `width` characters.
    static func wrapped(_ text: String, width: Int = 100, indent: String) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + word.count + 1 + indent.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " " + word
        }
        if !line.isEmpty { lines.append(line) }
        return lines.map { indent + $0 }.joined(separator: "\n")
    }
}
