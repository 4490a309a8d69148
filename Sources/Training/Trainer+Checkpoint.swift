internal import Corpus
internal import Evaluation
internal import Files
internal import Torch
internal import Transformer

/// What tells one run from another: read before anything else of a checkpoint.
private struct TrainerHeader: Codable {
    var schema: Int
    var settings: TrainingSettings
    var groups: [Group]

    struct Group: Codable, Equatable {
        var name: String
        var parameters: [String]
    }
}

/// The content of `trainer.json`.
private struct TrainerState<ObjectiveState: Codable>: Codable {
    var schema = 1
    var settings: TrainingSettings
    var groups: [TrainerHeader.Group]
    var step: Int
    var tokens: Int
    var seconds: Double
    var mixture: MixtureAdaptation?
    var evaluation: [DomainScore]?
    var objective: ObjectiveState
}

private enum CheckpointFile {
    static let model = "model.safetensors"
    static let optimizer = "optimizer.safetensors"
    static let objective = "objective.safetensors"
    static let trainer = "trainer.json"
    static let data = "data.json"
    static let firstMoment = ".first_moment"
    static let secondMoment = ".second_moment"
    static let state = "state/"
}

extension Trainer {
    private var modelNames: Set<String> { Set(model.parameters.map(\.name)) }

    private var groupRecords: [TrainerHeader.Group] {
        optimizers.map { TrainerHeader.Group(name: $0.group.name, parameters: $0.group.parameters.map(\.name)) }
    }

    /// Writes the present state as a checkpoint, which stands for all ranks when this returns.
    func save() throws(TrainingError) {
        let moments = try wholeMoments()
        if speaks { try write(moments) }
        if let group { try withTorch { () throws(TorchError) in try group.waitForFirst() } }
    }

    /// The moments of all parameters in the order of the groups, first ones before second ones, where this rank writes;
    /// they are gathered from the ranks that hold them.
    private func wholeMoments() throws(TrainingError) -> [Tensor] {
        let held = optimizers.flatMap(\.first) + optimizers.flatMap(\.second)
        guard let shards else { return held }
        let parameters = optimizers.flatMap(\.group.parameters)
        return try withTorch { () throws(TorchError) in
            var whole: [Tensor] = []
            if speaks {
                for parameter in parameters + parameters { whole.append(try Tensor.zeros(parameter.shape)) }
            }
            for kind in 0..<2 {
                let count = parameters.count
                try shards.gather(
                    FlatMemory(Array(held[kind * count..<(kind + 1) * count])),
                    offset: shards.range(of: shards.group.rank).lowerBound,
                    into: speaks ? FlatMemory(Array(whole[kind * count..<(kind + 1) * count])) : nil, isSame: false,
                    on: model.device)
            }
            return whole
        }
    }

    /// - Parameter held: What `wholeMoments` gives.
    private func write(_ held: [Tensor]) throws(TrainingError) {
        try log.sync()
        let state = TrainerState(
            settings: settings, groups: groupRecords, step: step, tokens: tokens, seconds: seconds, mixture: mixture,
            evaluation: evaluation, objective: objective.state)
        let position = try batches.position(before: step)
        let modelNames = self.modelNames
        var moments: [(String, Tensor)] = []
        var own: [(String, Tensor)] = []
        let parameters = optimizers.flatMap(\.group.parameters)
        for (index, parameter) in parameters.enumerated() {
            moments.append((parameter.name + CheckpointFile.firstMoment, held[index]))
            moments.append((parameter.name + CheckpointFile.secondMoment, held[parameters.count + index]))
            if !modelNames.contains(parameter.name) { own.append((parameter.name, parameter.master)) }
        }
        for (name, tensor) in objective.stateTensors { own.append((CheckpointFile.state + name, tensor)) }
        let weights = model.parameters.map { ($0.name, $0.master) }
        let step = self.step
        try store.save(step: step) { (folder) throws(TrainingError) in
            // The layout is the model's own (down projections stand transposed): this is a state, not a model folder.
            let metadata = ["format": "pt", "shearling.checkpoint": "1", "shearling.step": "\(step)"]
            try withTorch { () throws(TorchError) in
                try SafetensorsWriter.write(weights, metadata: metadata, to: "\(folder)/\(CheckpointFile.model)")
                try SafetensorsWriter.write(moments, metadata: metadata, to: "\(folder)/\(CheckpointFile.optimizer)")
                if !own.isEmpty {
                    try SafetensorsWriter.write(own, metadata: metadata, to: "\(folder)/\(CheckpointFile.objective)")
                }
            }
            let path = "\(folder)/\(CheckpointFile.trainer)"
            try FileSystem.create(path, try CheckpointJSON.encoded(state, path: path))
            let data = "\(folder)/\(CheckpointFile.data)"
            try FileSystem.create(data, try CheckpointJSON.encoded(position, path: data))
        }
    }

    /// Goes on from the newest checkpoint that is whole: rank 0 chooses it, and the others read the same.
    /// - Returns: Whether there was one.
    func restore() throws(TrainingError) -> Bool {
        let found =
            try speaks
            ? store.newest(warn: warn) { (folder, step) throws(TrainingError) in
                try self.restore(from: folder, step)
                return step
            } : nil
        guard let group else { return found != nil }
        let text = try withTorch { () throws(TorchError) in
            try group.waitForFirst()
            return try group.shared(found.map { "\($0)" } ?? "")
        }
        guard let chosen = Int(text) else { return false }
        if !speaks { try restore(from: store.path(of: chosen), chosen) }
        return true
    }

    /// The seal of `folder` holds: what does not fit here belongs to another run.
    private func restore(from folder: String, _ step: Int) throws(TrainingError) {
        let path = "\(folder)/\(CheckpointFile.trainer)"
        try checkHeader(try CheckpointJSON.decoded(TrainerHeader.self, from: path), path)
        let state = try CheckpointJSON.decoded(TrainerState<O.State>.self, from: path)
        let position = try CheckpointJSON.decoded(LoaderPosition.self, from: "\(folder)/\(CheckpointFile.data)")
        guard state.step == step, position.step == step, state.tokens >= 0 else {
            throw .mismatch(
                path: path, item: "step", saved: "\(state.step), rows up to step \(position.step)", asked: "\(step)")
        }
        guard state.mixture.map({ mixture?.canBecome($0) ?? false }) ?? (mixture == nil) else {
            throw .mismatch(
                path: path, item: "mixture", saved: "weights of \(state.mixture?.domains ?? [])",
                asked: "a weight for each of \(mixture?.domains ?? [])")
        }
        try withCorpus { () throws(CorpusError) in try loader.restore(position) }
        let modelNames = self.modelNames
        let hasOwn = FileSystem.exists("\(folder)/\(CheckpointFile.objective)")
        let own = try hasOwn ? open("\(folder)/\(CheckpointFile.objective)") : nil
        let weights = try open("\(folder)/\(CheckpointFile.model)")
        let moments = try open("\(folder)/\(CheckpointFile.optimizer)")
        for parameter in model.parameters { try copy(parameter.name, of: weights, into: parameter.master) }
        for optimizer in optimizers {
            for (index, parameter) in optimizer.group.parameters.enumerated() {
                for (kind, held) in [
                    (CheckpointFile.firstMoment, optimizer.first[index]),
                    (CheckpointFile.secondMoment, optimizer.second[index]),
                ] {
                    try copy(parameter.name + kind, of: moments, into: held, shape: parameter.shape) {
                        (tensor) throws(TorchError) in try optimizer.part(tensor, of: index)
                    }
                }
                if let own, !modelNames.contains(parameter.name) {
                    try copy(parameter.name, of: own, into: parameter.master)
                }
            }
        }
        try withTorch { () throws(TorchError) in
            try Parameter.refresh(model.parameters)
            for optimizer in optimizers { try Parameter.refresh(optimizer.group.parameters) }
        }
        var tensors: [String: Tensor] = [:]
        if let own {
            for name in own.names where name.hasPrefix(CheckpointFile.state) {
                tensors[String(name.dropFirst(CheckpointFile.state.count))] = try withTorch { () throws(TorchError) in
                    try own.tensor(name).copied()
                }
            }
        }
        try objective.restore(state.objective, tensors: tensors)
        self.step = step
        tokens = state.tokens
        seconds = state.seconds
        mixture = state.mixture
        evaluation = state.evaluation
    }

    private func checkHeader(_ header: TrainerHeader, _ path: String) throws(TrainingError) {
        guard header.schema == 1 else {
            throw .mismatch(path: path, item: "schema", saved: "\(header.schema)", asked: "1")
        }
        if let (name, saved, asked) = header.settings.firstDifference(from: settings) {
            throw .mismatch(path: path, item: name, saved: saved, asked: asked)
        }
        let groups = groupRecords
        if header.groups != groups {
            let text = { (groups: [TrainerHeader.Group]) in
                groups.map { "\($0.name) (\($0.parameters.count))" }.joined(separator: ", ")
            }
            throw .mismatch(path: path, item: "list of parameters", saved: text(header.groups), asked: text(groups))
        }
    }

    private func open(_ path: String) throws(TrainingError) -> SafetensorsFile {
        try withTorch { () throws(TorchError) in try SafetensorsFile(path: path) }
    }

    /// - Parameters:
    ///   - shape: That of the whole tensor; `nil`: the target's.
    ///   - part: What of it the target takes.
    private func copy(
        _ name: String, of file: SafetensorsFile, into target: Tensor, shape: [Int]? = nil,
        part: (Tensor) throws(TorchError) -> Tensor = { $0 }
    ) throws(TrainingError) {
        let asked = shape ?? target.shape
        try withTorch { () throws(TorchError) in
            let shape = try file.shape(of: name)
            guard shape == asked else {
                throw TorchError(
                    code: .invalidArgument, operation: "resume",
                    message: "\(file.path): \(name) has shape \(shape), this run's has \(asked); "
                        + "the checkpoint belongs to another model")
            }
            try withoutGradients { () throws(TorchError) in try target.copy(from: try part(file.tensor(name))) }
        }
    }
}
