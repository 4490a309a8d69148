internal import Corpus
public import Transformer

/// Selection without learning: the baseline that learned masks have to beat. Kept elements have mask value 1.
public enum OneShotPruning: String, Codable, Sendable, CaseIterable {
    /// The most important of each row.
    case importance
    /// A random choice of each row.
    case random
    /// The first of each row.
    case first

    /// Masks that select exactly `target` from `source`.
    /// - Parameters:
    ///   - importance: Needed by `.importance` only.
    ///   - seed: Decides the choice of `.random`.
    /// - Throws: `ShearingError.impossibleTarget` when the target does not fit, `.noCalibrationData` when `.importance`
    ///   has no scores, `.notFinite` when a score is NaN or infinite.
    public func masks(
        source: Architecture, target: TargetArchitecture, importance: Importance? = nil, seed: UInt64 = 0
    ) throws(ShearingError) -> DeterministicMasks {
        let families = try MaskRows.pruned(source: source, target: target)
        var values: [MaskFamily: [Float]] = [:]
        for rows in families {
            let scores: [Float]
            switch self {
            case .importance:
                guard let importance else { throw .noCalibrationData }
                scores = try importance.scores(for: rows)
            case .random:
                var stream = RandomStream(seed: seed, name: "one-shot/\(rows.family.rawValue)")
                scores = (0..<rows.count).map { _ in Float(stream.uniform()) }
            case .first:
                scores = [Float](repeating: 0, count: rows.count)
            }
            let kept = TopK.kept(scores, columns: rows.columns) { _ in rows.kept }
            values[rows.family] = kept.map { $0 ? 1 : 0 }
        }
        return try DeterministicMasks(families: families, values: values)
    }
}
