public import Files

/// Why an operation on tensors failed: its name, a code to decide by, and the engine's sentence.
public struct TorchError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Codable, CaseIterable {
        /// Shapes, dtypes, devices or values that do not fit the operation.
        case invalidArgument
        /// An axis or an index outside its range.
        case index
        /// The host's or the device's allocator refused.
        case outOfMemory
        /// A file could not be read or written.
        case io
        /// A file that is not there, or not what its format says.
        case badFile
        /// Not implemented for these arguments, or a device that is absent.
        case unsupported
        /// Another process of the group has ended, is stopped or has not come; the message names it.
        case rankLost
        /// A fault of ours or of a library.
        case internalFault
    }

    public let code: Code
    /// The Swift operation that failed, such as `matmul(_:)`.
    public let operation: String
    /// What was found, what was expected and, where there is one, the way out.
    public let message: String

    public init(code: Code, operation: String, message: String) {
        self.code = code
        self.operation = operation
        self.message = message
    }

    public var description: String { "\(operation): \(message)" }
}

extension TorchError: FileError {
    public init(_ failure: FileFailure) {
        let left = failure.bytesLeft > 0 ? ", with \(failure.bytesLeft) bytes still to write" : ""
        let remedy = failure.remedy.map { "; \($0)" } ?? ""
        self.init(
            code: .io, operation: failure.operation, message: "\(failure.path): \(failure.reason)\(left)\(remedy)")
    }
}

typealias StagedFile = Files.StagedFile<TorchError>
typealias FileSystem = FileOperations<TorchError>
