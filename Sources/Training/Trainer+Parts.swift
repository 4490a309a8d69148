internal import Torch
internal import Transformer

extension Trainer {
    /// Brings the gradients of all parts of the step, those of other ranks too, to the optimizers.
    func put(_ sums: PartSums) throws(TorchError) {
        try withoutGradients { () throws(TorchError) -> Void in
            guard let group, let pieces else { return try put(sums.total()) }
            let parameters = optimizers.flatMap(\.group.parameters)
            let takesPart = try group.sums(sums.presence).map { $0 > 0 }
            if shards?.sharing == .gradients {
                var owned: [Tensor] = []
                for optimizer in optimizers {
                    let first = owned.count
                    let own = optimizer.group.parameters.indices.map { takesPart[first + $0] }
                    owned += try optimizer.ownedSums(takesPart: own)
                }
                return try pieces.sum(
                    sums, of: batches.share.fixedParts, counts: parameters.map(\.elementCount), on: model.device,
                    into: FlatMemory(owned), offset: pieces.range(of: group.rank).lowerBound)
            }
            // The memory of the first node takes the sum: of each bucket it is read before it is written.
            var whole: [Tensor?] = []
            for (index, parameter) in parameters.enumerated() {
                if !takesPart[index] {
                    whole.append(nil)
                } else if let held = sums.nodes.first?.tensors[index] {
                    whole.append(held)
                } else {
                    whole.append(try Tensor.zeros(parameter.shape, on: parameter.master.device))
                }
            }
            let memory = try FlatMemory(whole, counts: parameters.map(\.elementCount))
            try pieces.sum(
                sums, of: batches.share.fixedParts, counts: parameters.map(\.elementCount), on: model.device,
                into: memory, offset: 0)
            try pieces.gather(memory, offset: 0, into: memory, isSame: true, on: model.device)
            try put(whole)
        }
    }

    private func put(_ gradients: [Tensor?]) throws(TorchError) {
        var next = 0
        for optimizer in optimizers {
            let count = optimizer.group.parameters.count
            try optimizer.put(Array(gradients[next..<next + count]))
            next += count
        }
    }
}

extension StateShards {
    /// Adds up what all ranks have of a step's parts, each rank its own elements, in the order of `PartSums`.
    /// - Parameters:
    ///   - sums: This rank's parts.
    ///   - parts: How many all ranks have; each has those of `RowShare.fixed`.
    ///   - counts: The elements of each parameter.
    ///   - device: Where gradients lie.
    ///   - own: Takes the sum of this rank's elements, the first of them at place `offset`.
    /// - Throws: `.rankLost`.
    func sum(
        _ sums: PartSums, of parts: Int, counts: [Int], on device: Device, into own: FlatMemory, offset: Int,
        bucketElements: Int = GradientExchange.bucketBytes / 4
    ) throws(TorchError) {
        let held = (0..<group.count).map {
            PartSums.nodes(of: RowShare.fixed(parts, rank: $0, ranks: group.count))
        }
        var memories: [FlatMemory] = []
        for node in sums.nodes { memories.append(try FlatMemory(node.tensors, counts: counts)) }
        let rounds = held.map(\.count).max() ?? 0
        let longest = (0..<group.count).map { range(of: $0).count }.max() ?? 0
        let size = max(min(bucketElements / (group.count * max(rounds, 1)), longest), 1)
        let buffer = try Tensor.zeros([group.count, size], on: device)
        for start in stride(from: 0, to: longest, by: size) {
            var received: [Tensor] = []
            for round in 0..<rounds {
                if round < memories.count {
                    for rank in 0..<group.count {
                        try memories[round].copy(piece(of: rank, start, size), to: buffer.selected(0, rank))
                    }
                }
                received.append(try group.dealt(buffer))
            }
            var tree = PartSums()
            for (rank, nodes) in held.enumerated() {
                for (round, node) in nodes.enumerated() {
                    try tree.add(PartSums.Node(parts: node, tensors: [received[round].selected(0, rank)]))
                }
            }
            guard let sum = try tree.total().first ?? nil else { continue }
            let mine = piece(of: group.rank, start, size)
            try own.copy(from: sum.to(device), to: mine.lowerBound - offset..<mine.upperBound - offset)
        }
    }
}
