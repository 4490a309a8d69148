internal import CSpawn

/// How a process ended.
public enum ProcessEnd: Sendable, Equatable {
    case exit(Int32)
    case signal(Int32)

    /// What a shell calls it: the exit code, or 128 and the signal's number.
    public var code: Int32 {
        switch self {
        case .exit(let code): code
        case .signal(let number): 128 + number
        }
    }
}

extension ProcessEnd: CustomStringConvertible {
    /// A verb and its object: `ended with exit code 3`, `was killed by SIGKILL`.
    public var description: String {
        switch self {
        case .exit(let code): "ended with exit code \(code)"
        case .signal(let number): "was killed by \(signalName(number))"
        }
    }
}

/// `SIGTERM` for 15.
public func signalName(_ number: Int32) -> String {
    guard let name = cs_signal_name(number) else { return "signal \(number)" }
    return "SIG" + String(cString: name)
}
