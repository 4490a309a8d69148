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

    /// Writes the present state as a checkpoint.
    func save() throws(TrainingError) {
        try log.sync()
        let state = TrainerState(
            settings: settings, groups: groupRecords, step: step, tokens: tokens, seconds: seconds, mixture: mixture,
            evaluation: evaluation, objective: objective.state)
        let position = try batches.position(before: step)
        let modelNames = self.modelNames
        var moments: [(String, Tensor)] = []
        var own: [(String, Tensor)] = []
        for optimizer in optimizers {
            for (index, parameter) in optimizer.group.parameters.enumerated() {
                moments.append((parameter.name + CheckpointFile.firstMoment, optimizer.first[index]))
                moments.append((parameter.name + CheckpointFile.secondMoment, optimizer.second[index]))
                if !modelNames.contains(parameter.name) { own.append((parameter.name, parameter.master)) }
            }
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

    /// Goes on from the newest checkpoint that is whole.
    /// - Returns: Whether there was one.
    func restore() throws(TrainingError) -> Bool {
        try store.newest(warn: warn) { (folder, _) throws(TrainingError) in try self.restore(from: folder) } != nil
    }

    /// The seal of `folder` holds: what does not fit here belongs to another run.
    private func restore(from folder: String) throws(TrainingError) {
        let path = "\(folder)/\(CheckpointFile.trainer)"
        try checkHeader(try CheckpointJSON.decoded(TrainerHeader.self, from: path), path)
        let state = try CheckpointJSON.decoded(TrainerState<O.State>.self, from: path)
        let position = try CheckpointJSON.decoded(LoaderPosition.self, from: "\(folder)/\(CheckpointFile.data)")
        try withCorpus { () throws(CorpusError) in try loader.restore(position) }
        let modelNames = self.modelNames
        let hasOwn = FileSystem.exists("\(folder)/\(CheckpointFile.objective)")
        let own = try hasOwn ? open("\(folder)/\(CheckpointFile.objective)") : nil
        let weights = try open("\(folder)/\(CheckpointFile.model)")
        let moments = try open("\(folder)/\(CheckpointFile.optimizer)")
        for parameter in model.parameters { try copy(parameter.name, of: weights, into: parameter.master) }
        for optimizer in optimizers {
            for (index, parameter) in optimizer.group.parameters.enumerated() {
                try copy(parameter.name + CheckpointFile.firstMoment, of: moments, into: optimizer.first[index])
                try copy(parameter.name + CheckpointFile.secondMoment, of: moments, into: optimizer.second[index])
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
        step = state.step
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

    private func copy(_ name: String, of file: SafetensorsFile, into target: Tensor) throws(TrainingError) {
        try withTorch { () throws(TorchError) in
            let shape = try file.shape(of: name)
            guard shape == target.shape else {
                throw TorchError(
                    code: .invalidArgument, operation: "resume",
                    message: "\(file.path): \(name) has shape \(shape), this run's has \(target.shape); "
                        + "the checkpoint belongs to another model")
            }
            try withoutGradients { () throws(TorchError) in try target.copy(from: try file.tensor(name)) }
        }
    }
}
