/// What one stage of a pipeline is told. The cases are the registry of kinds.
public enum Stage: Sendable, Equatable {
    case `import`(ImportSpec)
    case pack(PackSpec)
    case prune(PruneSpec)
    case pretrain(PretrainSpec)
    case superNetwork(SuperNetworkSpec)
    case search(SearchSpec)
    case extract(ExtractSpec)
    case quantize(QuantizeSpec)
    case evaluate(EvaluateSpec)
    case export(ExportSpec)
    case compare(CompareSpec)

    public var kind: StageKind {
        switch self {
        case .import: .import
        case .pack: .pack
        case .prune: .prune
        case .pretrain: .pretrain
        case .superNetwork: .superNetwork
        case .search: .search
        case .extract: .extract
        case .quantize: .quantize
        case .evaluate: .evaluate
        case .export: .export
        case .compare: .compare
        }
    }

    /// The spec behind the case.
    public var spec: any StageSpec {
        switch self {
        case .import(let spec): spec
        case .pack(let spec): spec
        case .prune(let spec): spec
        case .pretrain(let spec): spec
        case .superNetwork(let spec): spec
        case .search(let spec): spec
        case .extract(let spec): spec
        case .quantize(let spec): spec
        case .evaluate(let spec): spec
        case .export(let spec): spec
        case .compare(let spec): spec
        }
    }
}
