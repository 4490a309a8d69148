internal import Torch
internal import Transformer

extension PretrainSpec {
    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        outlook.architecture = context[start]?.architecture
        if outlook.architecture == nil {
            outlook.choices = context[start]?.choices
            outlook.largestChoice = context[start]?.largestChoice
        }
        guard let model = outlook.architecture ?? outlook.largestChoice else { return outlook }
        if outlook.architecture == nil {
            outlook.notes.append(
                "at most: reckoned with \(model.parameterCount) parameters, since a search is still to choose the model"
            )
        }
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
