internal import Torch

extension LanguageModel {
    /// The weights of a wider model that computes the same, by Hugging Face name and in Hugging Face layout: new neurons
    /// and halves have weight 0 and so add nothing, norms before new halves are 1.
    /// - Parameter target: this model's shape, with some blocks wider or halves added.
    func weights(paddedTo target: Architecture) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        guard target != architecture else { return try weights() }
        let known = Dictionary(try weights().map { ($0.name, $0.tensor) }) { first, _ in first }
        var list: [(name: String, tensor: Tensor)] = []
        for entry in WeightTable(target).entries {
            guard let held = known[entry.name] else {
                let isNorm = entry.role == .attentionNorm || entry.role == .feedForwardNorm
                list.append((entry.name, try isNorm ? .ones(entry.shape, on: device) : .zeros(entry.shape, on: device)))
                continue
            }
            var tensor = held
            for (axis, size) in entry.shape.enumerated() where held.shape[axis] < size {
                var shape = tensor.shape
                shape[axis] = size - shape[axis]
                tensor = try Tensor.concatenated([tensor, .zeros(shape, on: device)], axis: axis)
            }
            list.append((entry.name, tensor))
        }
        return list
    }
}
