import Report
import Testing

@Suite struct HTMLReportTests {
    private func page(_ input: ComparisonInput) throws -> String {
        HTMLReport.render(try Comparison(input), traces: input.traces, searches: input.searches)
    }

    @Test func equalInputsGiveEqualBytes() throws {
        let input = SampleComparison.input()
        let first = try page(input), second = try page(SampleComparison.input())
        #expect(first == second)
        let other = try page(SampleComparison.input(seed: 18))
        #expect(first != other)
    }

    @Test func everyTagIsClosedInOrder() throws {
        for input in [SampleComparison.input(), bare] {
            let problems = MarkupCheck(try page(input)).problems
            #expect(problems.isEmpty, "\(problems.prefix(5))")
        }
    }

    @Test func thePageAsksForNothing() throws {
        let html = try page(SampleComparison.input())
        for word in [
            "http://", "https://", "//cdn", "<script", "@import", "url(", " src=", "<iframe", "<object", "<base",
        ] {
            #expect(!html.contains(word), "\(word)")
        }
        let links = html.split(separator: "href=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
        #expect(links.count > 5 && links.allSatisfy { $0.hasPrefix("#") || $0 == "data:," })
        #expect(html.contains("default-src 'none'"))
    }

    @Test func namesAreText() throws {
        let html = try page(SampleComparison.input(names: ["a<b>&\"c'", "<script>", "</svg>", "{{title}}", "e"]))
        #expect(!html.contains("<script>") && !html.contains("a<b>") && !html.contains("></svg>x"))
        #expect(html.contains("a&lt;b&gt;&amp;&quot;c&#39;") && html.contains("&lt;script&gt;"))
        #expect(html.contains("{{title}}"), "what looks like a template is text")
        let problems = MarkupCheck(html).problems
        #expect(problems.isEmpty, "\(problems.prefix(5))")
    }

    @Test func everySectionAndChartIsThere() throws {
        let html = try page(SampleComparison.input())
        for id in ["verdict", "arms", "recovery", "sizes", "domains", "tasks", "search", "training", "cost", "method"] {
            #expect(html.contains("<section id=\"\(id)\""), "\(id)")
        }
        for title in [
            "Distance from sheared", "Loss over recovery", "Loss against parameters", "Loss against speed",
            "Accuracy by task", "Hypervolume over evaluations", "Loss over training tokens", "Masks of sheared",
            "Domain weights of sheared", "Gaps of sheared to the reference losses", "Operations from the source on",
        ] { #expect(html.contains("<h3>\(title)</h3>"), "\(title)") }
        // Each drawing stands in two sizes, each with a title and a description.
        let drawings = html.split(separator: "role=\"img\"").count - 1
        #expect(drawings == html.split(separator: "<desc id=").count - 1 && drawings % 2 == 0 && drawings >= 28)
    }

    @Test func tenArmsAreToldApart() throws {
        var input = SampleComparison.input()
        for number in 5..<10 {
            input.arms.append(ComparedArm(name: "cut-\(number)", method: .oneshot, model: "cut-full", before: "cut"))
        }
        let html = try page(input)
        let section = try #require(
            html.split(separator: "<section id=\"arms\"").last?.split(separator: "</section>").first)
        let drawn = section.split(separator: "<svg class=\"k\"").dropFirst().compactMap {
            $0.split(separator: "</svg>").first
        }
        #expect(drawn.count == 10 && Set(drawn).count == 10, "\(drawn)")
    }

    /// Losses and costs alone, of two arms, one of them without recovery.
    private var bare: ComparisonInput {
        var input = SampleComparison.input()
        input.arms = [input.arms[0], input.arms[4]]
        input.arms[0].before = nil
        input.arms[0].short = nil
        input.matches = []
        input.traces = []
        input.searches = []
        for stage in input.measured.keys {
            input.measured[stage]?.tasks = []
            input.measured[stage]?.speed = nil
            input.measured[stage]?.sizes = nil
            input.measured[stage]?.domains.removeLast(6)
        }
        return input
    }

    @Test func whatIsMissingLeavesNoHole() throws {
        let html = try page(bare)
        for id in ["sizes", "domains", "tasks", "search", "training"] {
            #expect(!html.contains("\"\(id)\"") && !html.contains("#\(id)\""), "\(id)")
        }
        #expect(!html.contains("Loss over recovery") && !html.contains("nil") && !html.contains("Optional"))
        #expect(html.contains("<section id=\"recovery\"") && html.contains("<section id=\"cost\""))
    }
}

/// A small reader of our own mark-up: every element closed in order, every attribute quoted, no identifier twice.
private struct MarkupCheck {
    private(set) var problems: [String] = []

    init(_ html: String) {
        var open: [Substring] = []
        var ids: Set<Substring> = []
        var rest = html[...]
        while let start = rest.firstIndex(of: "<") {
            let text = rest[..<start]
            if text.contains(">"), open.last != "style" { problems.append("a bare > in “\(text.prefix(40))”") }
            guard let end = rest[start...].firstIndex(of: ">") else {
                problems.append("an open tag at the end"); return
            }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("!DOCTYPE") { continue }
            if tag.hasPrefix("/") {
                if open.popLast() != tag.dropFirst() { problems.append("</\(tag.dropFirst())> closes another element") }
                continue
            }
            let name = tag.prefix { $0 != " " && $0 != "/" }
            if tag.filter({ $0 == "\"" }).count % 2 != 0 { problems.append("<\(tag)> has an open quote") }
            for part in tag.split(separator: " id=\"").dropFirst()
            where !ids.insert(part.prefix { $0 != "\"" }).inserted {
                problems.append("the id \(part.prefix { $0 != "\"" }) stands twice")
            }
            if !tag.hasSuffix("/"), !["meta", "link", "br"].contains(name) { open.append(name) }
        }
        if !open.isEmpty { problems.append("never closed: \(open)") }
    }
}
