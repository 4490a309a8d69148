internal import Torch

/// Which elements of a run's parameters each rank keeps the optimizer's states of, and steps: of all of them in a row, a
/// contiguous piece, as long for each rank (ZeRO's first stage, Rajbhandari et al., arXiv 1910.02054, section 5.1); perhaps
/// the sums of gradients too (its second stage, section 5.2).
struct StateShards {
    let group: ProcessGroup
    let sharing: Sharding
    /// The place of the first element of each parameter of all groups, and of the end.
    private let starts: [Int]

    init(_ group: ProcessGroup, _ sharing: Sharding, of groups: [ParameterGroup]) {
        self.group = group
        self.sharing = sharing
        var starts = [0]
        for parameter in groups.flatMap(\.parameters) {
            starts.append(starts[starts.count - 1] + parameter.elementCount)
        }
        self.starts = starts
    }

    /// The elements of a rank, counted over all parameters.
    func range(of rank: Int) -> Range<Int> {
        let total = starts[starts.count - 1]
        return rank * total / group.count..<(rank + 1) * total / group.count
    }

    /// The elements of parameter `number` of all groups that are this rank's, counted within it.
    func owned(_ number: Int) -> Range<Int> {
        let whole = starts[number]..<starts[number + 1]
        let part = range(of: group.rank).clamped(to: whole)
        return part.lowerBound - whole.lowerBound..<part.upperBound - whole.lowerBound
    }

    /// Brings each rank's elements to the others.
    /// - Parameters:
    ///   - own: Holds this rank's elements, the first of them at place `offset`.
    ///   - whole: Takes the elements of all ranks, but not again what it holds when `own` is the same memory; `nil` on a
    ///     rank that only gives.
    ///   - device: Where `own` lies.
    /// - Throws: `.rankLost`.
    func gather(
        _ own: FlatMemory, offset: Int, into whole: FlatMemory?, isSame: Bool, on device: Device,
        bucketElements: Int = GradientExchange.bucketBytes / 4
    ) throws(TorchError) {
        let longest = (0..<group.count).map { range(of: $0).count }.max() ?? 0
        let size = max(min(bucketElements / group.count, longest), 1)
        let buffer = try Tensor.zeros([size], on: device)
        for start in stride(from: 0, to: longest, by: size) {
            let mine = piece(of: group.rank, start, size)
            try own.copy(mine.lowerBound - offset..<mine.upperBound - offset, to: buffer)
            let all = try group.gathered(buffer)
            guard let whole else { continue }
            for rank in 0..<group.count where !(isSame && rank == group.rank) {
                try whole.copy(from: all.selected(0, rank), to: piece(of: rank, start, size))
            }
        }
    }

    /// Adds the gradients of one micro-batch of each rank to the sums, each rank for its own elements, and forgets them.
    /// - Throws: `.rankLost`.
    func scatter(
        _ optimizers: [GroupOptimizer], on device: Device, bucketElements: Int = GradientExchange.bucketBytes / 4
    ) throws(TorchError) {
        try withoutGradients { () throws(TorchError) in
            let presence = try group.sums(optimizers.flatMap(\.presence))
            let parameters = optimizers.flatMap(\.group.parameters)
            let gradients = try FlatMemory(parameters.map(\.gradient), counts: parameters.map(\.elementCount))
            var sums: [Tensor] = []
            for optimizer in optimizers {
                let first = sums.count
                let takesPart = optimizer.group.parameters.indices.map { presence[first + $0] > 0 }
                sums += try optimizer.ownedSums(takesPart: takesPart)
            }
            let own = try FlatMemory(sums)
            let offset = range(of: group.rank).lowerBound
            let longest = (0..<group.count).map { range(of: $0).count }.max() ?? 0
            let size = max(min(bucketElements / group.count, longest), 1)
            let buffer = try Tensor.zeros([group.count, size], on: device)
            for start in stride(from: 0, to: longest, by: size) {
                for rank in 0..<group.count {
                    try gradients.copy(piece(of: rank, start, size), to: buffer.selected(0, rank))
                }
                let mine = piece(of: group.rank, start, size)
                let sum = try group.scatteredSum(buffer).reshaped([-1]).to(device)
                try own.add(sum, to: mine.lowerBound - offset..<mine.upperBound - offset)
            }
            for parameter in parameters { parameter.value.clearGradient() }
        }
    }

    /// The elements of a rank from its `start`-th on, `size` of them at most.
    func piece(of rank: Int, _ start: Int, _ size: Int) -> Range<Int> {
        let range = range(of: rank)
        let first = min(range.lowerBound + start, range.upperBound)
        return first..<min(first + size, range.upperBound)
    }
}
