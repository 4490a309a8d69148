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
