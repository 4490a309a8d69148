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
        outlook.requirePositions(of: model)
        training.addCosts(to: &outlook, of: model, context, masked: false)
        distill?.addCosts(
            to: &outlook, student: model, context,
            rows: context.passRows(ofStep: training.batchRows),
            precision: training.precision.dtype)
        outlook.diskBytes = (outlook.diskBytes ?? 0) + CostModel(model).storedBytes(.float32)
        return outlook
    }
}
