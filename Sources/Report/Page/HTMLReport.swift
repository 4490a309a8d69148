public import Mustache

/// `report.html`: a comparison as one page that needs nothing beside itself, no network, no script.
public enum HTMLReport {
    /// The page's text; equal inputs give equal bytes.
    /// - Parameters:
    ///   - comparison: what is shown.
    ///   - traces: what the training stages logged, for the curves.
    ///   - searches: what the searches measured.
    /// - Throws: the template engine's error when the template, which is ours, does not parse.
    public static func render(
        _ comparison: Comparison, traces: [TrainingTrace], searches: [SearchTrace]
    ) throws(MustacheTemplate.Error) -> String {
        let template: MustacheTemplate
        do { template = try MustacheTemplate(string: reportTemplate) } catch let error as MustacheTemplate.Error {
            throw error
        } catch { preconditionFailure("the template engine threw what it does not declare: \(error)") }
        let page = PageBuilder(comparison, traces: traces, searches: searches).page
        return template.render(page)
    }
}
