/// Everything a run writes about itself: `metrics.jsonl` and `tb/`.
final class RunLog {
    private let folder: String
    private let stage: String
    private var metrics: MetricsLog?
    private var board: TensorBoardWriter?

    init(folder: String, stage: String) {
        self.folder = folder
        self.stage = stage
    }

    /// - Parameter step: The steps that the run goes on from; `nil` for a new one.
    func open(resumingAt step: Int?) throws(TrainingError) {
        metrics = try MetricsLog(path: folder + "/metrics.jsonl", stage: stage, resumingAt: step ?? -1)
        board = try TensorBoardWriter(folder: folder + "/tb", resumingAt: step ?? 0)
    }

    func append(_ step: StepMetrics) throws(TrainingError) {
        try metrics?.append(step)
        try board?.append(step)
    }

    /// Waits until all lines are on disk.
    func sync() throws(TrainingError) { try metrics?.sync() }
}
