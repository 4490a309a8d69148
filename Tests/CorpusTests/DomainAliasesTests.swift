import Testing

@testable import Corpus

@Suite struct DomainAliasesTests {
    @Test func everyPublishedNameHasItsCanonicalForm() {
        let names = [
            "cc": "common_crawl", "RedPajamaCommonCrawl": "common_crawl", "common_crawl": "common_crawl", "c4-rp": "c4",
            "RedPajamaC4": "c4", "RedPajamaGithub": "github", "books": "book", "RedPajamaBook": "book",
            "RedPajamaArXiv": "arxiv", "wiki": "wikipedia", "RedPajamaWikipedia": "wikipedia",
            "RedPajamaStackExchange": "stackexchange", "recipes": "recipes",
        ]
        for (name, canonical) in names { #expect(DomainAliases.canonical(name) == canonical) }
    }

    @Test func manifestsMaySpellDomainsTheirWay() {
        let names = DomainAliases.names(of: ["cc", "wiki", "recipes"])
        #expect(names["common_crawl"] == "cc" && names["redpajamacommoncrawl"] == "cc")
        #expect(names["redpajamawikipedia"] == "wiki" && names["recipes"] == "recipes")
        #expect(names["c4"] == nil)
    }

    @Test func aDomainIsFoundByAnyOfItsNames() {
        let domains = ["wikipedia", "cc", "recipes"]
        for (name, domain) in [
            ("wiki", "wikipedia"), ("RedPajamaWikipedia", "wikipedia"), ("common_crawl", "cc"), ("cc", "cc"),
            ("Recipes", "recipes"),
        ] {
            #expect(DomainAliases.resolve(name, among: domains) == domain)
        }
        #expect(DomainAliases.resolve("c4", among: domains) == nil)
        #expect(DomainAliases.resolve("wiki", among: ["wiki", "wikipedia"]) == "wiki")
    }
}
