import Report
import Statistics
import Testing

@Suite struct ComparisonTests {
    @Test func everyRegimeHasTheArmsThatHaveAModelInIt() throws {
        let comparison = try Comparison(SampleComparison.input())
        #expect(comparison.losses.map(\.regime) == [.before, .short, .full])
        #expect(comparison.losses.map(\.entries.count) == [4, 3, 5])
        let full = try #require(comparison.table(.full))
        #expect(full.pairs.count == 10 && full.entries.sorted { $0.rank < $1.rank }.first?.arm == "source")
        #expect(full["sheared"]?.difference == nil && full["source"]?.difference.map { $0.value < -0.4 } == true)
        for entry in full.entries {
            let mean = entry.domains.reduce(0) { $0 + $1.loss } / Double(entry.domains.count)
            #expect(abs(mean - entry.mean.value) < 1e-12)
        }
    }

    @Test func aPairReadsTheSameFromBothSides() throws {
        let full = try #require(try Comparison(SampleComparison.input()).table(.full))
        let one = try #require(full.pair("sheared", "one-shot")), other = try #require(full.pair("one-shot", "sheared"))
        #expect(one.difference.value == -other.difference.value && one.lower == "sheared" && other.lower == "sheared")
        let ends = try #require(one.difference.interval), turned = try #require(other.difference.interval)
        #expect(ends.low == -turned.high && ends.high == -turned.low && ends.high < 0)
    }

    @Test func nothingIsDecidedInsideTheInterval() throws {
        var input = SampleComparison.input()
        // The same model under two names: no verdict can fall between them.
        let twin = try #require(input.measured["sheared-full"])
        input.measured["nas-full"] = twin
        let comparison = try Comparison(input)
        let pair = try #require(comparison.table(.full)?.pair("sheared", "nas-pick"))
        #expect(pair.lower == nil && pair.adjusted == 1)
        let finding = try #require(comparison.verdict.first { $0.topic == .losses })
        #expect(finding.text.contains("cannot be told from nas-pick (0.000 nats per token, interval 0.000 to 0.000)"))
        #expect(!finding.text.contains("lower than nas-pick"))
    }

    @Test func sizesMatchWithinTheToleranceOnly() throws {
        let comparison = try Comparison(SampleComparison.input())
        let parameters = try #require(comparison.matches.first { $0.criterion == .parameters })
        #expect(parameters.matched == ["nas-pick", "one-shot", "scratch"])
        let latency = try #require(comparison.matches.first { $0.criterion == .latency })
        #expect(latency.matched == ["one-shot", "scratch"] && latency.entries.count == 5)
        var alone = SampleComparison.input()
        alone.arms = [alone.arms[0], alone.arms[4]]
        let texts = try Comparison(alone).verdict.filter { $0.topic == .losses }.map(\.text)
        #expect(
            texts.contains { $0.hasPrefix("No arm is of sheared's parameters (within 1 %)") && $0.contains("+55.4 %") })
        #expect(texts.contains { $0.hasPrefix("Whatever their size") && $0.contains("higher than source") })
    }

    @Test func ordersThatTurnRoundAreNamedWithTheirCertainty() throws {
        let comparison = try Comparison(SampleComparison.input())
        let flip = try #require(comparison.flips.first)
        #expect(comparison.flips.count == 1 && flip.lowerEarlier == "nas-pick" && flip.lowerLater == "sheared")
        #expect(flip.earlier == .before && flip.isSure)
        var close = SampleComparison.input(rows: 2)
        let noise = try #require(close.measured["sheared-short"])
        close.measured["nas-short"]?.domains = noise.domains.map { domain in
            var turned = domain
            turned.rowSums = [domain.rowSums[0] + 60, domain.rowSums[1] - 58]
            return turned
        }
        let unsure = try Comparison(close).flips.filter { !$0.isSure }
        #expect(!unsure.isEmpty)
    }

    @Test func ordersTurnRoundAcrossARegimeThatOthersHave() throws {
        var input = SampleComparison.input()
        input.arms[0].short = nil
        input.arms[1].short = nil
        let comparison = try Comparison(input)
        #expect(comparison.table(.short)?.entries.map(\.arm) == ["one-shot"])
        let flip = try #require(comparison.flips.first)
        #expect(flip.lowerEarlier == "nas-pick" && flip.lowerLater == "sheared")
        #expect(flip.earlier == .before && flip.later == .full)
    }

    /// Two arms and one task, of which they answer so many of 100 questions rightly.
    private func answering(_ reference: Int, _ other: Int, chance: Double) -> ComparisonInput {
        var input = SampleComparison.input()
        input.arms = Array(input.arms[..<2])
        func task(_ right: Int) -> MeasuredModel.Task {
            MeasuredModel.Task(
                name: "arc_easy", metric: "acc", chance: chance, answers: (0..<100).map { ("q\($0)", $0 < right) })
        }
        for stage in input.measured.keys { input.measured[stage]?.tasks = [task(other)] }
        input.measured["sheared-full"]?.tasks = [task(reference)]
        return input
    }

    @Test func oneArmNearChanceIsNoReasonToSayNothing() throws {
        let texts = try Comparison(answering(90, 26, chance: 0.25)).verdict.filter { $0.topic == .tasks }
        #expect(texts.map(\.isDecided) == [true], "\(texts)")
        #expect(texts[0].text.hasPrefix("On arc_easy nas-pick answers 26 % right, sheared 90 %"))
    }

    @Test func testsBetweenArmsNearChanceAreCountedAndDecideNothing() throws {
        let texts = try Comparison(answering(50, 20, chance: 0.5)).verdict.filter { $0.topic == .tasks }.map(\.text)
        #expect(texts.count == 2 && texts[1].contains("1 falls below 0.05, between arms that are both near chance"))
        #expect(texts.last?.contains("arc_easy (nas-pick)") == true, "\(texts)")
        let none = try Comparison(answering(60, 58, chance: 0.25)).verdict.filter { $0.topic == .tasks }.map(\.text)
        #expect(none.count == 1 && none[0].contains("none of 1 test "))
    }

    @Test func questionsOfATaskThatTheFirstModelLacksArePairedToo() throws {
        var input = SampleComparison.input()
        for stage in ["sheared", "sheared-short", "sheared-full"] { input.measured[stage]?.tasks.removeLast() }
        _ = try Comparison(input)
        input.measured["cut-full"]?.tasks[2].answers[3].id = "another"
        #expect(
            throws: ReportError.unpaired(first: "pick", second: "cut-full", part: "questions of 'arc_challenge'")
        ) { try Comparison(input) }
        input.measured["cut-full"]?.tasks[2].answers.removeAll()
        #expect(throws: ReportError.self) { try Comparison(input) }
    }

    @Test(
        arguments: [
            { $0.columns = 512 }, { $0.rows = 2 }, { $0.decoded = 16 }, { $0.precision = "float32" },
            { $0.device = "cuda:0" },
        ] as [@Sendable (inout MeasuredSpeed) -> Void])
    func speedsOfOtherSettingsAreRefused(change: @Sendable (inout MeasuredSpeed) -> Void) throws {
        var input = SampleComparison.input()
        var speed = try #require(input.measured["nas-full"]?.speed)
        speed.precision = "bfloat16"
        speed.device = "cpu"
        for stage in input.measured.keys {
            input.measured[stage]?.speed?.precision = "bfloat16"
            input.measured[stage]?.speed?.device = "cpu"
        }
        _ = try Comparison(input)
        change(&speed)
        input.measured["nas-full"]?.speed = speed
        #expect { try Comparison(input) } throws: {
            "\($0)".contains("'sheared-full' and 'nas-full'") && "\($0)".contains("same speed settings (1 x 256 + 64")
        }
    }

    @Test func frontsAndCurvesAreInTheFile() throws {
        let comparison = try Comparison(SampleComparison.input())
        #expect(comparison.fronts.map(\.criterion) == [.parameters, .memory, .latency])
        // The pick is a little smaller than the sheared model, and a little worse; the source is the best.
        #expect(comparison.fronts[0].arms == ["nas-pick", "sheared", "source"])
        #expect(comparison.fronts[2].arms == ["sheared", "source"])
        for search in comparison.searches {
            #expect(search.front.count == search.frontSize && search.hypervolumes.count == search.evaluations)
            #expect(search.hypervolumes.last == search.hypervolume)
            let share = try #require(search.normalisedHypervolume), ideal = try #require(search.ideal)
            let box = (search.reference[0] - ideal[0]) * (search.reference[1] - ideal[1])
            #expect(share > 0 && share <= 1 && abs(share * box - (search.hypervolume ?? 0)) < 1e-6 * box)
            #expect(search.front.allSatisfy { $0.scores[0] >= ideal[0] && $0.scores[1] >= ideal[1] })
        }
        #expect(comparison.searches[0].ideal == comparison.searches[1].ideal, "shares of one box can be compared")
    }

    @Test func tasksNearChanceSayNothing() throws {
        let comparison = try Comparison(SampleComparison.input())
        let tables = comparison.tasks.filter { $0.regime == .full }
        let hard = try #require(tables.first { $0.task == "arc_challenge" })
        #expect(hard.entries.allSatisfy { $0.isNearChance })
        let easy = try #require(tables.first { $0.task == "arc_easy" })
        #expect(
            easy["source"]?.isNearChance == false && easy["source"]?.better == "source" && easy["sheared"]?.test == nil)
        let texts = comparison.verdict.filter { $0.topic == .tasks }.map(\.text)
        #expect(texts.contains { $0.contains("arc_challenge (guessing scores 25 %)") && !$0.contains("arc_easy") })
    }

    @Test func unequalBudgetsAreSaid() throws {
        let equal = try Comparison(SampleComparison.input())
        #expect(
            equal.recovery.isEqual && equal.recovery.arms.map(\.trainedTokens) == [256_000, 256_000, 256_000, 256_000])
        var input = SampleComparison.input()
        let last = try #require(input.stages.firstIndex { $0.id == "nas-full" })
        input.stages[last].cost.trainedTokens += 1
        input.settings["nas-full"] = ["rate": "0.001", "warmup_steps": "3"]
        let recovery = try Comparison(input).recovery
        #expect(!recovery.isEqual && recovery.differences.map(\.key) == ["rate", "warmup_steps"])
        #expect(recovery.differences[1].values.map(\.value) == ["not set", "3"])
        let text = try #require(try Comparison(input).verdict.first { $0.topic == .recovery }?.text)
        #expect(
            text.contains("did not recover on the same number of tokens") && text.contains("'rate' and 'warmup_steps'"))
    }

    @Test func armsWithoutRecoveryAreNamed() throws {
        var input = SampleComparison.input()
        input.arms[2].before = nil
        input.arms[2].short = nil
        let text = try #require(try Comparison(input).verdict.first { $0.topic == .recovery }?.text)
        #expect(text.hasPrefix("All 3 recovered arms") && text.contains("one-shot had no recovery, so it stands"))
        #expect(!text.contains("source"))
    }

    @Test func modelsOfOtherRowsAreRefused() throws {
        var input = SampleComparison.input()
        input.measured["nas-full"]?.domains[2].rowTokens[0] += 1
        #expect(throws: ReportError.unpaired(first: "sheared", second: "nas-full", part: "rows of domain 'c4-rp'")) {
            try Comparison(input)
        }
        input.measured["nas-full"] = nil
        #expect(throws: ReportError.unmeasured(arm: "nas-pick", stage: "nas-full")) { try Comparison(input) }
        var answers = SampleComparison.input()
        answers.measured["cut-full"]?.tasks[1].answers[3].id = "another"
        #expect(throws: ReportError.self) { try Comparison(answers) }
    }

    @Test func theTableForSpreadsheetsHasARowForEachArmAndRegime() throws {
        let comparison = try Comparison(SampleComparison.input(names: ["a,b", "say \"x\"", "c", "d", "e"]))
        let lines = ComparisonCSV.text(comparison).split(separator: "\n")
        #expect(lines.count == 1 + 4 + 3 + 5)
        #expect(lines[1].hasPrefix("\"a,b\",targeted,before,sheared,"))
        #expect(lines[2].hasPrefix("\"say \"\"x\"\"\",nas,"))
        let width = lines[0].split(separator: ",", omittingEmptySubsequences: false).count
        for line in lines.dropFirst(3) where !line.contains("\"") {
            #expect(line.split(separator: ",", omittingEmptySubsequences: false).count == width)
        }
    }
}
