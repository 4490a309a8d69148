/// What to do when a domain has given all its rows. Weights that adapt while training stay within what a domain's rows
/// still allow, except under `repeat`, where they never run out.
public enum ExhaustionPolicy: String, Codable, Sendable, CaseIterable {
    /// The next row that is asked of it is an error.
    case stop
    /// It begins anew, in another order.
    case `repeat`
    /// Its weight goes to the others, in proportion to theirs.
    case renormalise
}

/// How far each domain has been read, and what the mixture owes it; all that a batch depends on besides the weights.
///
/// Remainders, debts and leads count units of 2^-52 rows, so that the arithmetic is exact.
public struct MixtureState: Codable, Sendable, Equatable {
    /// The rows that each domain has given since the start.
    public internal(set) var cursors: [Int]
    /// Since the last change of weights: weight times rows, less the rows given; above -1 row and at most 1.
    public internal(set) var remainders: [Int64]
    /// The same over all that was before the last change.
    public internal(set) var debts: [Int64]
    /// By how much a domain's rows come earlier (later, where negative) until the next change; less than 1 row in all.
    public internal(set) var leads: [Int64]

    init(domains: Int) {
        cursors = [Int](repeating: 0, count: domains)
        remainders = [Int64](repeating: 0, count: domains)
        debts = remainders
        leads = remainders
    }
}

/// Which domain each row comes from: error diffusion with a bound.
///
/// Since the last change of weights, and at every row, the number of rows of each domain differs from its weight times
/// all rows by at most 1. The m-th row of a domain of weight w may come at the first row n with `n w > m - 1` and must
/// have come when `n w > m`; of the rows that may come, the one that must come first is taken (earliest deadline
/// first; the lower domain on ties). Over any span of rows, fewer rows must come in it than the span's length times
/// the weights of their domains plus 1, so that no deadline is missed (Tijdeman, "The chairman assignment problem",
/// 1980, gives such windows a bound that is a little smaller).
///
/// The 1 that is to spare is lent, at each change, where the past went wrong: the deadlines of domains that it shorted
/// move forward, the first chances of domains that it favoured move back, by twice the debt and 1 row in all, the
/// domains first that it matters most to. So a weight that never earns a row between two changes is still served.
struct MixtureSchedule: Sendable {
    private(set) var state: MixtureState
    private(set) var weights: MixtureWeights
    private let rowCounts: [Int]
    private let policy: ExhaustionPolicy
    private var shares: [Int64]

    private static let unit = MixtureWeights.unit
    private static let largestDebt = 512 * unit

    /// Starts at the first row.
    init(rowCounts: [Int], weights: MixtureWeights, policy: ExhaustionPolicy) {
        self.init(rowCounts: rowCounts, weights: weights, policy: policy, state: MixtureState(domains: rowCounts.count))
    }

    /// Goes on from `state`, reached under `weights`.
    init(rowCounts: [Int], weights: MixtureWeights, policy: ExhaustionPolicy, state: MixtureState) {
        precondition(rowCounts.count == weights.values.count && rowCounts.count == state.cursors.count)
        self.rowCounts = rowCounts
        self.weights = weights
        self.policy = policy
        self.state = state
        shares = []
        shares = currentShares()
    }

    /// Changes the weights from the next row on.
    mutating func change(to weights: MixtureWeights) {
        self.weights = weights
        settle()
    }

    /// The domain of the next row and the row's place in that domain's order; nil when no domain with weight has rows
    /// left, or when one has none left and the policy is to stop: `blocked` says which.
    mutating func next() -> (domain: Int, place: Int)? {
        var chosen = -1
        var earliest = Int64.max
        for domain in shares.indices where shares[domain] > 0 {
            state.remainders[domain] += shares[domain]
            let lead = state.leads[domain]
            guard state.remainders[domain] + min(lead, 0) > 0 else { continue }
            let slack = Self.unit - max(lead, 0) - state.remainders[domain]
            let deadline = slack < 0 ? 0 : slack / shares[domain] + 1
            if deadline < earliest {
                earliest = deadline
                chosen = domain
            }
        }
        guard chosen >= 0, policy == .repeat || state.cursors[chosen] < rowCounts[chosen], rowCounts[chosen] > 0 else {
            blocked = chosen >= 0 ? chosen : nil
            return nil
        }
        let place = state.cursors[chosen]
        state.remainders[chosen] -= Self.unit
        state.cursors[chosen] += 1
        if policy == .renormalise, state.cursors[chosen] == rowCounts[chosen] { settle() }
        return (chosen, place)
    }

    /// The domain that stopped `next()`.
    private(set) var blocked: Int?

    private func currentShares() -> [Int64] {
        let available = zip(state.cursors, rowCounts).map { policy != .renormalise || $0 < $1 }
        return weights.shares(available: available)
    }

    /// Books what is owed so far and starts counting anew.
    private mutating func settle() {
        for domain in state.debts.indices {
            let debt = state.debts[domain] + state.remainders[domain]
            state.debts[domain] = min(max(debt, -Self.largestDebt), Self.largestDebt)
            state.remainders[domain] = 0
            state.leads[domain] = 0
        }
        shares = currentShares()
        var lendable = Self.unit - 1
        let urgency = zip(state.debts, shares).map { $1 > 0 ? Double(abs($0)) / Double($1) : 0 }
        let order = urgency.indices.filter { urgency[$0] > 0 }.sorted { (urgency[$0], $1) > (urgency[$1], $0) }
        for domain in order {
            let lead = min(2 * abs(state.debts[domain]), lendable)
            state.leads[domain] = state.debts[domain] > 0 ? lead : -lead
            lendable -= lead
        }
    }
}
