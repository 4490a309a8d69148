import Testing
import Transformer

@testable import Shearing

@Suite struct RandomShapeTests {
    /// SmolLM2-135M, grouped heads, tied; and a small multi-head model with a head of its own.
    static let sources = [
        Architecture(
            vocabularySize: 49_152, hiddenSize: 576, headSize: 64,
            blocks: [BlockShape](
                repeating: BlockShape(queryHeads: 9, keyValueHeads: 3, intermediateSize: 1536), count: 30),
            tiedEmbeddings: true),
        Architecture(
            vocabularySize: 1000, hiddenSize: 128, headSize: 16,
            blocks: [BlockShape](
                repeating: BlockShape(queryHeads: 8, keyValueHeads: 8, intermediateSize: 352), count: 9)
        ),
    ]

    @Test(arguments: [0, 1], [0.4, 0.643, 0.9]) func shapesHaveTheSizeAndFitTheSource(_ index: Int, _ share: Double)
        throws
    {
        let source = Self.sources[index]
        let parameters = Int(Double(source.parameterCount) * share)
        var shapes: Set<TargetArchitecture> = []
        for seed in 0..<12 as Range<UInt64> {
            let shape = try RandomShape.drawn(from: source, parameters: parameters, seed: seed)
            #expect(shape.problems(against: source).isEmpty)
            let count = shape.architecture(from: source).parameterCount
            #expect(abs(Double(count - parameters)) <= 0.01 * Double(parameters), "\(shape) has \(count)")
            #expect(try RandomShape.drawn(from: source, parameters: parameters, seed: seed) == shape)
            shapes.insert(shape)
        }
        #expect(shapes.count > 4, "\(shapes)")
    }

    @Test func moderateCutsStayAboveHalfOfEachSize() throws {
        for seed in 0..<10 as Range<UInt64> {
            let shape = try RandomShape.drawn(from: Self.sources[0], parameters: 86_534_656, seed: seed)
            #expect(shape.layers >= 15 && shape.hiddenSize >= 288 && shape.heads >= 5 && shape.intermediateSize >= 768)
        }
    }

    @Test func sizesThatNoShapeHasAreRefused() {
        for parameters in [10, 200_000_000] {
            #expect {
                try RandomShape.drawn(from: Self.sources[0], parameters: parameters, seed: 1)
            } throws: { error in
                guard case ShearingError.impossibleTarget = error else { return false }
                return "\(error)".contains("\(parameters)")
            }
        }
    }
}
