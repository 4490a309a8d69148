import Fixtures
import Foundation
import Testing

@testable import Training

@Suite struct ProgressLineTests {
    /// What a line that writes to a pipe says of some steps, a second apart each.
    private func output(
        style: ProgressLine.Style?, environment: [String: String] = [:], steps: ClosedRange<Int> = 1...30
    ) -> String {
        let pipe = Pipe()
        var time = 0.0
        let line = ProgressLine(
            label: "sheared", descriptor: pipe.fileHandleForWriting.fileDescriptor, style: style,
            environment: environment,
            now: { time })
        for step in steps {
            time += 1
            line.show(StepMetrics(step: step, tokens: 0, loss: 3.41159, seconds: 1), of: 30, stepTokens: 1210)
        }
        line.finish()
        try? pipe.fileHandleForWriting.close()
        return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }

    @Test func elsewhereThanOnATerminalLinesArePlainAndRare() {
        let lines = output(style: nil).split(separator: "\n")
        #expect(
            lines == [
                "sheared  1/30  loss 3.412  1,210 tok/s  29 s left",
                "sheared  11/30  loss 3.412  1,210 tok/s  19 s left",
                "sheared  21/30  loss 3.412  1,210 tok/s  9 s left", "sheared  30/30  loss 3.412  1,210 tok/s",
            ])
    }

    @Test func aLiveLineIsWrittenOverAndEnded() {
        let text = output(style: .live, environment: ["COLUMNS": "24"], steps: 1...2)
        #expect(text == "\r\u{1B}[2Ksheared  1/30  loss 3.4\r\u{1B}[2Ksheared  2/30  loss 3.4\n")
    }

    @Test func silentSaysNothing() {
        #expect(output(style: .silent).isEmpty)
    }

    @Test func numbersReadWell() {
        #expect(
            [0.4, 89, 91, 5399, 7500, 200_000].map(ProgressLine.duration) == [
                "0 s", "89 s", "2 min", "90 min", "2 h 05 min", "2 d 7 h",
            ])
        #expect(
            [0, 999, 1000, 1_234_567, -1000].map(ProgressLine.grouped) == ["0", "999", "1,000", "1,234,567", "-1,000"])
        #expect(ProgressLine.fixed(-0.0004, 3) == "0.000" && ProgressLine.fixed(1.9996, 3) == "2.000")
        #expect(ProgressLine.fixed(.nan, 3) == "nan")
    }
}
