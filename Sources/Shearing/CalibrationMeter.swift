internal import Corpus
internal import Torch
internal import Transformer

/// What measures importance row by row.
protocol CalibrationMeter {
    /// Rows measured so far.
    var rowCount: Int { get }
    /// Runs one row through the model; its weights and their gradients stay as they are.
    mutating func add(row: CalibrationRow, through model: LanguageModel) throws(TorchError)
    associatedtype Scores
    /// The scores over all rows.
    func result() throws(TorchError) -> Scores
}

/// Runs every row of `batches` that has a counted target through `model` and takes the meter's scores.
/// - Throws: `ShearingError.noCalibrationData` when no row has one, `.torch`.
func calibrated<Meter: CalibrationMeter>(
    _ meter: Meter, _ model: LanguageModel, on batches: [TokenBatch]
) throws(ShearingError) -> Meter.Scores {
    var meter = meter
    try withTorch { () throws(TorchError) in
        for batch in batches {
            for index in 0..<batch.rows {
                guard let row = try CalibrationRow(index, of: batch, on: model.device) else { continue }
                try meter.add(row: row, through: model)
            }
        }
    }
    guard meter.rowCount > 0 else { throw .noCalibrationData }
    return try withTorch { () throws(TorchError) in try meter.result() }
}

/// One row of a batch on the model's device.
struct CalibrationRow {
    /// `[1, time]` Int64.
    let tokens: Tensor
    /// `[1, time]` Int64; -1 does not count.
    let targets: Tensor
    /// Targets that count, at least 1.
    let counted: Int

    /// Nil when no target of the row counts.
    init?(_ row: Int, of batch: TokenBatch, on device: Device) throws(TorchError) {
        let columns = batch.columns
        let range = row * columns..<(row + 1) * columns
        counted = batch.targets[range].count { $0 >= 0 }
        guard counted > 0 else { return nil }
        tokens = try Tensor(batch.tokens[range].map(Int64.init), shape: [1, columns]).to(device)
        targets = try Tensor(batch.targets[range].map(Int64.init), shape: [1, columns]).to(device)
    }
}
