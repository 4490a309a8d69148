import Report
import Testing

@Suite struct TrainingTraceTests {
    @Test func aLogIsReadWithItsNumbersAndWithoutItsOthers() {
        let log = """
            {"ts":1.5,"step":1,"tokens":128,"stage":"a \\"b\\"","train/loss":5.5}
            {"ts":2.5,"step":2,"tokens":256,"stage":"a","train/loss":5.25,"eval/loss":5,"eval/loss/c4":4.5}
            no JSON
            {"step":3.5,"tokens":1}
            """
        let trace = TrainingTrace(stage: "a", kind: "pretrain", log: Array(log.utf8))
        #expect(trace.points.map(\.step) == [1, 2] && trace.points.map(\.tokens) == [128, 256])
        #expect(trace.points[0].values == ["train/loss": 5.5])
        #expect(trace.points[1].values == ["train/loss": 5.25, "eval/loss": 5, "eval/loss/c4": 4.5])
    }

    @Test func aLongLogKeepsItsEvaluationsAndItsEnd() {
        let lines = (1...5000).map { step in
            "{\"step\":\(step),\"tokens\":\(step),\"train/loss\":1\(step % 1000 == 7 ? ",\"eval/loss\":2" : "")}"
        }
        let trace = TrainingTrace(
            stage: "a", kind: "pretrain", log: Array(lines.joined(separator: "\n").utf8), most: 100)
        #expect(trace.points.count < 120 && trace.points.last?.step == 5000)
        #expect(trace.points.count { $0.values["eval/loss"] != nil } == 5)
    }
}
