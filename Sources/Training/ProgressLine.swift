internal import Files
internal import FoundationEssentials
internal import Glibc

/// What a person sees of a run: one live line on a terminal, plain lines at intervals elsewhere.
public final class ProgressLine {
    /// How progress is shown.
    public enum Style: Sendable, Hashable {
        /// One line that is written over, at most ten times a second.
        case live
        /// A whole line each so many seconds, without control characters.
        case plain(everySeconds: Double)
        /// Nothing.
        case silent
    }

    private let label: String
    private let descriptor: Int32
    private let style: Style
    private let colours: Bool
    private let columns: Int?
    private let now: () -> Double
    private var lastWritten = -Double.infinity
    private var isOpen = false
    private var tokensPerSecond: Double?
    private var secondsPerStep: Double?

    /// - Parameters:
    ///   - label: What is running, such as a stage's id.
    ///   - descriptor: Where to write: 2 is the error output.
    ///   - style: `nil`: live on a terminal, else plain each 10 seconds.
    ///   - environment: Whose `NO_COLOR`, `TERM` and `COLUMNS` are honoured; `nil`: the process's.
    ///   - now: Seconds of a steady clock; `nil`: the system's.
    public init(
        label: String, descriptor: Int32 = 2, style: Style? = nil,
        environment: [String: String]? = nil, now: (() -> Double)? = nil
    ) {
        let environment = environment ?? ProcessInfo.processInfo.environment
        self.label = label
        self.descriptor = descriptor
        let terminal = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
        self.style = style ?? (terminal ? .live : .plain(everySeconds: 10))
        colours = terminal && (environment["NO_COLOR"] ?? "").isEmpty
        columns = environment["COLUMNS"].flatMap { Int($0) }
        self.now = now ?? steadySeconds
    }

    /// Takes in one step, and shows it when it is time.
    /// - Parameters:
    ///   - metrics: The step.
    ///   - steps: The length of the run.
    ///   - stepTokens: The tokens of the step.
    public func show(_ metrics: StepMetrics, of steps: Int, stepTokens: Int) {
        if metrics.seconds > 0 {
            let rate = Double(stepTokens) / metrics.seconds
            // About the last ten steps, so that a warm start does not stay in the number.
            tokensPerSecond = tokensPerSecond.map { 0.9 * $0 + 0.1 * rate } ?? rate
            secondsPerStep = secondsPerStep.map { 0.9 * $0 + 0.1 * metrics.seconds } ?? metrics.seconds
        }
        let time = now()
        let isLast = metrics.step >= steps
        switch style {
        case .silent: return
        case .live:
            guard time - lastWritten >= 0.1 || isLast else { return }
            write("\r\u{1B}[2K" + fitted(text(for: metrics, of: steps)))
            isOpen = true
        case .plain(let interval):
            guard time - lastWritten >= interval || isLast else { return }
            write(text(for: metrics, of: steps) + "\n")
        }
        lastWritten = time
    }

    /// Writes a line of its own, above the live one.
    public func note(_ text: String) {
        if style == .silent { return }
        write((isOpen ? "\r\u{1B}[2K" : "") + text + "\n")
        isOpen = false
        lastWritten = -Double.infinity
    }

    /// Ends the live line, so that what follows starts on a new one.
    public func finish() {
        if isOpen { write("\n") }
        isOpen = false
    }

    /// The line without control characters: `pruned  120/3200  loss 3.412  1,210 tok/s  12 min left`.
    func text(for metrics: StepMetrics, of steps: Int) -> String {
        var parts = [label, "\(metrics.step)/\(steps)", "loss \(Self.fixed(metrics.loss, 3))"]
        if let tokensPerSecond { parts.append("\(Self.grouped(Int(tokensPerSecond.rounded()))) tok/s") }
        if let secondsPerStep, metrics.step < steps {
            parts.append("\(Self.duration(secondsPerStep * Double(steps - metrics.step))) left")
        }
        return parts.joined(separator: "  ")
    }

    private func fitted(_ text: String) -> String {
        var size = winsize()
        let width = columns ?? (ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0)
        let cut = width > 1 ? String(text.prefix(width - 1)) : text
        guard colours, cut.hasPrefix(label) else { return cut }
        return "\u{1B}[1m\(label)\u{1B}[0m" + cut.dropFirst(label.count)
    }

    private func write(_ text: String) {
        // A terminal that went away must not end a run.
        try? FileSystem.write(Array(text.utf8), to: descriptor, path: "progress")
    }

    /// `12 s`, `3 min`, `2 h 05 min`, `3 d 4 h`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        let whole = Int(seconds.rounded())
        switch whole {
        case ..<90: return "\(whole) s"
        case ..<5400: return "\((whole + 30) / 60) min"
        case ..<172_800:
            let minutes = (whole + 30) / 60
            return "\(minutes / 60) h \(minutes % 60 < 10 ? "0" : "")\(minutes % 60) min"
        default: return "\(whole / 86400) d \(whole % 86400 / 3600) h"
        }
    }

    /// A number with `digits` decimals.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        let scale = (0..<digits).reduce(1) { product, _ in product * 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let decimals = String(scaled % scale)
        return (value < 0 && scaled > 0 ? "-" : "") + "\(scaled / scale)"
            + (digits > 0 ? "." + String(repeating: "0", count: digits - decimals.count) + decimals : "")
    }

    /// A whole number with commas between thousands.
    static func grouped(_ value: Int) -> String {
        var digits = Array(String(abs(value)))
        for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: place) }
        return (value < 0 ? "-" : "") + String(digits)
    }
}

/// Seconds of the system's steady clock, from an arbitrary start.
func steadySeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
