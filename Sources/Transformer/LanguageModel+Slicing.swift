internal import Torch

extension LanguageModel {
    /// The model of its own that computes what this one computes under a view: blocks that do not run are gone, the
    /// others renumbered and cut to the neurons they use. Its weights are copies of the float32 masters; this model is
    /// not changed.
    /// - Throws: `TransformerError.view` when the view does not fit, `.torch`.
    public func sliced(by view: SubNetworkView) throws(TransformerError) -> LanguageModel {
        let problems = view.problems(in: architecture)
        guard problems.isEmpty else { throw .view(problems: problems) }
        return try withTorch { () throws(TorchError) in
            let shape = architecture.viewed(by: view)
            var masters: [Tensor] = []
            for entry in WeightTable(shape).entries {
                let source = entry.block.map { view.layers[$0] }
                guard let parameter = parameter(named: WeightTable.name(entry.role, block: source)) else {
                    preconditionFailure("the sliced model has a weight \(entry.name) that this one lacks")
                }
                // Neurons are the first stored axis of all weights that have them.
                let master = try parameter.master.detached()
                let part =
                    entry.axes.contains(.intermediate)
                    ? try master.narrowed(0, from: 0, count: entry.storedShape[0]) : master
                masters.append(try part.copied())
            }
            return try LanguageModel(shape, masters: masters, computeDType: computeDType, on: device)
        }
    }
}
