import Fixtures
import Foundation
import Testing

/// What the records of a run say that its stages took.
@Suite struct StageCostTests {
    @Test func aSmallStageAfterALargeOneHasItsOwnPeakOfMemory() throws {
        let folder = try TemporaryDirectory()
        // 32 M weights in float32, 128 MB; then a corpus of a few kilobytes.
        try folder.write(
            """
            name: peaks
            stages:
              - id: large
                kind: import
                with:
                  weights: random
                  architecture: { vocabulary_size: 16000, hidden_size: 512, layers: 8, heads: 8, intermediate_size: 1408 }
                  tokenizer: Tests/Fixtures/Text/tokenizer
              - id: small
                kind: pack
                with: { manifest: data-manifests/tiny.yaml, tokenizer: large, sequence_length: 64, packing: keep-all }
            """, to: "peaks.yaml")
        let outcome = try ShearBinary.run(["run", folder.path("peaks.yaml"), "--runs", folder.path("runs")])
        try #require(outcome.code == 0, "\(outcome.messages)")
        func peak(_ stage: String) throws -> Int {
            let path = try #require(
                ShearBinary.artifacts(stage, in: folder.path("runs"), pipeline: "peaks").first)
            let record =
                try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path + "/stage.json")))
                as? [String: Any]
            return try #require((record?["cost"] as? [String: Any])?["peakMemoryBytes"] as? Int)
        }
        let (large, small) = (try peak("large"), try peak("small"))
        #expect(large > 128_000_000)
        #expect(small < large - 100_000_000, "large \(large), small \(small)")
    }
}
