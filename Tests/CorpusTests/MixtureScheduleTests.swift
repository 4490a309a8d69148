import Testing

@testable import Corpus

@Suite struct MixtureScheduleTests {
    /// Weights of many kinds: even, skewed over five orders of magnitude, with zeros, from the paper.
    private func weights(_ domains: Int, _ random: inout RandomStream) throws -> MixtureWeights {
        let kind = random.integer(below: 4)
        var values = (0..<domains).map { _ in
            switch kind {
            case 0: 1.0
            case 1: random.uniform() + 1e-3
            case 2: 1 / (1e-5 + random.uniform() * random.uniform() * random.uniform() * random.uniform())
            default: random.uniform() < 0.3 ? 0 : random.uniform()
            }
        }
        values[Int(random.integer(below: UInt64(domains)))] += 0.5
        return try MixtureWeights(values)
    }

    /// The law: since the last change of weights, at every row, |rows of a domain - weight x rows| is at most 1.
    @Test(arguments: 0..<300) func countsNeverLeaveTheirWeightsByMoreThanOne(seed: Int) throws {
        var random = RandomStream(seed: UInt64(seed), name: "mixture law")
        let domains = 1 + Int(random.integer(below: seed % 10 == 0 ? 60 : 9))
        var weights = try weights(domains, &random)
        var schedule = MixtureSchedule(
            rowCounts: [Int](repeating: 1000, count: domains), weights: weights, policy: .repeat)
        var worst = 0.0
        for _ in 0..<12 {
            var counts = [Int](repeating: 0, count: domains)
            let cursors = schedule.state.cursors
            for row in 1...(1 + Int(random.integer(below: 400))) {
                let pick = schedule.next()
                let (domain, place) = try #require(pick)
                #expect(place == cursors[domain] + counts[domain])
                counts[domain] += 1
                for domain in 0..<domains {
                    worst = max(worst, abs(Double(counts[domain]) - weights.values[domain] * Double(row)))
                }
            }
            weights = try self.weights(domains, &random)
            schedule.change(to: weights)
        }
        #expect(worst <= 1 + 1e-9)
    }

    /// Two domains of nearly a half and one that the past owes a row: the hardest case for the bound.
    @Test func aDebtIsPaidWithinTheBound() throws {
        let first = try MixtureWeights([0.4, 0.4, 0.2])
        let tiny = 1e-7
        let second = try MixtureWeights([(1 - tiny) / 2, (1 - tiny) / 2, tiny])
        var schedule = MixtureSchedule(rowCounts: [9, 9, 9], weights: first, policy: .repeat)
        for _ in 0..<4 { _ = schedule.next() }
        schedule.change(to: second)
        var counts = [0, 0, 0]
        for row in 1...1000 {
            let pick = schedule.next()
            counts[try #require(pick).domain] += 1
            for domain in 0..<3 {
                #expect(abs(Double(counts[domain]) - second.values[domain] * Double(row)) <= 1 + 1e-9)
            }
        }
    }

    /// Between two changes this weight earns 0.16 rows, so that rounding at each change would never serve it.
    @Test func aTinyWeightIsServedOverManyChanges() throws {
        let weights = try MixtureWeights([0.67, 0.0451, 0.0449, 0.02, 0.045, 0.1749, 1e-4])
        var schedule = MixtureSchedule(
            rowCounts: [Int](repeating: 100, count: 7), weights: weights, policy: .repeat)
        for change in 0..<200 {
            if change > 0 { schedule.change(to: weights) }
            for _ in 0..<1600 { _ = schedule.next() }
        }
        #expect(abs(schedule.state.cursors[6] - 32) <= 1)
        for (domain, weight) in weights.values.enumerated() {
            #expect(abs(Double(schedule.state.cursors[domain]) - weight * 320_000) < 200)
        }
    }

    @Test func sharesAreExact() throws {
        var random = RandomStream(seed: 1, name: "shares")
        for _ in 0..<200 {
            let domains = 1 + Int(random.integer(below: 50))
            let shares = try weights(domains, &random).shares(available: [Bool](repeating: true, count: domains))
            #expect(shares.reduce(0, +) == MixtureWeights.unit)
            #expect(shares.allSatisfy { $0 >= 0 })
        }
    }

    @Test(arguments: [[], [0, 0], [1, -0.1], [.nan, 1], [.infinity, 1], [1e308, 1e308]] as [[Double]])
    func weightsThatAreNoneAreRefused(values: [Double]) {
        #expect(throws: CorpusError.self) { try MixtureWeights(values) }
    }

    @Test func anExhaustedDomainStops() throws {
        var schedule = MixtureSchedule(
            rowCounts: [5, 100], weights: try MixtureWeights([0.5, 0.5]), policy: .stop)
        while schedule.next() != nil {}
        #expect(schedule.blocked == 0)
        #expect(schedule.state.cursors == [5, 5] || schedule.state.cursors == [5, 6])
    }

    @Test(arguments: 0..<50) func theOthersTakeAnExhaustedDomainsPlace(seed: Int) throws {
        var random = RandomStream(seed: UInt64(seed), name: "renormalise")
        let counts = (0..<5).map { _ in Int(random.integer(below: 60)) }
        let values = (0..<5).map { _ in random.uniform() + 0.01 }
        let weights = try MixtureWeights(values)
        var schedule = MixtureSchedule(rowCounts: counts, weights: weights, policy: .renormalise)
        var given = [0, 0, 0, 0, 0]
        var since = given
        var open = counts.map { $0 > 0 }
        for _ in 0..<counts.reduce(0, +) {
            let pick = schedule.next()
            let (domain, place) = try #require(pick)
            #expect(place == given[domain])
            given[domain] += 1
            since[domain] += 1
            let total = zip(values, open).reduce(0) { $0 + ($1.1 ? $1.0 : 0) }
            let rows = Double(since.reduce(0, +))
            for domain in 0..<5 where open[domain] {
                #expect(abs(Double(since[domain]) - values[domain] / total * rows) <= 1 + 1e-9)
            }
            if given[domain] == counts[domain] {
                open[domain] = false
                since = [0, 0, 0, 0, 0]
            }
        }
        #expect(given == counts)
        let none = schedule.next()
        #expect(none == nil)
        #expect(schedule.blocked == nil)
    }

    @Test func enoughRowsForTheWorstMixture() {
        #expect(MixtureWeights.rowsNeeded(steps: 10, batchRows: 32, maximum: [1, 0.5, 0, 0.1]) == [320, 161, 1, 33])
        #expect(MixtureWeights.rowsNeeded(steps: 0, batchRows: 32, maximum: [1]) == [0])
    }
}
