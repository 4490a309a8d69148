import Fixtures
import Foundation
import Testing

@testable import Supervisor

@Suite struct ReportTests {
    @Test func aReportIsReadAsItWasWritten() {
        for report in [
            RankReport(), RankReport(beat: 12, place: "stage a, step 3 of 9", checkpoints: "/runs/x y/checkpoints"),
        ] {
            #expect(RankReport(String(report.line.dropLast())) == report)
        }
        let odd = RankReport(beat: 1, place: "two\nlines\tand tabs", checkpoints: "/with\nline")
        #expect(odd.line == "1\ttwo lines and tabs\t\n")
        #expect(RankReport(beat: 1, place: String(repeating: "é", count: 5000), checkpoints: "").line.utf8.count < 4096)
        for line in ["", "x\ta\tb", "1\ta", "1\ta\tb\tc"] { #expect(RankReport(line) == nil) }
    }

    @Test func linesAreWholeHoweverTheyCome() {
        let text = "one\n\ntwo and\tmore\nünd\nlast"
        for seed in 0..<20 {
            var random = RepeatableRandom(UInt64(seed))
            var splitter = LineSplitter()
            var lines: [String] = []
            var rest = ArraySlice(Array(text.utf8))
            while !rest.isEmpty {
                let count = Int.random(in: 1...6, using: &random)
                lines += splitter.lines(with: Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(lines + [splitter.remainder() ?? ""] == ["one", "", "two and\tmore", "ünd", "last"])
            #expect(splitter.remainder() == nil)
        }
        var short = LineSplitter(longest: 4)
        #expect(short.lines(with: Array("123456789\nab\n".utf8)) == ["1234", "5678", "9", "ab"])
    }

    @Test func theWatchdogCountsFromTheLastChangeOfAnyRank() {
        let start = ContinuousClock.now
        var watchdog = Watchdog(patience: .seconds(10))
        #expect(watchdog.stall(of: [0, 1], at: start + .seconds(100)) == nil)
        watchdog.note(RankReport(beat: 1), of: 0, at: start)
        watchdog.note(RankReport(beat: 1), of: 1, at: start + .seconds(5))
        watchdog.note(RankReport(beat: 1), of: 1, at: start + .seconds(9))
        #expect(watchdog.stall(of: [0, 1], at: start + .seconds(14)) == nil)
        #expect(watchdog.stall(of: [0, 1], at: start + .seconds(15)) == .seconds(10))
        #expect(watchdog.stall(of: [0], at: start + .seconds(14)) == .seconds(14))
        var patient = Watchdog(patience: nil)
        patient.note(RankReport(), of: 0, at: start)
        #expect(patient.stall(of: [0], at: start + .seconds(1_000_000)) == nil)
    }

    @Test func aRankTellsWhereItStands() throws {
        for environment in [[:], [Reporter.variable: "987654"], [Reporter.variable: "three"]] {
            if Reporter(environment: environment, beat: { 0 }) != nil { Issue.record("nobody watches this process") }
        }
        let pipe = try ChildPipe()
        let descriptor = dup(pipe.writing)
        defer { close(descriptor) }
        var reporter = Reporter(environment: [Reporter.variable: "\(descriptor)"], beat: { 4 })
        reporter?.place("stage a", checkpoints: "/a")
        var splitter = LineSplitter()
        var found: [RankReport] = []
        let last = ContinuousClock.now + .seconds(10)
        while found.last?.place != "stage a", ContinuousClock.now < last {
            found += splitter.lines(with: pipe.takeAll()).compactMap { RankReport($0) }
            usleep(10_000)
        }
        #expect(found == [RankReport(beat: 4), RankReport(beat: 4, place: "stage a", checkpoints: "/a")])
        reporter = nil
    }
}
