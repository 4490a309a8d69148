internal import Corpus
internal import Evaluation
internal import Files
internal import Glibc
internal import Search
internal import Shearing
internal import SuperNetwork
internal import Torch
internal import Training
internal import Transformer

extension PipelineError {
    /// Who is to act.
    public var category: ErrorCategory {
        switch self {
        case .specification: .specification
        case .missingInput, .missingInputs, .damagedArtifact, .mismatch, .locked, .report: .data
        case .file(_, _, let code): ErrorCategory(code: code)
        case .interrupted(let signal, _, _): signal == SIGTERM ? .terminated : .interrupted
        case .corpus(let error): error.category
        case .torch(let error): error.category
        case .transformer(let error): error.category
        case .evaluation(let error): error.category
        case .training(let error): error.category
        case .shearing(let error): error.category
        case .superNetwork(let error): error.category
        case .search(let error): error.category
        case .stage(_, let error): error.category
        }
    }
}

extension ErrorCategory {
    /// What an `errno` means: absent files are data, everything else is the machine's.
    fileprivate init(code: Int32) { self = code == ENOENT || code == ENOTDIR || code == EISDIR ? .data : .machine }
}

extension TorchError {
    fileprivate var category: ErrorCategory {
        switch code {
        case .outOfMemory: .outOfMemory
        case .io: .machine
        case .unsupported, .badFile: .data
        case .rankLost: .rankLost
        case .invalidArgument, .index, .internalFault: .internalFault
        }
    }
}

extension CorpusError {
    fileprivate var category: ErrorCategory {
        switch self {
        case .io(_, _, let code): ErrorCategory(code: code)
        case .diskFull: .machine
        case .yaml: .specification
        default: .data
        }
    }
}

extension TransformerError {
    fileprivate var category: ErrorCategory {
        switch self {
        case .torch(let error): error.category
        case .file(_, _, let code): code.map { ErrorCategory(code: $0) } ?? .data
        default: .data
        }
    }
}

extension EvaluationError {
    fileprivate var category: ErrorCategory {
        switch self {
        case .torch(let error): error.category
        case .corpus(let error): error.category
        case .transformer(let error): error.category
        default: .data
        }
    }
}

extension TrainingError {
    fileprivate var category: ErrorCategory {
        switch self {
        case .torch(let error): error.category
        case .corpus(let error): error.category
        case .evaluation(let error): error.category
        case .objective(let error):
            (error as? ShearingError)?.category ?? (error as? SuperNetworkError)?.category ?? .internalFault
        case .outOfMemory: .outOfMemory
        case .file(_, _, let code): ErrorCategory(code: code)
        case .setting: .specification
        default: .data
        }
    }
}

extension SearchError {
    fileprivate var category: ErrorCategory {
        switch self {
        case .io(_, _, let code): ErrorCategory(code: code)
        case .invalidArgument: .specification
        case .journal, .foreignEvaluation: .data
        }
    }
}

extension ShearingError {
    fileprivate var category: ErrorCategory {
        switch self {
        case .torch(let error): error.category
        case .transformer(let error): error.category
        case .impossibleTarget: .specification
        default: .data
        }
    }
}

extension SuperNetworkError {
    fileprivate var category: ErrorCategory {
        switch self {
        case .torch(let error): error.category
        case .transformer(let error): error.category
        case .evaluation(let error): error.category
        case .space, .genome, .settings: .specification
        case .search, .order, .file: .data
        }
    }
}
