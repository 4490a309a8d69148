internal import Search
internal import SuperNetwork

/// Which candidate of a search is taken: `knee`, `best`, `id:12`, or the best within a bound, such as `parameters<=90000000`.
public enum CandidatePick: Sendable, Equatable {
    /// The knee of the front (``ParetoFront/knee``).
    case knee
    /// The front's best in the first objective.
    case best
    /// The candidate of this place in the journal, on the front or not.
    case id(Int)
    /// Of the front's members whose value of one objective is no worse than a bound, the best in the first other objective.
    case bounded(objective: String, bound: Double)

    /// The pick of a text; nil when it is none. `>=` and `<=` both bound: which side is worse is the objective's matter.
    init?(_ text: String) {
        if text == "knee" {
            self = .knee
        } else if text == "best" {
            self = .best
        } else if text.hasPrefix("id:"), let id = Int(text.dropFirst(3)), id >= 0 {
            self = .id(id)
        } else if let sign = ["<=", ">="].first(where: { text.contains($0) }),
            case let parts = text.split(separator: sign, maxSplits: 1), parts.count == 2,
            let bound = Double(parts[1].filter { $0 != "_" }), bound.isFinite
        {
            self = .bounded(objective: String(parts[0]), bound: bound)
        } else {
            return nil
        }
    }

    /// How the candidate was chosen, as a clause.
    var words: String {
        switch self {
        case .knee: "being the knee of the front"
        case .best: "being the best in the first objective"
        case .id(let id): "being candidate \(id)"
        case .bounded(let objective, let bound): "being the best with \(objective) within \(CandidatePick.text(bound))"
        }
    }

    /// Why a search cannot have such a candidate, as a clause; nil while it may.
    func problem(with search: SearchSpec, named id: StageID) -> String? {
        switch self {
        case .knee, .best: return nil
        case .id(let place):
            return place < search.evaluations
                ? nil
                : "'\(id)' measures \(search.evaluations) candidates, so there is none with id \(place); "
                    + "name one of 0 to \(search.evaluations - 1)"
        case .bounded(let objective, _):
            let names = search.objectives.map(\.name)
            return names.contains(objective)
                ? nil
                : "'\(objective)' is no objective of the search '\(id)'; bound one of \(names.joined(separator: ", "))"
        }
    }

    /// The most parameters that the pick leaves; nil where it bounds no size.
    var mostParameters: Double? {
        guard case .bounded(let objective, let bound) = self else { return nil }
        switch objective {
        case "parameters": return bound
        case "fp16_bytes": return bound / 2
        default: return nil
        }
    }

    private static func text(_ bound: Double) -> String {
        bound == bound.rounded() && abs(bound) < 1e15 ? "\(Int(bound))" : "\(bound)"
    }

    /// The genome that is meant.
    /// - Parameter journal: reads every candidate of the search.
    /// - Throws: `.mismatch` when there is no such candidate.
    func genome(
        _ front: ParetoFront, journal: () throws(PipelineError) -> [MeasuredCandidate]
    ) throws(PipelineError) -> Genome {
        switch self {
        case .knee, .best:
            // Members stand best first in the first objective.
            guard let member = self == .knee ? front.knee : front.members.first else {
                throw .mismatch("the search found nothing that can be compared", remedy: "look at its journal.csv")
            }
            return member.genome
        case .id(let id):
            let all = try journal()
            guard all.indices.contains(id) else {
                throw .mismatch("the search has no candidate \(id)", remedy: "name one of 0 to \(all.count - 1)")
            }
            return all[id].genome
        case .bounded(let name, let bound):
            guard let index = front.objectives.firstIndex(where: { $0.name == name }),
                let other = front.objectives.indices.first(where: { $0 != index })
            else {
                throw .mismatch(
                    "'\(name)' is no objective of the search",
                    remedy: "bound one of \(front.objectives.map(\.name).joined(separator: ", "))")
            }
            let (bounded, best) = (front.objectives[index], front.objectives[other])
            let within = front.members.filter {
                bounded.minimised($0.scores[index]) <= bounded.minimised(bound)
            }
            guard let member = within.min(by: { best.minimised($0.scores[other]) < best.minimised($1.scores[other]) })
            else {
                let values = front.members.map { bounded.minimised($0.scores[index]) }
                let nearest = values.min().map { CandidatePick.text(bounded.minimised($0)) } ?? "none"
                throw .mismatch(
                    "no candidate of the front has \(name) within \(CandidatePick.text(bound)); the best is \(nearest)",
                    remedy: "choose another bound")
            }
            return member.genome
        }
    }
}

extension CandidatePick: Encodable {
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .knee: try container.encode("knee")
        case .best: try container.encode("best")
        case .id(let id): try container.encode("id:\(id)")
        case .bounded(let objective, let bound): try container.encode("\(objective) within \(bound)")
        }
    }
}
