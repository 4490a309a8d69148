internal import Report
internal import SuperNetwork
internal import Transformer

extension CompareSpec {
    /// Refuses before anything runs what could only fail at the end: a model that no evaluate stage measures, and a match
    /// by parameters that no arm meets.
    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        let measured = scores.compactMap { context[$0]?.measures }
        if measured.count == scores.count {
            for (index, arm) in arms.enumerated() {
                for (key, stage) in [("model", arm.model), ("before", arm.before), ("short", arm.short)] {
                    guard let stage, !measured.joined().contains(stage) else { continue }
                    outlook.problems.append(
                        (
                            "arms[\(index)].\(key)",
                            "'\(stage)' is not among the models of \(scores.map(\.name).joined(separator: ", ")); add it there"
                        ))
                }
            }
        }
        if match.contains(.parameters) { matchParameters(context, &outlook) }
        return outlook
    }

    private func matchParameters(_ context: OutlookContext, _ outlook: inout StageOutlook) {
        guard let reference = referenceArm, let own = context[reference.model]?.architecture?.parameterCount else {
            return
        }
        let others = arms.filter { $0.name != reference.name }
        // Of an arm that a search is still to choose, the size that comes closest of all it could have.
        let known = others.compactMap { arm in
            let outlook = context[arm.model]
            let size = outlook?.architecture?.parameterCount ?? outlook?.choices?.closest(toParameters: own).parameters
            return size.map { (name: arm.name, parameters: $0, isOpen: outlook?.architecture == nil) }
        }
        let sizes =
            [(arm: reference.name, value: Double(own) as Double?)] + known.map { ($0.name, Double($0.parameters)) }
        let match = SizeMatch(
            .parameters, tolerance: tolerance.parameters, reference: reference.name, values: sizes)
        guard let match else { return }
        func distance(_ parameters: Int) -> String {
            Numerals.signed((Double(parameters) / Double(own) - 1) * 100, 1) + " %"
        }
        let place =
            "within \(Numerals.percent(tolerance.parameters)) of '\(reference.name)' "
            + "(\(Numerals.grouped(own)) parameters)"
        let advice = "raise tolerance.parameters or take parameters out"
        // A size that is still open is there to be matched: whatever other arms do, a search that cannot is refused.
        let unreachable = known.filter { arm in arm.isOpen && !match.matched.contains(arm.name) }
        for arm in unreachable {
            let index = arms.firstIndex { $0.name == arm.name } ?? 0
            outlook.problems.append(
                (
                    "arms[\(index)].model",
                    "no choice of '\(arm.name)' lies \(place): the nearest is '\(arm.name)' with at best "
                        + "\(Numerals.grouped(arm.parameters)) (\(distance(arm.parameters))); search another space, \(advice)"
                ))
        }
        guard match.matched.isEmpty, unreachable.isEmpty,
            let nearest = known.min(by: { abs($0.parameters - own) < abs($1.parameters - own) })
        else { return }
        let finding =
            "no arm lies \(place): the nearest is '\(nearest.name)' with \(Numerals.grouped(nearest.parameters)) "
            + "(\(distance(nearest.parameters)))"
        if known.count < others.count {
            outlook.notes.append(finding + ", apart from arms whose shape is not known yet")
        } else {
            outlook.problems.append(("match", finding + "; change its size, \(advice)"))
        }
    }
}
