public import Files
public import Torch

/// What can go wrong between a file and a model. Cases hold the place, what was found and what was expected.
public enum TransformerError: Error, Sendable {
    /// A tensor operation failed.
    case torch(TorchError)
    /// A file or folder cannot be read or written. `code` is the system's `errno`; nil where what it holds is at fault.
    case file(path: String, reason: String, code: Int32? = nil)
    /// A configuration lacks a key or holds a value that does not fit.
    case configuration(path: String, key: String, found: String, expected: String)
    /// The folder or file describes a model outside the family.
    case unsupported(path: String, found: String, supported: String)
    /// An architecture that cannot be built.
    case architecture(problems: [String])
    /// A view of a model that does not fit it.
    case view(problems: [String])
    /// A weight that the architecture needs is in none of the files.
    case missingTensor(path: String, tensor: String, shape: [Int])
    /// Weights that the architecture does not know.
    case unexpectedTensors(path: String, tensors: [String])
    /// A weight of the wrong shape.
    case tensorShape(path: String, tensor: String, expected: [Int], found: [Int])
    /// A weight of a type that is not read.
    case tensorType(path: String, tensor: String, found: String, supported: String)
    /// A GGUF file that breaks its format.
    case gguf(path: String, offset: Int, problem: String)
    /// A model that the wanted form cannot express.
    case notExportable(path: String, reason: String, remedy: String)
    /// A model of quantised weights where full ones are needed.
    case quantized(path: String, scheme: QuantizationScheme)
    /// A prompt or a sampling setting that cannot be used.
    case generation(problem: String)
}

extension TransformerError: CustomStringConvertible {
    /// One sentence naming place, found, expected and what to do.
    public var description: String {
        switch self {
        case .torch(let error):
            "\(error)"
        case .file(let path, let reason, _):
            "\(path): \(reason)"
        case .configuration(let path, let key, let found, let expected):
            "\(path): `\(key)` is \(found); expected \(expected)"
        case .unsupported(let path, let found, let supported):
            "\(path): found \(found); supported: \(supported)"
        case .architecture(let problems):
            "this architecture cannot be built: " + problems.joined(separator: "; ")
        case .view(let problems):
            "this part of the model cannot be taken: " + problems.joined(separator: "; ")
        case .missingTensor(let path, let tensor, let shape):
            "\(path): the tensor \(tensor) \(shape) is missing; fetch the files again or correct config.json"
        case .unexpectedTensors(let path, let tensors):
            "\(path): \(tensors.count) tensor(s) that config.json does not describe: "
                + tensors.prefix(3).joined(separator: ", ") + (tensors.count > 3 ? ", ..." : "")
                + "; the model is of another kind or config.json belongs to another model"
        case .tensorShape(let path, let tensor, let expected, let found):
            "\(path): the tensor \(tensor) has shape \(found); config.json asks for \(expected)"
        case .tensorType(let path, let tensor, let found, let supported):
            "\(path): the tensor \(tensor) is stored as \(found); supported: \(supported)"
        case .gguf(let path, let offset, let problem):
            "\(path): byte \(offset): \(problem); the file is damaged or incomplete, fetch it again"
        case .notExportable(let path, let reason, let remedy):
            "\(path): cannot export: \(reason); \(remedy)"
        case .quantized(let path, let scheme):
            "\(path): holds \(scheme.rawValue) weights, which only Shearling runs: they can be evaluated and can "
                + "generate, but neither be trained, pruned, quantised again nor exported for other programs; name the "
                + "model that they were quantised from"
        case .generation(let problem):
            "cannot generate: \(problem)"
        }
    }
}

/// Runs tensor code and turns its error into this module's.
func withTorch<R>(_ body: () throws(TorchError) -> R) throws(TransformerError) -> R {
    do throws(TorchError) { return try body() } catch { throw .torch(error) }
}

extension TransformerError: FileError {
    public init(_ failure: FileFailure) {
        let done =
            switch failure.operation {
            case "open", "read", "look at": "read"
            case "rename": "renamed into place"
            case "make folder": "made"
            case "remove": "removed"
            default: "written"
            }
        let why =
            failure.isDiskFull
            ? "the disk is full; free some space and run again"
            : failure.isMissing ? "it does not exist" : failure.reason
        self = .file(path: failure.path, reason: "cannot be \(done): \(why)", code: failure.code)
    }
}

typealias FileSystem = FileOperations<TransformerError>
