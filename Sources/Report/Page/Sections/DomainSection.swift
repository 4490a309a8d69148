internal import Statistics

extension PageBuilder {
    /// The loss of each domain at the end.
    var domainSection: Page.Section {
        guard let table = comparison.losses.last, let first = table.entries.first, first.domains.count > 1 else {
            return Page.Section(id: "domains", title: "Domains")
        }
        let names = table.entries.map(\.arm)
        let rows = first.domains.indices.map { index in
            let losses = table.entries.map { $0.domains[index].loss }
            let least = losses.min()
            return Page.Row(
                cells: [.words(first.domains[index].domain)]
                    + losses.map { loss in
                        var cell = Page.Cell.number(Numerals.fixed(loss, 3))
                        if loss == least { cell.style += " first" }
                        return cell
                    })
        }
        let means = Page.Row(
            cells: [.words("mean")] + table.entries.map { .number(Numerals.fixed($0.mean.value, 3)) }, style: "sum")
        return Page.Section(
            id: "domains", title: "Domains",
            tables: [
                Page.Table(
                    caption: "Loss by domain \(table.regime.label), nats per token",
                    head: [wordHead("domain")] + names.map { head($0) }, rows: rows + [means],
                    note: "The lowest of each row in bold; single domains are not tested.")
            ])
    }
}
