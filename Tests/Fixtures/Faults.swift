internal import FoundationEssentials
internal import Glibc

/// Faults of the system that a process of a test is started with: what the library CFaults does to it.
public enum Faults {
    /// The kinds of calls that can fail.
    public enum Call: String, Sendable {
        case open, mkdir, rename, read, write, fsync
    }

    /// The variables of a process whose calls on paths that contain `part` fail with an `errno`, after the first `skip`.
    public static func failing(_ call: Call, _ part: String, with code: Int32, after skip: Int = 0) -> [String: String]
    {
        ["LD_PRELOAD": library, "SHEARLING_FAULT": "\(call.rawValue) \(code) \(skip) \(part)"]
    }

    /// The variables of a process for which each look at the time of day gives another one, days off.
    public static let jumpingClock = ["LD_PRELOAD": library, "SHEARLING_CLOCK": "1"]

    /// Beside the test program, where the build puts both.
    private static let library: String = {
        let program =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let path = String(program.prefix(upTo: program.lastIndex(of: "/") ?? program.startIndex)) + "/libFaults.so"
        precondition(access(path, R_OK) == 0, "\(path) was not built")
        return path
    }()
}
