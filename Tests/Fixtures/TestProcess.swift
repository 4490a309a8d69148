internal import FoundationEssentials
public import Glibc

/// One test of this very program, in a process of its own. It dies with its last holder.
public final class TestProcess {
    /// How a process ended.
    public enum End: Equatable, Sendable {
        case exit(Int32)
        case signal(Int32)
    }

    public let id: pid_t
    private var end: End?

    public struct Failure: Error { public let code: Int32 }

    /// Starts the tests whose name contains `name`, silently.
    public init(_ name: String, environment: [String: String]) throws {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        for descriptor: Int32 in [1, 2] {
            posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_WRONLY, 0)
        }
        // Threads of a pool block signals; the child must not inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let arguments = ["tests", "--testing-library", "swift-testing", "--filter", name]
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        var argumentPointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variablePointers: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + variablePointers { free(pointer) } }
        var id: pid_t = 0
        let code = posix_spawn(&id, "/proc/self/exe", &files, &attributes, &argumentPointers, &variablePointers)
        guard code == 0 else { throw Failure(code: code) }
        self.id = id
    }

    deinit {
        if isRunning {
            kill(id, SIGKILL)
            waitForEnd()
        }
    }

    /// Whether it has not ended yet.
    public var isRunning: Bool {
        if end == nil { end = poll(WNOHANG) }
        return end == nil
    }

    /// Waits until it ends.
    @discardableResult
    public func waitForEnd() -> End {
        while true {
            if let end { return end }
            end = poll(0)
        }
    }

    private func poll(_ options: Int32) -> End? {
        var status: Int32 = 0
        let found = waitpid(id, &status, options)
        if found < 0, errno == ECHILD { return .exit(-1) }
        guard found == id else { return nil }
        let signal = status & 0x7F
        return signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
    }
}
