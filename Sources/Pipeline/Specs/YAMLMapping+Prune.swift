internal import Corpus
internal import Shearing
internal import Yams

// How the prune stage decodes.

extension PruneSpec {
    init?(_ with: YAMLMapping) {
        let start = with.requiredStage("start")
        let data = with.requiredStage("data")
        let method = with.choice("method", as: Method.self) ?? .learned
        let target = with.required("target", PruneGoal(with, key: "target", form: method.goal))
        let batches = with.int("calibration_batches", in: 1...(1 << 20))
        let rows = with.int("calibration_rows", in: 1...(1 << 20))
        let foldsResidue = with.bool("fold_residue")
        if foldsResidue != nil, method != .minitron {
            with.note("fold_residue", "has a meaning only with method: minitron")
        }
        var training: TrainingSpec?
        var masks: MaskSpec?
        if method.trains {
            training = TrainingSpec(with, warmupShare: 0.1)
            masks = MaskSpec(with, steps: training?.steps ?? 0)
            if method == .cofi, with.contains("stop_when_frozen") {
                with.note("stop_when_frozen", "has a meaning only with method: learned")
            }
        } else {
            let learning =
                TrainingSpec.CodingKeys.allCases.map(\.rawValue) + MaskSpec.CodingKeys.allCases.map(\.rawValue)
            for key in learning where key != "seed" && with.contains(key) {
                with.note(
                    key,
                    "has no meaning for method: \(method.rawValue), which does not train; take it out or set method: learned or cofi"
                )
            }
        }
        let seed = with.seed()
        with.finish()
        guard let start, let data, let target, !method.trains || training != nil else { return nil }
        self.init(
            start: start, data: data, target: target, method: method, calibrationBatches: batches ?? 8,
            calibrationRows: rows ?? training?.batchRows ?? 4, foldsResidue: foldsResidue ?? false,
            seed: seed, training: training,
            masks: masks)
    }
}

extension PruneGoal {
    init?(_ with: YAMLMapping, key: String, form: Form) {
        if form == .shape {
            guard let target = TargetSpec(with, key: key) else { return nil }
            self = .shape(target)
            return
        }
        guard with.contains(key), let map = with.mapping(key) else { return nil }
        switch form {
        case .layers:
            let layers = map.requiredInt("layers", in: 1...4096)
            map.finish()
            guard let layers else { return nil }
            self = .layers(layers)
        case .parameters, .shape:
            let parameters = map.requiredInt("parameters", in: 1...Int.max)
            map.finish()
            guard let parameters else { return nil }
            self = .parameters(parameters)
        }
    }
}

extension MaskSpec {
    /// Reads its keys out of the stage's own mapping; the caller finishes it.
    init(_ with: YAMLMapping, steps: Int) {
        self.init(rampSteps: with.int("ramp_steps", in: 0...(1 << 30)) ?? steps / 5)
        constraint = with.choice("constraint", as: SparsityConstraint.self) ?? constraint
        maskStart = with.choice("mask_start", as: MaskStart.self) ?? maskStart
        importanceSpan = with.double("importance_span", in: 0...1e3)
        maskRate = with.double("mask_rate", in: 0...1e3) ?? maskRate
        multiplierRate = with.double("multiplier_rate", in: 0...1e3) ?? multiplierRate
        maskSchedule = with.choice("mask_schedule", as: MaskSchedule.self) ?? maskSchedule
        maskClip = with.double("mask_clip", in: 1e-9...1e9) ?? maskClip
        quadraticWeight = with.double("quadratic_weight", in: 0...1e9) ?? quadraticWeight
        multiplierBound = with.double("multiplier_bound", in: 0...1e9) ?? multiplierBound
        skipsMaskedUnits = with.bool("skip_masked") ?? skipsMaskedUnits
        stopWhenFrozen = with.int("stop_when_frozen", in: 1...(1 << 30))
    }
}
