internal import Corpus
public import Torch
public import Transformer

/// The learned masks of a run towards a size instead of a shape: one log-alpha per variable of `CoFiLayout`.
///
/// Log-alphas and all that is computed from them are float32 whatever the model computes in.
public final class CoFiMasks {
    public let layout: CoFiLayout
    /// `[rows, columns]` float32 of each family in its order, named `mask.<family>`.
    public let logAlphas: [Parameter]
    /// The seed that, with step and family, decides every draw.
    public let seed: UInt64
    public let device: Device
    /// Query heads of a source layer.
    private let queryHeads: Int

    /// Masks with given log-alphas, one array per family in the order of its cases.
    /// - Throws: `ShearingError.impossibleTarget` as `CoFiLayout`, `.impossibleSettings` for another number of log-alphas,
    ///   `.torch`.
    public init(
        source: Architecture, logAlphas: [[Float]], seed: UInt64, on device: Device = .cpu
    ) throws(ShearingError) {
        layout = try CoFiLayout(source)
        self.seed = seed
        self.device = device
        queryHeads = source.blocks[0].queryHeads
        var parameters: [Parameter] = []
        for (index, family) in CoFiLayout.Family.allCases.enumerated() {
            let (rows, columns) = layout.shape(of: family)
            let values = index < logAlphas.count ? logAlphas[index] : []
            guard values.count == rows * columns else {
                throw .impossibleSettings(["\(values.count) log-alphas of \(family.rawValue), not \(rows * columns)"])
            }
            try withTorch { () throws(TorchError) in
                let master = try Tensor(values, shape: [rows, columns], on: device)
                parameters.append(try Parameter(name: "mask.\(family.rawValue)", master))
            }
        }
        self.logAlphas = parameters
    }

    /// Masks that start all alike: Normal(5, 0.01), not yet within the bounds.
    /// - Throws: as `init(source:logAlphas:seed:on:)`.
    public static func uniform(
        source: Architecture, seed: UInt64, on device: Device = .cpu
    ) throws(ShearingError) -> CoFiMasks {
        let layout = try CoFiLayout(source)
        var values: [[Float]] = []
        for family in CoFiLayout.Family.allCases {
            let (rows, columns) = layout.shape(of: family)
            try withTorch { () throws(TorchError) in
                let generator = try PruningMasks.generator(seed, "mask/start/\(family.rawValue)")
                values.append(
                    try Tensor.normal([rows, columns], mean: 5, deviation: 0.01, generator: generator).floats())
            }
        }
        return try CoFiMasks(source: source, logAlphas: values, seed: seed, on: device)
    }

    /// Masks that start in the order of `slopes`: each family's ranks over all layers together spread evenly over
    /// `center - span ... center + span`, so that layers may differ from the start.
    /// - Throws: as `init(source:logAlphas:seed:on:)`, and `.impossibleSettings` for scores that are not finite.
    public static func ranked(
        source: Architecture, slopes: MaskSlopes, center: Double, span: Double, seed: UInt64, on device: Device = .cpu
    ) throws(ShearingError) -> CoFiMasks {
        let layout = try CoFiLayout(source)
        var values: [[Float]] = []
        for family in CoFiLayout.Family.allCases {
            let (rows, columns) = layout.shape(of: family)
            let scores = try slopes.scores(of: family, layout)
            let all = MaskRows(
                family: .layer, rows: 1, columns: rows * columns, kept: rows * columns, repeats: 1,
                shape: [rows * columns])
            values.append(MaskStart.rankedLogAlpha(scores, rows: all, center: center, span: span))
        }
        return try CoFiMasks(source: source, logAlphas: values, seed: seed, on: device)
    }

    // MARK: Draws

    /// Draws the noise of `step`, on the CPU whatever the device.
    func noise(at step: Int) throws(TorchError) -> MaskNoise {
        var logits: [Tensor] = []
        for (family, parameter) in zip(CoFiLayout.Family.allCases, logAlphas) {
            let generator = try PruningMasks.generator(seed, "mask/\(family.rawValue)/step-\(step)")
            logits.append(try HardConcrete.noiseLogits(parameter.shape, generator: generator).to(device))
        }
        return MaskNoise(step: step, logits: logits)
    }

    /// Masks under the given noise, differentiable in the log-alphas: fine times coarse variables.
    func drawn(with noise: MaskNoise) throws(TorchError) -> LayerMasks {
        var drawn: [Tensor] = []
        for (parameter, logits) in zip(logAlphas, noise.logits) {
            drawn.append(try HardConcrete.sample(parameter.value, noiseLogits: logits))
        }
        return try layerMasks(drawn)
    }

    /// The masks of the forward pass from one value per variable.
    private func layerMasks(_ values: [Tensor]) throws(TorchError) -> LayerMasks {
        let (attention_L1, feedForward_L1) = try (values[3].transposed(0, 1), values[4].transposed(0, 1))
        var heads_LQ = try values[1] * attention_L1
        if layout.headRepeats > 1 { heads_LQ = try heads_LQ.repeatInterleaved(layout.headRepeats, 1) }
        return try LayerMasks(
            hidden_H: values[0].reshaped([layout.hiddenSize]), heads_LQ: heads_LQ,
            intermediate_LM: values[2] * feedForward_L1)
    }

    // MARK: Size

    /// The expected share of parameters that go, a scalar, differentiable: with independent variables the expectation of
    /// each product is the product of expectations (CoFi's equation for the sparsity, over all parameters that the masks
    /// remove: embeddings and norms too).
    func expectedSparsity(shiftedBy shift: Tensor? = nil) throws(TorchError) -> Tensor {
        var alive: [Tensor] = []
        for parameter in logAlphas {
            let logAlpha =
                try shift.map { (shift) throws(TorchError) in try parameter.value + shift } ?? parameter.value
            alive.append(try HardConcrete.alive(logAlpha))
        }
        let heads_L = try alive[1].sum(over: [1]) * Double(layout.headCost) + Double(layout.attentionCost)
        let neurons_L = try alive[2].sum(over: [1]) * Double(CoFiLayout.neuronCost) + Double(CoFiLayout.feedForwardCost)
        let layers = try (alive[3].reshaped([-1]) * heads_L + alive[4].reshaped([-1]) * neurons_L).sum()
        // Shares, since float32 counts of billions are coarse.
        let perChannel = Double(layout.sourceParameters) / Double(layout.hiddenSize)
        let left = try (layers + Double(layout.fixedCost)) * (1 / perChannel)
        return try 1 - left * alive[0].mean()
    }

    /// Expected share of zeros of each family, and the share of its variables that are undecided.
    func states() throws(TorchError) -> [(expected: Double, undecided: Double)] {
        try withoutGradients { () throws(TorchError) in
            var states: [(expected: Double, undecided: Double)] = []
            for parameter in logAlphas {
                let undecided = try parameter.master.detached().abs().less(than: HardConcrete.undecidedBound)
                states.append(
                    try (
                        1 - HardConcrete.alive(parameter.master.detached()).mean().item(),
                        undecided.to(.float32).mean().item()
                    ))
            }
            return states
        }
    }

    // MARK: Changes outside the optimizer

    /// Puts every log-alpha back within the paper's bounds.
    func clampToBounds() throws(TorchError) {
        try change { (master) throws(TorchError) in
            try master.clamp(min: -HardConcrete.bound, max: HardConcrete.bound)
        }
    }

    /// Shifts all log-alphas alike until the expected sparsity is `sparsity`: their order stays, over all families.
    func project(onto sparsity: Double) throws(TorchError) {
        let shift = try withoutGradients { () throws(TorchError) -> Tensor in
            var (lowest, highest): ([Tensor], [Tensor]) = ([], [])
            for parameter in logAlphas {
                lowest.append(try parameter.master.detached().minimum())
                highest.append(try parameter.master.detached().maximum())
            }
            var dense = try HardConcrete.certainBound - Tensor.stacked(lowest).minimum()
            var sparse = try -HardConcrete.certainBound - Tensor.stacked(highest).maximum()
            for _ in 0..<RowProjection.halvings {
                let middle = try (dense + sparse) * 0.5
                let tooSparse = try expectedSparsity(shiftedBy: middle).greater(than: sparsity)
                let narrowed = try Tensor.selecting(tooSparse, middle, sparse)
                dense = try Tensor.selecting(tooSparse, dense, middle)
                sparse = narrowed
            }
            return try (dense + sparse) * 0.5
        }
        try change { (master) throws(TorchError) in try master.add(shift) }
    }

    private func change(_ body: (Tensor) throws(TorchError) -> Void) throws(TorchError) {
        try withoutGradients { () throws(TorchError) in
            for parameter in logAlphas {
                try body(parameter.master)
                try parameter.refresh()
            }
        }
    }
}
