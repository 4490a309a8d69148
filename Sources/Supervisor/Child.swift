internal import CSpawn
internal import Files
internal import Glibc

/// One rank's process: its number, its state, what it says.
///
/// The kernel kills it when the thread that started it ends, however that happens.
final class Child {
    enum State: Equatable {
        case running
        /// Halted by this signal; nothing moves until it is continued.
        case stopped(signal: Int32)
        case ended(ProcessEnd)
    }

    let member: JobMember
    let id: pid_t
    private(set) var state = State.running
    /// What the rank reports; its own end of it is descriptor 3.
    private let reports: ChildPipe
    private var reportLines = LineSplitter(longest: 4096)
    /// Its standard output and error in one; nil where they are the launcher's.
    private let output: ChildPipe?
    private var outputLines = LineSplitter()

    /// Starts the process. Its standard input is empty.
    /// - Throws: `.start`, `.system`.
    init(_ member: JobMember) throws(SupervisorError) {
        let reports = try ChildPipe()
        var output: ChildPipe?
        if member.prefix != nil { output = try ChildPipe() }
        let empty = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard empty >= 0 else { throw .system(FileFailure(path: "/dev/null", operation: "open")) }
        defer { close(empty) }
        let descriptors = [
            empty, output?.writing ?? STDOUT_FILENO, output?.writing ?? STDERR_FILENO, reports.writing,
        ]
        var environment = member.environment
        environment[Reporter.variable] = "3"
        var id: pid_t = 0
        let code = Child.withCStrings([member.program] + member.arguments) { arguments in
            Child.withCStrings(environment.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }) { variables in
                cs_spawn(member.program, arguments, variables, descriptors, &id)
            }
        }
        guard code == 0 else { throw .start(rank: member.rank, program: member.program, code: code) }
        self.member = member
        self.id = id
        self.reports = reports
        self.output = output
        reports.closeWriting()
        output?.closeWriting()
    }

    var isAlive: Bool {
        if case .ended = state { return false }
        return true
    }

    /// What has become of it since the last look; nil when nothing has.
    func look() -> State? {
        guard isAlive else { return nil }
        var value: Int32 = 0
        switch UInt32(cs_look(id, &value)) {
        case CS_EXITED.rawValue: state = .ended(.exit(value))
        case CS_SIGNALLED.rawValue: state = .ended(.signal(value))
        case CS_STOPPED.rawValue: state = .stopped(signal: value)
        case CS_CONTINUED.rawValue: state = .running
        default: return nil
        }
        return state
    }

    /// Sends a signal to the process and to what it has started itself.
    func send(_ signal: Int32) {
        if isAlive { kill(-id, signal) }
    }

    /// The descriptors to wait for.
    var readable: [Int32] { [reports.reading, output?.reading ?? -1].filter { $0 >= 0 } }

    /// Its newest report, if there is a new one.
    func newestReport() -> RankReport? {
        reportLines.lines(with: reports.takeAll()).compactMap { RankReport($0) }.last
    }

    /// The lines it has printed since the last time; the unfinished last one too when it has ended.
    func printedLines() -> [String] {
        guard let output else { return [] }
        var lines = outputLines.lines(with: output.takeAll())
        if !isAlive, let rest = outputLines.remainder() { lines.append(rest) }
        return lines
    }

    private static func withCStrings<R>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R
    ) -> R {
        let pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers)
    }
}
