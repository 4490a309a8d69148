internal import Mustache

/// `report.html`: a comparison as one page that needs nothing beside itself, no network, no script.
public enum HTMLReport {
    /// The page's text; equal inputs give equal bytes.
    /// - Parameters:
    ///   - comparison: what is shown.
    ///   - traces: what the training stages logged, for the curves.
    ///   - searches: what the searches measured.
    public static func render(_ comparison: Comparison, traces: [TrainingTrace], searches: [SearchTrace]) -> String {
        do {
            let template = try MustacheTemplate(string: reportTemplate)
            return template.render(PageBuilder(comparison, traces: traces, searches: searches).page)
        } catch { preconditionFailure("the report's own template does not parse: \(error)") }
    }
}
