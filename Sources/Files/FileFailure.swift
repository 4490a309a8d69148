public import Glibc

/// What the operating system refused to do with a file.
public struct FileFailure: Error, Sendable, Equatable {
    /// The file or folder, under the name it has or was to have.
    public let path: String
    /// What was tried, as a verb: “open”, “write”, “flush”, “rename”, “make folder”, …
    public let operation: String
    /// The system's `errno`.
    public let code: Int32
    /// Bytes that were still to be written.
    public let bytesLeft: Int

    public init(path: String, operation: String, code: Int32 = errno, bytesLeft: Int = 0) {
        self.path = path
        self.operation = operation
        self.code = code
        self.bytesLeft = bytesLeft
    }

    /// The system's words for the reason.
    public var reason: String { systemMessage(code) }
    /// The file or folder is not there.
    public var isMissing: Bool { code == ENOENT }
    /// There is no room, on the disk or in this user's share of it.
    public var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }
    /// What a person can do about it: a clause without a full stop; nil where the reason itself says it.
    public var remedy: String? {
        switch code {
        case ENOSPC, EDQUOT: "free some disk space and run again"
        case EROFS: "that file system is read-only: mount it for writing, or choose a folder elsewhere"
        case EACCES, EPERM: "give this user the right to read and write it, or choose another folder"
        case EIO: "the disk, or the way to it, is faulty: look into the system's log before going on"
        default: nil
        }
    }
}

/// An error that can say what the operating system refused: that of every module which writes files.
public protocol FileError: Error {
    init(_ failure: FileFailure)
}

/// The system's words for an `errno` value.
public func systemMessage(_ code: Int32) -> String {
    guard let words = strerror(code) else { return "unknown error" }
    return String(cString: words)
}
