public import Evaluation
public import Search
public import Torch
public import Transformer

/// What can stop a super-network from being made, trained or taken apart.
public enum SuperNetworkError: Error, Sendable {
    /// A space that does not fit its source; one sentence per problem.
    case space(problems: [String])
    /// A genome that names no sub-network of the space.
    case genome(problem: String)
    /// An order of neurons or blocks that is none.
    case order(problem: String)
    /// Settings of the training that make no sense; one sentence per problem.
    case settings(problems: [String])
    /// A file beside a model lacks something or holds something else than expected.
    case file(path: String, found: String, expected: String)
    case search(SearchError)
    case evaluation(EvaluationError)
    case torch(TorchError)
    case transformer(TransformerError)
}

extension SuperNetworkError: CustomStringConvertible {
    /// One sentence naming place, found, expected and what to do.
    public var description: String {
        switch self {
        case .space(let problems): "this elastic space does not fit its source: " + problems.joined(separator: "; ")
        case .genome(let problem): "this genome names no sub-network: \(problem)"
        case .order(let problem): problem
        case .settings(let problems):
            "the settings of the super-network make no sense: " + problems.joined(separator: "; ")
        case .file(let path, let found, let expected): "\(path): found \(found), expected \(expected)"
        case .search(let error): "\(error)"
        case .evaluation(let error): "\(error)"
        case .torch(let error): "\(error)"
        case .transformer(let error): "\(error)"
        }
    }
}

/// Runs tensor operations, their errors wrapped.
func withTorch<R>(_ body: () throws(TorchError) -> R) throws(SuperNetworkError) -> R {
    do throws(TorchError) { return try body() } catch { throw .torch(error) }
}
