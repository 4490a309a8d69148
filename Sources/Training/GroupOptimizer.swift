internal import Torch

/// AdamW's state for one parameter group, and the Float32 sums of its gradients over micro-batches.
final class GroupOptimizer {
    let group: ParameterGroup
    private(set) var first: [Tensor] = []
    private(set) var second: [Tensor] = []
    /// Float32 sums, for parameters whose gradients come in a narrower type; made at the first use.
    private var sums: [Tensor] = []
    /// Which sums have something in them.
    private var summed: [Bool]

    init(_ group: ParameterGroup) throws(TorchError) {
        self.group = group
        for parameter in group.parameters {
            first.append(try Tensor.zeros(parameter.shape, on: parameter.master.device))
            second.append(try Tensor.zeros(parameter.shape, on: parameter.master.device))
        }
        summed = group.parameters.map { _ in false }
    }

    /// Moves the gradients of one micro-batch into the Float32 sums. Gradients that are Float32 stay where they are:
    /// the engine adds the next ones to them.
    func accumulate() throws(TorchError) {
        if sums.isEmpty {
            for parameter in group.parameters {
                let isNarrow = parameter.value !== parameter.master
                sums.append(try Tensor.zeros(isNarrow ? parameter.shape : [0], on: parameter.master.device))
            }
        }
        var sources: [Tensor] = []
        var targets: [Tensor] = []
        for (index, parameter) in group.parameters.enumerated() where parameter.value !== parameter.master {
            guard let gradient = parameter.gradient else { continue }
            sources.append(gradient)
            targets.append(sums[index])
            summed[index] = true
        }
        try Torch.accumulate(sources, into: targets)
        for parameter in group.parameters where parameter.value !== parameter.master { parameter.value.clearGradient() }
    }

    /// The gradients of the step and the indices of their parameters; a parameter that took no part has none.
    func gradients() -> [(index: Int, gradient: Tensor)] {
        group.parameters.indices.compactMap { index in
            if summed[index] { return (index, sums[index]) }
            return group.parameters[index].gradient.map { (index, $0) }
        }
    }

    /// Changes the masters, and then what the forward pass reads.
    func step(
        _ gradients: [(index: Int, gradient: Tensor)], rate: Double, scale: Double, step: Int, settings: AdamWSettings
    ) throws(TorchError) {
        try adamWStep(
            parameters: gradients.map { group.parameters[$0.index].master }, gradients: gradients.map(\.gradient),
            firstMoments: gradients.map { first[$0.index] }, secondMoments: gradients.map { second[$0.index] },
            rate: rate, step: step, settings: settings, gradientScale: scale, maximize: group.maximize)
        try Parameter.refresh(gradients.map { group.parameters[$0.index] })
    }

    /// Forgets the gradients of the step.
    func clear() throws(TorchError) {
        for parameter in group.parameters { parameter.value.clearGradient() }
        guard summed.contains(true) else { return }
        try zero(sums)
        for index in summed.indices { summed[index] = false }
    }
}
