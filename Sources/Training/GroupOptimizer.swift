internal import Torch

/// AdamW's state for one parameter group, and the Float32 sums of its gradients over micro-batches.
final class GroupOptimizer {
    let group: ParameterGroup
    /// The elements of each parameter whose moments are held here, and which are stepped here; `nil`: all. Moments have
    /// the parameters' shapes then, otherwise one axis of so many elements.
    let owned: [Range<Int>]?
    /// Whether the Float32 sums of gradients are of those elements only, too.
    let sumsOwned: Bool
    private(set) var first: [Tensor] = []
    private(set) var second: [Tensor] = []
    /// Float32 sums, for parameters whose gradients come in a narrower type; made at the first use.
    private var sums: [Tensor] = []
    /// Which sums have something in them.
    private var summed: [Bool]
    /// Whether the sums are kept from step to step; otherwise they were put here and go with their step.
    private var ownsSums = true

    init(_ group: ParameterGroup, owned: [Range<Int>]? = nil, sumsOwned: Bool = false) throws(TorchError) {
        self.group = group
        self.owned = owned
        self.sumsOwned = sumsOwned
        for (index, parameter) in group.parameters.enumerated() {
            let shape = owned.map { [$0[index].count] } ?? parameter.shape
            first.append(try Tensor.zeros(shape, on: parameter.master.device))
            second.append(try Tensor.zeros(shape, on: parameter.master.device))
        }
        summed = group.parameters.map { _ in false }
    }

    /// Moves the gradients of one micro-batch into the Float32 sums. Gradients that are Float32 stay where they are:
    /// the engine adds the next ones to them.
    func accumulate() throws(TorchError) {
        try makeSums()
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

    /// Makes room for the sums, once.
    func makeSums() throws(TorchError) {
        guard sums.isEmpty else { return }
        for (index, parameter) in group.parameters.enumerated() {
            let isNarrow = parameter.value !== parameter.master
            let shape = sumsOwned ? [owned?[index].count ?? 0] : isNarrow ? parameter.shape : [0]
            sums.append(try Tensor.zeros(shape, on: parameter.master.device))
        }
    }

    /// The sums of the elements that are this rank's, to add to; `takesPart` says for which parameters.
    func ownedSums(takesPart: [Bool]) throws(TorchError) -> [Tensor] {
        try makeSums()
        for index in summed.indices where takesPart[index] { summed[index] = true }
        return sums
    }

    /// The gradients of the step and the indices of their parameters; a parameter that took no part has none.
    func gradients() -> [(index: Int, gradient: Tensor)] {
        group.parameters.indices.compactMap { index in
            if summed[index] { return (index, sums[index]) }
            return group.parameters[index].gradient.map { (index, $0) }
        }
    }

    /// Makes `gradients`, of Float32, those of the step; `nil` for a parameter that takes no part.
    func put(_ gradients: [Tensor?]) throws(TorchError) {
        var sums: [Tensor] = []
        for (index, parameter) in group.parameters.enumerated() {
            let isNarrow = parameter.value !== parameter.master
            if let gradient = gradients[index], isNarrow {
                sums.append(gradient)
                summed[index] = true
            } else {
                sums.append(try Tensor.zeros([0], on: parameter.master.device))
                if let gradient = gradients[index] { try parameter.value.setGradient(gradient) }
            }
        }
        self.sums = sums
        ownsSums = false
    }

    /// Which parameters have a gradient now: 1 or 0 for each.
    var presence: [Double] {
        group.parameters.indices.map { summed[$0] || group.parameters[$0].gradient != nil ? 1 : 0 }
    }

    /// The gradient of a parameter that takes part in the step, on this rank or on others: zeros when not on this one.
    func gradient(ofTaking index: Int) throws(TorchError) -> Tensor {
        let parameter = group.parameters[index]
        if parameter.value !== parameter.master {
            try makeSums()
            summed[index] = true
            return sums[index]
        }
        return try parameter.gradientOrZeros()
    }

    /// Changes the masters, as far as they are stepped here; where that is all of each, what the forward pass reads too.
    func step(
        _ gradients: [(index: Int, gradient: Tensor)], rate: Double, scale: Double, step: Int, settings: AdamWSettings
    ) throws(TorchError) {
        let taken = gradients.filter { owned?[$0.index].isEmpty != true }
        var masters: [Tensor] = []
        var slopes: [Tensor] = []
        for (index, gradient) in taken {
            masters.append(try part(group.parameters[index].master, of: index))
            slopes.append(sumsOwned ? gradient : try part(gradient, of: index))
        }
        try adamWStep(
            parameters: masters, gradients: slopes, firstMoments: taken.map { first[$0.index] },
            secondMoments: taken.map { second[$0.index] },
            values: owned == nil ? taken.map { group.parameters[$0.index].narrowValue } : [], rate: rate, step: step,
            settings: settings, gradientScale: scale, maximize: group.maximize)
    }

    /// Brings the masters of parameters with a gradient to what the forward pass reads.
    func refresh() throws(TorchError) {
        guard owned != nil else { return }  // `step` has done it
        try Parameter.refresh(gradients().map { group.parameters[$0.index] })
    }

    /// What is stepped here of a tensor of a parameter's shape, such as its master: a view where the memory is in order.
    func part(_ tensor: Tensor, of index: Int) throws(TorchError) -> Tensor {
        guard let range = owned?[index] else { return tensor }
        return try tensor.contiguous().reshaped([-1]).narrowed(0, from: range.lowerBound, count: range.count)
    }

    /// Forgets the gradients of the step.
    func clear() throws(TorchError) {
        for parameter in group.parameters { parameter.value.clearGradient() }
        guard summed.contains(true) else { return }
        if ownsSums { try zero(sums) } else { sums = [] }
        ownsSums = true
        for index in summed.indices { summed[index] = false }
    }
}
