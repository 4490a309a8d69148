import Corpus
import Evaluation
import Fixtures
import Testing
import Torch
import Transformer

@testable import Training

@Suite struct DistillationTests {
    /// A teacher of another width and depth than `TinyRun`'s student.
    static func teacher(_ dtype: DType = .float32, vocabulary: Int = TinyCorpus.vocabularySize) throws -> LanguageModel
    {
        try TinyModel.make(
            TinyModel.architecture(layers: 3, hidden: 24, vocabulary: vocabulary), seed: 5, computeDType: dtype)
    }

    @Test(arguments: [DType.float32, .bfloat16], [1.0, 0.4]) func aRunInPiecesEndsWithTheSameBits(
        dtype: DType, weight: Double
    ) throws {
        var run = try TinyRun(separateDocuments: true)
        run.computeDType = dtype
        run.settings.microBatchRows = 4
        let settings = DistillationSettings(weight: weight, temperature: 1.5)
        func trainer(_ name: String) throws -> Trainer<DistillationObjective> {
            try run.trainer(in: name) {
                try DistillationObjective($0, teacher: Self.teacher(dtype), settings: settings)
            }
        }
        let whole = try trainer("whole")
        #expect(try whole.run() == .reached)
        for last in [1, 7, run.settings.steps] { try trainer("pieces").run(until: last) }
        let resumed = try trainer("pieces")
        #expect(resumed.step == run.settings.steps)
        #expect(try bits(resumed.model) == bits(whole.model))
        #expect(resumed.evaluation == whole.evaluation)
    }

    @Test func microBatchesAndRecomputationDoNotChangeTheStep() throws {
        var run = try TinyRun()
        run.settings.steps = 2
        run.settings.mixture = nil
        run.settings.evaluateEvery = nil
        func end(_ name: String, _ change: (inout TrainingSettings) -> Void) throws -> LanguageModel {
            var copy = run
            change(&copy.settings)
            let trainer = try copy.trainer(in: name) {
                try DistillationObjective($0, teacher: Self.teacher(), settings: DistillationSettings(weight: 0.7))
            }
            try trainer.run()
            return trainer.model
        }
        let whole = try end("whole") { _ in }
        #expect(try distance(whole, end("parts") { $0.microBatchRows = 2 }) < 1e-5)
        #expect(try distance(whole, end("recomputed") { $0.recomputesBlocks = true }) < 1e-5)
    }

    /// With no weight on the divergence distillation is next-token training, to the rounding of another kernel.
    @Test func withoutADivergenceItIsNextTokenTraining() throws {
        var run = try TinyRun()
        run.settings.steps = 3
        let plain = try run.trainer(in: "plain")
        try plain.run()
        let distilled = try run.trainer(in: "distilled") {
            try DistillationObjective($0, teacher: Self.teacher(), settings: DistillationSettings(weight: 0))
        }
        try distilled.run()
        #expect(try distance(plain.model, distilled.model) < 1e-5)
    }

    @Test func theStudentComesNearerToItsTeacher() throws {
        var run = try TinyRun()
        run.settings.steps = 40
        run.settings.peakRate = 1e-2
        let teacher = try Self.teacher()
        let before = try teacher.weights().map { try $0.tensor.floats() }
        let trainer = try run.trainer(in: "run") { try DistillationObjective($0, teacher: teacher) }
        var divergences: [Double] = []
        try trainer.run { (metrics) throws(TrainingError) in
            divergences.append(metrics.objective["distill/divergence"] ?? .nan)
            #expect(abs(metrics.loss - (metrics.objective["distill/divergence"] ?? .nan)) < 1e-4)
            #expect((metrics.objective["distill/cross_entropy"] ?? .nan) > 0)
        }
        let (first, last) = (divergences.prefix(5).reduce(0, +) / 5, divergences.suffix(5).reduce(0, +) / 5)
        #expect(last < 0.9 * first, "\(first) to \(last)")
        #expect(try teacher.weights().map { try $0.tensor.floats() } == before)
        #expect(teacher.parameters.allSatisfy { $0.gradient == nil })
    }

    @Test func aTeacherThatDoesNotFitIsRefused() throws {
        let student = try TinyRun().model()
        #expect { try DistillationObjective(student, teacher: Self.teacher(vocabulary: 63)) } throws: {
            "\($0)".contains("63 tokens") && "\($0)".contains("64")
        }
        #expect(throws: TrainingError.self) { try DistillationObjective(student, teacher: Self.teacher(.bfloat16)) }
        for settings in [DistillationSettings(weight: 1.1), DistillationSettings(temperature: 0)] {
            #expect(throws: TrainingError.self) {
                try DistillationObjective(student, teacher: Self.teacher(), settings: settings)
            }
        }
    }
}
