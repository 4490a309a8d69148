import Fixtures
import Foundation
import Fuzzing
import Testing

/// What fuzzing has found, and what it starts from: neither may ever bring a reader down again.
@Suite struct FuzzCorpusTests {
    @Test(arguments: FuzzTarget.allCases) func theFirstSeedIsRead(target: FuzzTarget) throws {
        let folder = try TemporaryDirectory()
        let seeds = try target.seeds()
        #expect(seeds.count > 1)
        #expect(try target.read(try #require(seeds.first), in: folder))
        for seed in seeds { try target.read(seed, in: folder) }
    }

    /// Every input that `scripts/fuzz` has kept in `Tests/FuzzCorpus`: a line in base64 each.
    @Test(arguments: FuzzTarget.allCases) func keptInputsEndInAnAnswer(target: FuzzTarget) throws {
        let folder = try TemporaryDirectory()
        for kind in ["corpus", "findings"] {
            let path = "\(FixtureFiles.root)/Tests/FuzzCorpus/\(target.rawValue).\(kind)"
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
            for line in text.split(separator: "\n") {
                try target.read(Array(try #require(Data(base64Encoded: String(line)))), in: folder)
            }
        }
    }

    /// Cut, changed and spliced seeds: what a fuzzer does without knowing what it reaches.
    @Test(arguments: FuzzTarget.allCases) func damagedSeedsEndInAnAnswer(target: FuzzTarget) throws {
        let folder = try TemporaryDirectory()
        let seeds = try target.seeds()
        var random = RepeatableRandom(UInt64(target.rawValue.utf8.reduce(0) { $0 * 31 % 1009 + Int($1) }))
        for _ in 0..<40 {
            guard var input = seeds.randomElement(using: &random), !input.isEmpty else { continue }
            for _ in 0..<Int.random(in: 1...4, using: &random) where !input.isEmpty {
                let place = Int.random(in: input.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: input[place] = UInt8.random(in: 0...255, using: &random)
                case 1: input.removeSubrange(place..<min(place + Int.random(in: 1...9, using: &random), input.count))
                case 2: input.insert(contentsOf: input[place...].prefix(20), at: place)
                default:
                    let other = seeds.randomElement(using: &random) ?? []
                    input.replaceSubrange(place..., with: other.suffix(input.count - place))
                }
            }
            try target.read(input, in: folder)
        }
    }
}
