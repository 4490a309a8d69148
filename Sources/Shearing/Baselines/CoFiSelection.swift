internal import Torch

/// What masks without a fixed shape keep once chance is taken out of them: the surest variables, as many as fit a size.
public struct CoFiSelection: Sendable {
    /// As the forward pass reads them; fine times coarse values.
    public let masks: DeterministicMasks
    /// The parameters of the model that carving gives.
    public let parameters: Int
    /// Kept variables whose log-alpha is below 0: their weights shrink in the fold.
    public let keptBelowZero: Int
}

extension CoFiMasks {
    /// The selection of at most `parameters` parameters, as close as neurons allow.
    ///
    /// One threshold over the log-alphas of all families keeps the most that fit; then neurons alone, by a threshold of
    /// their own, fill what a coarse variable has left open. A half goes when its coarse variable or all its fine ones
    /// do, a layer when both its halves do.
    /// - Throws: `ShearingError.impossibleSettings` when a log-alpha is NaN or infinite, `.impossibleTarget` when no
    ///   half of a layer is left, `.torch`.
    public func deterministic(parameters: Int) throws(ShearingError) -> CoFiSelection {
        var values: [[Float]] = []
        for parameter in logAlphas {
            let list = try withTorch { () throws(TorchError) in try parameter.master.floats() }
            guard list.allSatisfy(\.isFinite) else {
                throw .impossibleSettings([
                    "the \(parameter.name) log-alphas are not finite; lower the mask rate or restart from an earlier checkpoint"
                ])
            }
            values.append(list)
        }
        let choice = Choice(layout: layout, logAlphas: values)
        let common = Self.lowest(in: values.flatMap { $0 }) { choice.size($0, neurons: $0) <= Double(parameters) }
        let neurons = Self.lowest(in: values[2].filter { $0 <= common } + [common]) {
            choice.size(common, neurons: $0) <= Double(parameters)
        }
        let left = choice.remainder(common, neurons: neurons)
        let lives = (0..<layout.layers).contains {
            left.attention[$0] * left.heads[$0] + left.feedForward[$0] * left.neurons[$0] > 0
        }
        guard lives else {
            throw .impossibleTarget(["\(parameters) parameters leave no layer; ask for more"])
        }
        return CoFiSelection(
            masks: try masks(choice, common, neurons, left), parameters: Int(layout.parameters(of: left)),
            keptBelowZero: choice.keptBelowZero(common, neurons: neurons))
    }

    /// The lowest of `candidates` (or below all of them) as a threshold at which `fits` holds; the highest where none does.
    /// What stays above a threshold shrinks as it rises, so `fits` holds from some candidate on.
    private static func lowest(in candidates: [Float], where fits: (Float) -> Bool) -> Float {
        let sorted = [-Float.infinity] + candidates.sorted()
        var (low, high) = (0, sorted.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if fits(sorted[middle]) { high = middle } else { low = middle + 1 }
        }
        return sorted[high]
    }

    private func masks(
        _ choice: Choice, _ common: Float, _ neurons: Float, _ left: CoFiLayout.Remainder
    ) throws(ShearingError) -> DeterministicMasks {
        func value(_ logAlpha: Float, _ threshold: Float) -> Float {
            logAlpha > threshold ? Float(HardConcrete.kept(Double(logAlpha))) : 0
        }
        var hidden = choice.logAlphas[0].map { value($0, common) }
        if hidden.allSatisfy({ $0 == 0 }),
            let best = choice.logAlphas[0].indices.max(by: { choice.logAlphas[0][$0] < choice.logAlphas[0][$1] })
        {
            hidden[best] = value(choice.logAlphas[0][best], -.infinity)
        }
        func product(_ fine: Int, _ coarse: Int, _ columns: Int, _ threshold: Float) -> [Float] {
            choice.logAlphas[fine].enumerated().map { index, logAlpha in
                value(logAlpha, threshold) * value(choice.logAlphas[coarse][index / columns], common)
            }
        }
        /// Rows differ in what they keep; their layout names the mean.
        func rows(_ family: MaskFamily, _ kept: [Double], _ columns: Int, _ repeats: Int) -> MaskRows {
            let mean = Int((kept.reduce(0, +) / Double(max(1, kept.count))).rounded())
            let shape = kept.count == 1 && family == .hidden ? [columns] : [kept.count, columns * repeats]
            return MaskRows(
                family: family, rows: kept.count, columns: columns, kept: mean, repeats: repeats, shape: shape)
        }
        let living = { (fine: [Double], coarse: [Double]) in zip(fine, coarse).map { $0 * $1 } }
        return try DeterministicMasks(
            families: [
                rows(.hidden, [left.hidden], layout.hiddenSize, 1),
                rows(.heads, living(left.heads, left.attention), layout.headColumns, layout.headRepeats),
                rows(.intermediate, living(left.neurons, left.feedForward), layout.neurons, 1),
            ],
            values: [
                .hidden: hidden, .heads: product(1, 3, layout.headColumns, common),
                .intermediate: product(2, 4, layout.neurons, neurons),
            ])
    }
}

/// Log-alphas on the host and what thresholds leave of them.
private struct Choice {
    let layout: CoFiLayout
    /// Per family in the order of its cases.
    let logAlphas: [[Float]]

    func remainder(_ common: Float, neurons: Float) -> CoFiLayout.Remainder {
        func counts(_ family: Int, _ columns: Int, _ threshold: Float) -> [Double] {
            stride(from: 0, to: logAlphas[family].count, by: columns).map { start in
                Double(logAlphas[family][start..<start + columns].count { $0 > threshold })
            }
        }
        return CoFiLayout.Remainder(
            hidden: max(1, counts(0, layout.hiddenSize, common)[0]), attention: counts(3, 1, common),
            heads: counts(1, layout.headColumns, common), feedForward: counts(4, 1, common),
            neurons: counts(2, layout.neurons, neurons))
    }

    func size(_ common: Float, neurons: Float) -> Double {
        layout.parameters(of: remainder(common, neurons: neurons))
    }

    func keptBelowZero(_ common: Float, neurons: Float) -> Int {
        logAlphas.enumerated().reduce(0) { sum, family in
            let threshold = family.offset == 2 ? neurons : common
            return sum + family.element.count { $0 > threshold && $0 < 0 }
        }
    }
}
