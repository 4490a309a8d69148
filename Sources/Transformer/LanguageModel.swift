public import Torch

/// A decoder of the LLaMA family: its weights and its forward pass. Loss and logits are heads on ``hidden(_:in:)``.
///
/// Not Sendable: it lives on one thread.
public final class LanguageModel {
    /// The shape.
    public let architecture: Architecture
    /// The type of activations and products; masters of the weights are float32 in any case.
    public let computeDType: DType
    /// Where the weights lie.
    public let device: Device
    /// All dense weights in the order of ``WeightTable``, by their Hugging Face names. The down projections are stored
    /// transposed.
    public let parameters: [Parameter]
    /// `[vocabulary, hidden]`.
    public let embedding: Parameter
    /// The decoder blocks.
    public let blocks: [Block]
    /// The norm before the head.
    public let finalNorm: Normalization
    /// `[vocabulary, hidden]`; the embedding itself when tied.
    public let head: Parameter
    let rotary: RotaryEmbedding
    private let byName: [String: Int]

    /// A model from its weights in table order.
    /// - Parameter rotary: Another model's tables, of the same head size, base and scaling; nil makes them.
    init(
        _ architecture: Architecture, held: [HeldWeight], computeDType: DType, on device: Device,
        isFrozen: Bool = false,
        rotary: RotaryEmbedding? = nil
    ) throws(TorchError) {
        var parameters: [Parameter] = []
        var set = ParameterSet()
        for (entry, weight) in zip(WeightTable(architecture).entries, held) {
            switch weight {
            case .dense(let master):
                let parameter = try Parameter(
                    name: entry.name, master, computeDType: computeDType, isFrozen: isFrozen)
                parameters.append(parameter)
                set.add(parameter, entry)
            case .quantized(let matrix): set.add(matrix, entry)
            }
        }
        self.architecture = architecture
        self.computeDType = computeDType
        self.device = device
        self.parameters = parameters
        embedding = set[.embedding]
        blocks = architecture.blocks.indices.map { Block($0, of: architecture, parameters: set) }
        finalNorm = Normalization(weight: set[.finalNorm], epsilon: architecture.normEpsilon)
        head = set.optional(.head) ?? set[.embedding]
        self.rotary = rotary ?? RotaryEmbedding(architecture)
        byName = Dictionary(parameters.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
    }

    /// A model from float32 masters in the stored layout, in table order.
    convenience init(
        _ architecture: Architecture, masters: [Tensor], computeDType: DType, on device: Device, isFrozen: Bool = false
    ) throws(TorchError) {
        try self.init(
            architecture, held: masters.map { .dense($0) }, computeDType: computeDType, on: device, isFrozen: isFrozen)
    }

    /// A model of random weights: normal(0, 0.02), output and down projections normal(0, 0.02 / sqrt(2 * blocks)),
    /// norms 1, biases 0.
    /// - Throws: `TorchError.invalidArgument` when the architecture cannot be built.
    public convenience init(
        _ architecture: Architecture, initializedWith seed: UInt64, computeDType: DType = .float32,
        on device: Device = .cpu
    ) throws(TorchError) {
        let problems = architecture.problems()
        guard problems.isEmpty else {
            throw TorchError(
                code: .invalidArgument, operation: "LanguageModel.init", message: problems.joined(separator: "; "))
        }
        let generator = try RandomGenerator(seed: seed)
        let residual = 0.02 / (2 * Double(max(architecture.blocks.count, 1))).squareRoot()
        var masters: [Tensor] = []
        for entry in WeightTable(architecture).entries {
            let shape = entry.storedShape
            let master: Tensor
            switch entry.role {
            case .attentionNorm, .feedForwardNorm, .finalNorm: master = try Tensor.ones(shape)
            case .queryBias, .keyBias, .valueBias, .outputBias, .gateBias, .upBias, .downBias:
                master = try Tensor.zeros(shape)
            case .output, .down: master = try Tensor.normal(shape, deviation: residual, generator: generator)
            case .embedding, .head, .query, .key, .value, .gate, .up:
                master = try Tensor.normal(shape, deviation: 0.02, generator: generator)
            }
            masters.append(try master.to(device))
        }
        try self.init(architecture, masters: masters, computeDType: computeDType, on: device)
    }

    /// A model from weights by Hugging Face name and in Hugging Face layout, any floating type. They are copied.
    /// - Parameter source: names their origin in errors.
    /// - Throws: `TransformerError.missingTensor`, `.unexpectedTensors` or `.tensorShape`; `.architecture` when it
    ///   cannot be built.
    public convenience init(
        _ architecture: Architecture, weights: [String: Tensor], computeDType: DType = .float32,
        on device: Device = .cpu,
        source: String = "weights"
    ) throws(TransformerError) {
        let names = Set(weights.keys)
        try self.init(
            architecture, names: names, computeDType: computeDType, on: device, source: source
        ) { (name) throws(TransformerError) in
            guard let tensor = weights[name] else { preconditionFailure("\(name) was listed but is not there") }
            return tensor
        }
    }

    /// A model whose weights are fetched one by one, so that two copies of all never exist.
    convenience init(
        _ architecture: Architecture, names: Set<String>, computeDType: DType, on device: Device,
        isFrozen: Bool = false,
        source: String, fetch: (String) throws(TransformerError) -> Tensor
    ) throws(TransformerError) {
        let problems = architecture.problems()
        guard problems.isEmpty else { throw .architecture(problems: problems) }
        let entries = WeightTable(architecture).entries
        for entry in entries where !names.contains(entry.name) {
            throw .missingTensor(path: source, tensor: entry.name, shape: entry.shape)
        }
        let unexpected = names.subtracting(entries.map(\.name)).sorted()
        guard unexpected.isEmpty else { throw .unexpectedTensors(path: source, tensors: unexpected) }
        var masters: [Tensor] = []
        for entry in entries {
            let tensor = try fetch(entry.name)
            guard tensor.shape == entry.shape else {
                throw .tensorShape(path: source, tensor: entry.name, expected: entry.shape, found: tensor.shape)
            }
            masters.append(
                try withTorch { () throws(TorchError) in
                    try withoutGradients { () throws(TorchError) in
                        let stored = entry.isStoredTransposed ? try tensor.transposed(0, 1) : tensor
                        // A view on a mapped file must not become a master: copy in any case.
                        return try stored.detached().to(isFrozen ? computeDType : .float32).copied().to(device)
                    }
                })
        }
        let made = masters
        do throws(TorchError) {
            try self.init(architecture, masters: made, computeDType: computeDType, on: device, isFrozen: isFrozen)
        } catch {
            throw .torch(error)
        }
    }

    /// The parameter of this Hugging Face name, nil when the model has none or holds it quantised.
    public func parameter(named name: String) -> Parameter? { byName[name].map { parameters[$0] } }

    /// The float32 masters by Hugging Face name and in Hugging Face layout: views of the model's own memory. Quantised
    /// matrices have none.
    /// - Throws: `TorchError` only when memory runs out.
    public func weights() throws(TorchError) -> [(name: String, tensor: Tensor)] {
        var list: [(name: String, tensor: Tensor)] = []
        for entry in WeightTable(architecture).entries {
            guard let parameter = parameter(named: entry.name) else { continue }
            let master = try parameter.master.detached()
            list.append((entry.name, entry.isStoredTransposed ? try master.transposed(0, 1) : master))
        }
        return list
    }
}
