internal import Torch
internal import Transformer

extension PretrainSpec {
    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        guard let model = context[start]?.architecture else {
            outlook.choices = context[start]?.choices
            return outlook
        }
        outlook.architecture = model
        outlook.sequenceLength = context[data]?.sequenceLength
        training.addCosts(
            to: &outlook, of: model, sequenceLength: outlook.sequenceLength, runtime: context.runtime, masked: false)
        distill?.addCosts(
            to: &outlook, student: model, context,
            rows: context.runtime.passRows(ofStep: training.batchRows),
            precision: training.precision.dtype)
        outlook.diskBytes = (outlook.diskBytes ?? 0) + CostModel(model).storedBytes(.float32)
        return outlook
    }
}
