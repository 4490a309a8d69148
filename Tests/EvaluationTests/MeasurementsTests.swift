import Evaluation
import Foundation
import Statistics
import Testing

@Suite struct MeasurementsTests {
    /// The form that other stages and programs read, word for word.
    static let text = #"""
        {"schema":1,"models":[{"stage":"x","fingerprint":"ab12","parameters":9,
        "sizes":{"fp16_bytes":18,"int8_bytes":11,"stored_bytes":18},
        "domains":[{"domain":"c4","row_sums":[3.5,2.25],"row_tokens":[2,1]}],
        "tasks":[{"task":"arc_easy","metric":"acc_norm","chance":0.25,"items":[
        {"id":"a","correct":true,"correct_norm":false},{"id":"b","correct":false}]}],
        "throughput":{"prefill_tokens_per_second":512.5,"decode_tokens_per_second":32,"rows":1,"columns":256,
        "decoded":32,"repeats":5,"spread":0.125},"peak_memory_bytes":1024,"kv_bytes_per_token":64},
        {"stage":"y","fingerprint":"cd34","parameters":4}]}
        """#

    @Test func theWrittenFormIsTheDocumentedOne() throws {
        let read = try JSONDecoder().decode(Measurements.self, from: Data(Self.text.utf8))
        var first = Measurements.Model(stage: "x", fingerprint: "ab12", parameters: 9)
        first.sizes = .init(halfPrecisionBytes: 18, int8Bytes: 11, storedBytes: 18)
        first.domains = [.init(domain: "c4", rowSums: [3.5, 2.25], rowTokens: [2, 1])]
        first.tasks = [
            .init(
                task: "arc_easy", metric: "acc_norm", chance: 0.25,
                items: [.init(id: "a", correct: true, correctNorm: false), .init(id: "b", correct: false)])
        ]
        first.throughput = .init(
            prefillTokensPerSecond: 512.5, decodeTokensPerSecond: 32, rows: 1, columns: 256, decoded: 32, repeats: 5,
            spread: 0.125)
        first.peakMemoryBytes = 1024
        first.keyValueBytesPerToken = 64
        let expected = Measurements(
            models: [first, .init(stage: "y", fingerprint: "cd34", parameters: 4)])
        #expect(read == expected)
        let written = try JSONSerialization.jsonObject(with: JSONEncoder().encode(expected)) as? NSDictionary
        let documented = try JSONSerialization.jsonObject(with: Data(Self.text.utf8)) as? NSDictionary
        #expect(written == documented)
    }
}
