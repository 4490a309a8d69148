internal import Corpus
public import Torch
public import Transformer

/// The learned masks of one pruning run: a log-alpha per variable of every family that the target shrinks.
///
/// Log-alphas and all that is computed from them are float32 whatever the model computes in.
public final class PruningMasks {
    /// Layouts of the pruned families, in the order of `MaskFamily`.
    public let families: [MaskRows]
    /// Log-alphas per family, `[rows, columns]` float32; named `mask.<family>`.
    public let logAlphas: [Parameter]
    /// The seed that, with step and family, decides every draw.
    public let seed: UInt64
    /// Where the masks live.
    public let device: Device

    /// Masks with given log-alphas, one array per layout.
    /// - Throws: `ShearingError.maskShape` when a family's count differs, `.notFinite`, `.torch`.
    public init(
        families: [MaskRows], logAlphas: [[Float]], seed: UInt64, on device: Device = .cpu
    ) throws(ShearingError) {
        var parameters: [Parameter] = []
        for (index, rows) in families.enumerated() {
            let values = index < logAlphas.count ? logAlphas[index] : []
            guard values.count == rows.count else {
                throw .maskShape(family: rows.family, expected: [rows.rows, rows.columns], found: [values.count])
            }
            if let place = TopK.firstNonFinite(values, columns: rows.columns) {
                throw .notFinite(family: rows.family, row: place.row, column: place.column)
            }
            try withTorch { () throws(TorchError) in
                let master = try Tensor(values, shape: [rows.rows, rows.columns], on: device)
                parameters.append(try Parameter(name: "mask.\(rows.family.rawValue)", master))
            }
        }
        self.families = families
        self.logAlphas = parameters
        self.seed = seed
        self.device = device
    }

    /// Masks that start all alike: Normal(5, 0.01), not yet within the bounds.
    /// - Throws: `ShearingError.impossibleTarget` when the target does not fit `source`, `.torch`.
    public static func uniform(
        source: Architecture, target: TargetArchitecture, seed: UInt64, on device: Device = .cpu
    ) throws(ShearingError) -> PruningMasks {
        let families = try MaskRows.pruned(source: source, target: target)
        var values: [[Float]] = []
        for rows in families {
            try withTorch { () throws(TorchError) in
                let generator = try Self.generator(seed, "mask/start/\(rows.family.rawValue)")
                values.append(try MaskStart.uniformLogAlpha(rows, generator: generator).floats())
            }
        }
        return try PruningMasks(families: families, logAlphas: values, seed: seed, on: device)
    }

    /// Masks that start in order of `importance`.
    /// - Parameters:
    ///   - center: The log-alpha of a row's middle rank.
    ///   - span: Half the distance between a row's highest and lowest log-alpha.
    /// - Throws: `ShearingError.impossibleTarget` when the target does not fit `source`, `.notFinite`, `.torch`.
    public static func ranked(
        source: Architecture, target: TargetArchitecture, importance: Importance, center: Double, span: Double,
        seed: UInt64, on device: Device = .cpu
    ) throws(ShearingError) -> PruningMasks {
        let families = try MaskRows.pruned(source: source, target: target)
        var values: [[Float]] = []
        for rows in families {
            let scores = try importance.scores(for: rows)
            values.append(MaskStart.rankedLogAlpha(scores, rows: rows, center: center, span: span))
        }
        return try PruningMasks(families: families, logAlphas: values, seed: seed, on: device)
    }

    /// The generator of one draw: a pure function of seed and name.
    static func generator(_ seed: UInt64, _ name: String) throws(TorchError) -> RandomGenerator {
        var stream = RandomStream(seed: seed, name: name)
        return try RandomGenerator(seed: stream.next())
    }

    // MARK: Draws

    /// Draws the noise of `step`, `[rows, columns]` per family, on the CPU whatever the device, so that devices agree.
    func noise(at step: Int) throws(TorchError) -> MaskNoise {
        var logits: [Tensor] = []
        for rows in families {
            let generator = try Self.generator(seed, "mask/\(rows.family.rawValue)/step-\(step)")
            let drawn = try HardConcrete.noiseLogits([rows.rows, rows.columns], generator: generator)
            logits.append(try drawn.to(device))
        }
        return MaskNoise(step: step, logits: logits)
    }

    /// Masks under the given noise, differentiable in the log-alphas.
    func drawn(with noise: MaskNoise) throws(TorchError) -> LayerMasks {
        var tensors: [MaskFamily: Tensor] = [:]
        for (index, rows) in families.enumerated() {
            let sampled = try HardConcrete.sample(logAlphas[index].value, noiseLogits: noise.logits[index])
            tensors[rows.family] = try Self.expanded(sampled, rows: rows)
        }
        return LayerMasks(tensors)
    }

    /// The masks drawn for `step`, differentiable in the log-alphas; equal at every call while those stay.
    /// - Throws: `TorchError` when memory is short.
    public func drawn(at step: Int) throws(TorchError) -> LayerMasks { try drawn(with: noise(at: step)) }

    /// Variables `[rows, columns]` as the mask that the forward pass reads, `rows.shape`.
    private static func expanded(_ variables: Tensor, rows: MaskRows) throws(TorchError) -> Tensor {
        guard rows.repeats > 1 else { return try variables.reshaped(rows.shape) }
        return try variables.repeatInterleaved(rows.repeats, 1).reshaped(rows.shape)
    }

    // MARK: Sparsity

    /// The expected share of removed variables per row of the family at `index`, `[rows]` float32; differentiable.
    func expectedSparsity(at index: Int) throws(TorchError) -> Tensor {
        try HardConcrete.expectedSparsity(logAlphas[index].value)
    }

    /// The expected share of removed variables of each family's rows.
    /// - Throws: `TorchError` when the copy to the host fails.
    public func expectedSparsity() throws(TorchError) -> [MaskFamily: [Float]] {
        try withoutGradients { () throws(TorchError) -> [MaskFamily: [Float]] in
            var result: [MaskFamily: [Float]] = [:]
            for (index, rows) in families.enumerated() {
                result[rows.family] = try expectedSparsity(at: index).floats()
            }
            return result
        }
    }

    // MARK: Changes outside the optimizer

    /// Puts every log-alpha back within the paper's bounds, without recording gradients.
    func clampToBounds() throws(TorchError) {
        try withoutGradients { () throws(TorchError) in
            for parameter in logAlphas {
                try parameter.master.clamp(min: -HardConcrete.bound, max: HardConcrete.bound)
                try parameter.refresh()
            }
        }
    }

    /// Shifts every row so that its expected sparsity is the schedule's at `step`, without recording gradients.
    func project(onto schedule: TargetSchedule, at step: Int) throws(TorchError) {
        try withoutGradients { () throws(TorchError) in
            for (rows, parameter) in zip(families, logAlphas) {
                let sparsity = schedule.sparsity(at: step, full: rows.targetSparsity)
                try parameter.master.add(RowProjection.shift(parameter.master, to: sparsity))
                try parameter.refresh()
            }
        }
    }

    // MARK: Selection

    /// Masks without chance, with exactly the asked number of zeros per row; ties keep the lower index.
    /// - Throws: `ShearingError.notFinite` when a log-alpha is NaN or infinite, `.torch`.
    public func deterministic(_ size: MaskSize) throws(ShearingError) -> DeterministicMasks {
        var values: [MaskFamily: [Float]] = [:]
        for (rows, parameter) in zip(families, logAlphas) {
            let logAlphas = try withTorch { () throws(TorchError) in try parameter.master.floats() }
            if let place = TopK.firstNonFinite(logAlphas, columns: rows.columns) {
                throw .notFinite(family: rows.family, row: place.row, column: place.column)
            }
            let kept = TopK.kept(logAlphas, columns: rows.columns) { row in
                switch size {
                case .target: rows.kept
                case .current: Self.currentlyKept(logAlphas[row * rows.columns..<(row + 1) * rows.columns])
                }
            }
            values[rows.family] = zip(logAlphas, kept).map { logAlpha, stays in
                stays ? Float(HardConcrete.kept(Double(logAlpha))) : 0
            }
        }
        return try DeterministicMasks(families: families, values: values)
    }

    /// Variables of a row that stay at its present expected sparsity; one stays in any case.
    private static func currentlyKept(_ logAlphas: ArraySlice<Float>) -> Int {
        let removed = logAlphas.reduce(0.0) { sum, logAlpha in
            sum + HardConcrete.removal(Double(logAlpha))
        }
        return max(1, logAlphas.count - Int(removed.rounded(.toNearestOrEven)))
    }
}

extension LayerMasks {
    /// Masks from one tensor per family; the others keep everything.
    init(_ tensors: [MaskFamily: Tensor]) {
        self.init(
            hidden_H: tensors[.hidden], heads_LQ: tensors[.heads], intermediate_LM: tensors[.intermediate],
            layers_L: tensors[.layer])
    }
}
