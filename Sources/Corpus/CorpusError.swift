public import Files

/// What can go wrong between raw text and batches; every case carries the data a person needs to act.
public enum CorpusError: Error, Sendable, Equatable {
    /// A file or folder that was asked for is not there.
    case missing(path: String, remedy: String)
    /// The operating system refused an operation; `code` is its `errno`.
    case io(path: String, operation: String, code: Int32)
    /// A compressed shard ends inside a frame; `offset` is in compressed bytes.
    case truncated(path: String, offset: Int)
    /// A file holds something that its format forbids; `offset` is in bytes of the file.
    case corrupt(path: String, offset: Int, reason: String, remedy: String = CorpusError.fetchAgain)
    /// A shard without a single record.
    case emptyShard(path: String)
    /// A line that is not a usable record, under `on_bad_record: stop`.
    case badRecord(BadRecord)
    /// A file is not the one that the manifest was written for.
    case digestMismatch(path: String, expected: String, found: String)
    /// A file that was changed while it was read.
    case changed(path: String)
    /// A file does not have the size that the manifest gives, in bytes.
    case sizeMismatch(path: String, expected: Int, found: Int)
    /// A domain whose patterns match no file.
    case emptyDomain(domain: String, patterns: [String], root: String)
    /// A path of a manifest that leaves the manifest's root.
    case outsideRoot(path: String, root: String)
    /// Everything wrong in one YAML file.
    case yaml([YAMLProblem])
    /// A tokenizer that cannot be loaded, and what would make it loadable.
    case tokenizer(path: String, reason: String, remedy: String)
    /// A text that a tokenizer cannot encode, or ids that it cannot decode.
    case encoding(reason: String)
    /// A request that cannot be met whatever the data: what was found, what is needed, what to do.
    case invalidArgument(reason: String, remedy: String)
    /// A token id that the vocabulary of a packed file does not have.
    case vocabularyMismatch(path: String, token: Int, vocabularySize: Int)
    /// A domain whose text does not fill a row; counts are in tokens.
    case noRows(domain: String, tokens: Int, sequenceLength: Int)
    /// A domain that has given all its `rows` and is asked for one more at `step`.
    case domainExhausted(domain: String, rows: Int, step: Int)
    /// The disk is full; `bytes` were still to be written.
    case diskFull(path: String, bytes: Int)
    /// The work was told to stop; what is `finished` of `total` shards is kept in `path`.
    case stopped(path: String, finished: Int, total: Int)

    /// What to do about a file from elsewhere that is damaged.
    public static let fetchAgain = "fetch it again"
    /// What to do about a damaged file that packing wrote.
    static let packAgain = "pack the corpus again (shear run --force makes the stage anew)"
}

/// One line of a shard that is not a usable record.
public struct BadRecord: Sendable, Equatable, Hashable, Codable {
    /// The shard.
    public var path: String
    /// The line in the uncompressed shard, counted from 1.
    public var line: Int
    /// Where the line's trouble is, in uncompressed bytes from the start of the shard, where known.
    public var byteOffset: Int?
    /// What is wrong with it.
    public var reason: BadRecordReason

    public init(path: String, line: Int, byteOffset: Int?, reason: BadRecordReason) {
        self.path = path
        self.line = line
        self.byteOffset = byteOffset
        self.reason = reason
    }
}

extension BadRecord: CustomStringConvertible {
    /// The place and what is wrong there, without a full stop.
    public var description: String {
        let byte = byteOffset.map { " (byte \($0) of the uncompressed text)" } ?? ""
        return "\(path), line \(line)\(byte): \(reason)"
    }
}

/// Why a line is not a usable record.
public enum BadRecordReason: Sendable, Equatable, Hashable, Codable {
    /// The line is not one JSON object.
    case notJSON(detail: String)
    /// The line, or a string in it, is not UTF-8.
    case invalidUTF8
    /// The line is longer than `limit` bytes.
    case tooLong(limit: Int)
    /// The object lacks the field of its text; `found` are its keys (the first 20).
    case missingField(name: String, found: [String])
    /// The object lacks the field that names its domain; `found` are its keys (the first 20).
    case missingRoute(name: String, found: [String])
    /// The field is there, but it is no string.
    case notAString(name: String, found: String)
    /// The routing field names a domain that the manifest does not have.
    case unknownDomain(name: String)
}

extension BadRecordReason {
    /// What to do about it beside skipping such records.
    var remedy: String {
        switch self {
        case .notJSON, .invalidUTF8: "repair the line"
        case .tooLong: "raise max_document_bytes in the manifest"
        case .missingField, .notAString: "name the field that holds the text with text_field: in the manifest"
        case .missingRoute: "name the field that holds the domain with route_by: in the manifest"
        case .unknownDomain: "add the domain to the manifest"
        }
    }
}

extension BadRecordReason: CustomStringConvertible {
    /// One clause without a full stop.
    public var description: String {
        switch self {
        case .notJSON(let detail): "not one JSON object (\(detail))"
        case .invalidUTF8: "invalid UTF-8"
        case .tooLong(let limit): "longer than max_document_bytes (\(limit))"
        case .missingField(let name, let found), .missingRoute(let name, let found):
            "no field '\(name)'; its fields are \(found.isEmpty ? "none" : found.joined(separator: ", "))"
        case .notAString(let name, let found): "field '\(name)' holds \(found), not a string"
        case .unknownDomain(let name): "routed to '\(name)', which is no domain of the manifest"
        }
    }
}

extension CorpusError: CustomStringConvertible {
    /// One sentence or more: the place, what was found and expected, what to do.
    public var description: String {
        switch self {
        case .missing(let path, let remedy): "\(path) does not exist; \(remedy)."
        case .io(let path, let operation, let code):
            "\(path): \(operation) failed: \(systemMessage(code)) (errno \(code))"
                + (FileFailure(path: path, operation: operation, code: code).remedy.map { "; \($0)" } ?? "") + "."
        case .truncated(let path, let offset):
            "\(path) is truncated: it ends at byte \(offset) inside a compressed frame; fetch it again "
                + "(a partial download can be continued) or take it out of the manifest."
        case .corrupt(let path, let offset, let reason, let remedy):
            "\(path) is corrupt near byte \(offset): \(reason); \(remedy)."
        case .emptyShard(let path):
            "\(path) holds no record; fetch it again or take it out of the manifest."
        case .badRecord(let record):
            "\(record); \(record.reason.remedy), or set on_bad_record: skip in the manifest."
        case .digestMismatch(let path, let expected, let found):
            "\(path) has SHA-256 \(found), the manifest says \(expected); fetch the file again, or run "
                + "`shear manifest` on its folder if the change is meant."
        case .changed(let path):
            "\(path) changed while it was read, so that nobody can say what was read; let nothing write to it and "
                + "run again."
        case .sizeMismatch(let path, let expected, let found):
            "\(path) has \(found) bytes, the manifest says \(expected); fetch the file again, or run "
                + "`shear manifest` on its folder if the change is meant."
        case .emptyDomain(let domain, let patterns, let root):
            "Domain '\(domain)' is empty: \(patterns.joined(separator: ", ")) matches no file below \(root); "
                + "correct the patterns or `root`, or take the domain out."
        case .outsideRoot(let path, let root):
            "\(path) lies outside the manifest's root \(root); move it there, or set allow_outside_root: true."
        case .yaml(let problems): problems.map(\.description).joined(separator: "\n")
        case .tokenizer(let path, let reason, let remedy): "\(path): \(reason); \(remedy)."
        case .encoding(let reason): "Cannot encode: \(reason)."
        case .invalidArgument(let reason, let remedy): "\(reason); \(remedy)."
        case .vocabularyMismatch(let path, let token, let vocabularySize):
            "\(path): token id \(token) is outside the vocabulary of \(vocabularySize) entries; pack with the "
                + "tokenizer that belongs to the model, and check that its files are of one version."
        case .noRows(let domain, let tokens, let sequenceLength):
            "Domain '\(domain)' has \(tokens) tokens, which fill no row of \(sequenceLength); add text, shorten the "
                + "sequences, hold out less, pack with keep-all, or take the domain out."
        case .domainExhausted(let domain, let rows, let step):
            "Domain '\(domain)' has given all its \(rows) rows before step \(step) was filled; pack more of it, take "
                + "fewer steps, lower its weight, or set the policy for exhausted domains to repeat or renormalise."
        case .diskFull(let path, let bytes):
            "\(path): the disk is full with \(bytes) bytes still to write; make room and run again (finished parts "
                + "are kept), or choose a folder on another disk."
        case .stopped(let path, let finished, let total):
            "Stopped with \(finished) of \(total) shards packed; run again to go on from what \(path) keeps."
        }
    }
}

extension CorpusError: FileError {
    public init(_ failure: FileFailure) {
        if failure.isDiskFull {
            self = .diskFull(path: failure.path, bytes: failure.bytesLeft)
        } else if failure.isMissing, failure.operation == "open" {
            self = .missing(path: failure.path, remedy: "check the path, or fetch the file")
        } else {
            self = .io(path: failure.path, operation: failure.operation, code: failure.code)
        }
    }
}

typealias StagedFile = Files.StagedFile<CorpusError>
typealias FileSystem = FileOperations<CorpusError>
