import Fixtures
import Testing

@testable import Training

@Suite struct MixtureAdaptationTests {
    /// RedPajama's shares: cc, github, book, stackexchange, wiki, arxiv, c4 (Sheared-LLaMA, arXiv 2310.06694).
    private let prior = [0.67, 0.045, 0.045, 0.02, 0.045, 0.025, 0.15]

    private func updated(_ gaps: [Double], _ policy: MixturePolicy, limits: [Double]? = nil) -> [Double] {
        MixtureAdaptation.updated(
            prior, losses: gaps.map { $0 + 2 }, reference: gaps.map { _ in 2 }, prior: prior, policy: policy,
            limits: limits)
    }

    private func expect(_ found: [Double], _ printed: [Double], digits: Double) {
        for (found, printed) in zip(found, printed) { #expect(abs(found - printed) <= 0.5001 * digits) }
    }

    @Test func theWorkedExampleComesOutToThePrintedDigits() {
        let mix = updated([0.4357, 0.2541, 0.4107, 0.3383, 0.691, 0.3051, 0.3749], MixturePolicy(gap: .signed))
        expect(
            mix, [0.67621, 0.037888, 0.044309, 0.018326, 0.05864, 0.022156, 0.142471], digits: 1e-5)
        expect(Array(mix[1...3]), [0.037888, 0.044309, 0.018326], digits: 1e-6)
    }

    @Test func signedAndClippedGapsComeOutToThePrintedDigits() {
        let gaps = [-0.0043, -0.1259, 0.0607, -0.0617, -0.059, -0.0449, 0.1249]
        expect(
            updated(gaps, MixturePolicy(gap: .signed)),
            [0.66066, 0.03931, 0.04737, 0.01864, 0.04202, 0.02368, 0.16832], digits: 1e-5)
        // The paper has no smoothing.
        expect(
            updated(gaps, MixturePolicy(gap: .clipped, smoothing: 0)),
            [0.65508, 0.044, 0.04675, 0.01955, 0.044, 0.02444, 0.16617], digits: 1e-5)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func everyUpdateIsAMixtureWithinItsBounds(seed: UInt64) throws {
        var random = RepeatableRandom(seed)
        let count = Int.random(in: 2...9, using: &random)
        let even = 1 / Double(count)
        let policy = MixturePolicy(
            gap: Bool.random(using: &random) ? .signed : .clipped, eta: Double.random(in: 0...4, using: &random),
            smoothing: Double.random(in: 0...0.01, using: &random),
            floor: Double.random(in: 0...0.9 * even, using: &random),
            cap: Double.random(in: 1.1 * even...1, using: &random), priorPull: Double.random(in: 0...1, using: &random))
        var mixture = try MixtureAdaptation(
            policy: policy, domains: (0..<count).map { "\($0)" },
            prior: (0..<count).map { _ in Double.random(in: 0...1, using: &random) },
            reference: (0..<count).map { _ in Double.random(in: 0...4, using: &random) })
        for _ in 0..<50 {
            mixture.adapt(to: (0..<count).map { _ in Double.random(in: 0...9, using: &random) })
            #expect(abs(mixture.weights.reduce(0, +) - 1) < 1e-9)
            #expect(mixture.weights.allSatisfy { $0 >= policy.floor - 1e-9 && $0 <= policy.cap + 1e-9 })
        }
    }

    @Test func domainsWithoutALossKeepTheirWeight() {
        let policy = MixturePolicy(gap: .signed)
        let mix = MixtureAdaptation.updated(
            prior, losses: [3, nil, 3, .nan, 2.5, .infinity, 4], reference: [2, 2, 2, 2, nil, 2, 2], prior: prior,
            policy: policy)
        for domain in [1, 3, 4, 5] { #expect(abs(mix[domain] - prior[domain]) < 1e-12) }
        #expect(mix[6] > prior[6] && mix[0] < prior[0] && mix[2] < prior[2])
        #expect(mix.allSatisfy(\.isFinite) && abs(mix.reduce(0, +) - 1) < 1e-12)
        let none = MixtureAdaptation.updated(
            prior, losses: prior.map { _ in nil }, reference: prior.map { _ in 1 }, prior: prior, policy: policy)
        #expect(none == prior)
    }

    /// Whatever it loses, a domain without a weight in the starting mixture is never read.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func aDomainThatStartsWithoutAWeightNeverGetsOne(seed: UInt64) throws {
        var random = RepeatableRandom(seed)
        let count = Int.random(in: 3...8, using: &random)
        let closed = Int.random(in: 0..<count, using: &random)
        let open = 1 / Double(count - 1)
        // Floor and cap are wide enough for the others alone, not for all.
        let policy = MixturePolicy(
            gap: Bool.random(using: &random) ? .signed : .clipped, smoothing: 0.01, floor: 0.99 * open,
            cap: Double.random(in: open...1, using: &random), priorPull: Double.random(in: 0...1, using: &random))
        var mixture = try MixtureAdaptation(
            policy: policy, domains: (0..<count).map { "\($0)" },
            prior: (0..<count).map { $0 == closed ? 0 : Double.random(in: 0.1...1, using: &random) },
            reference: (0..<count).map { _ in 1 })
        for update in 0..<20 {
            let losses = (0..<count).map { _ in update % 5 == 4 ? nil : Double.random(in: 0...9, using: &random) }
            mixture.adapt(to: losses, limits: Bool.random(using: &random) ? losses.map { _ in 0.9 } : nil)
            #expect(mixture.weights[closed] == 0)
            #expect(abs(mixture.weights.reduce(0, +) - 1) < 1e-9)
            let others = mixture.weights.indices.filter { $0 != closed }
            #expect(others.allSatisfy { mixture.weights[$0] >= policy.floor - 1e-9 })
        }
    }

    @Test func aConstantInTheReferenceOnlyMattersWithClippedGaps() {
        let gaps = [0.5, -0.2, 0.1, 0.3, -0.4, 0, 0.2]
        expect(
            updated(gaps, MixturePolicy(gap: .signed)), updated(gaps.map { $0 - 1 }, MixturePolicy(gap: .signed)),
            digits: 1e-12)
        let moved = updated(gaps.map { $0 - 1 }, MixturePolicy(gap: .clipped, smoothing: 0))
        expect(moved, prior, digits: 1e-12)
    }

    @Test func aFullPullForgetsAllButTheLastGaps() throws {
        var mixture = try MixtureAdaptation(
            policy: MixturePolicy(gap: .signed, smoothing: 0, priorPull: 1), domains: ["a", "b"], prior: [0.5, 0.5],
            reference: [1, 1])
        mixture.adapt(to: [4, 1])
        mixture.adapt(to: [1, 1])
        expect(mixture.weights, [0.5, 0.5], digits: 1e-12)
    }

    /// A run whose every row is drawn by the weights uses no more rows than each domain has, whatever the losses.
    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func theMixtureNeverAsksForMoreRowsThanAreLeft(seed: UInt64) throws {
        var random = RepeatableRandom(seed)
        let rows = (0..<5).map { _ in Int.random(in: 300...2000, using: &random) }
        let total = rows.reduce(0, +) * 8 / 10
        var mixture = try MixtureAdaptation(
            policy: MixturePolicy(), domains: ["a", "b", "c", "d", "e"], prior: rows.map(Double.init),
            reference: [1, 1, 1, 1, 1])
        var used = [0, 0, 0, 0, 0].map(Double.init)
        let updates = 20
        for update in 0..<updates {
            let span = Double(total) / Double(updates)
            let left = total - Int(Double(update) * span)
            mixture.adapt(
                to: (0..<5).map { _ in Double.random(in: 1...6, using: &random) },
                limits: MixtureAdaptation.poolLimits(
                    remaining: zip(rows, used).map { Int((Double($0) - $1).rounded(.down)) }, rowsLeft: left))
            for domain in 0..<5 { used[domain] += mixture.weights[domain] * span }
        }
        for (used, rows) in zip(used, rows) { #expect(used <= Double(rows)) }
    }

    @Test func impossibleBoundsAreRefused() {
        func refused(_ policy: MixturePolicy) -> Bool {
            (try? MixtureAdaptation(policy: policy, domains: ["a", "b"], prior: [1, 1], reference: [1, 1])) == nil
        }
        #expect(refused(MixturePolicy(floor: 0.6)))
        #expect(refused(MixturePolicy(cap: 0.4)))
        #expect(refused(MixturePolicy(eta: .nan)))
        #expect(!refused(MixturePolicy(floor: 0.5, cap: 0.6)))
    }
}
