import Fixtures
import Statistics
import Testing
import Torch
import Transformer

@testable import Evaluation

@Suite struct ThroughputTests {
    @Test func bothPartsAreMeasuredUnderViewsToo() throws {
        let model = try TinyModel.make()
        let settings = ThroughputSettings(rows: 2, columns: 8, decoded: 4, repeats: 2)
        _ = try Throughput.measure(model, settings)  // makes the table of rotary positions, which stays
        let whole = try expectNoNewTensors { try Throughput.measure(model, settings) }
        #expect(whole.prefillTokensPerSecond > 0 && whole.prefillTokensPerSecond.isFinite)
        #expect(whole.decodeTokensPerSecond > 0 && whole.decodeTokensPerSecond.isFinite)
        #expect(whole.rows == 2 && whole.columns == 8 && whole.decoded == 4 && whole.repeats == 2)
        #expect(whole.spread >= 0 && whole.spread.isFinite)
        // A view of one block must run through the same cache, pass after pass.
        let view = SubNetworkView(layers: [2], intermediateSizes: [48, 48, 16, 48])
        let part = try Throughput.measure(model, settings, in: ForwardContext(view: view))
        #expect(part.prefillTokensPerSecond.isFinite && part.decodeTokensPerSecond.isFinite)
    }

    @Test func settingsWithoutSenseAreRefused() throws {
        let model = try TinyModel.make()
        for settings in [
            ThroughputSettings(rows: 0), ThroughputSettings(columns: 0), ThroughputSettings(decoded: 0),
            ThroughputSettings(repeats: 0), ThroughputSettings(warmups: 2),
        ] {
            #expect(settings.problems.count == 1)
            #expect { try Throughput.measure(model, settings) } throws: { "\($0)".contains("must be at least") }
        }
        #expect(ThroughputSettings().problems.isEmpty)
    }

    @Test func theMedianAndTheRangeAreThoseOfTheRepeats() {
        #expect(Spread([3, 1, 2]) == Spread([1, 2, 3]))
        #expect(Spread([3, 1, 2]).median == 2 && Spread([3, 1, 2]).relativeRange == 1)
        #expect(Spread([4, 1, 2, 3]).median == 2.5 && Spread([0.5]).relativeRange == 0)
    }
}
