/// The names under which the seven domains of RedPajama go in its folders, in LLM-Shearing, in SlimPajama's
/// `redpajama_set_name` and in the Hugging Face loader's `red_pajama_subset`.
public enum DomainAliases {
    /// The canonical names with every other spelling, as facts of the published layouts.
    public static let table: [(canonical: String, others: [String])] = [
        ("common_crawl", ["cc", "commoncrawl", "RedPajamaCommonCrawl"]),
        ("c4", ["c4-rp", "RedPajamaC4"]),
        ("github", ["RedPajamaGithub"]),
        ("book", ["books", "RedPajamaBook"]),
        ("arxiv", ["RedPajamaArXiv"]),
        ("wikipedia", ["wiki", "RedPajamaWikipedia"]),
        ("stackexchange", ["stack_exchange", "RedPajamaStackExchange"]),
    ]

    /// The canonical name of a domain; an unknown one is its own.
    public static func canonical(_ name: String) -> String {
        canonicalByKey[key(name)] ?? name
    }

    /// The one of `domains` that `name` means, spelt as it stands there or by any other name of the table; nil: none.
    public static func resolve(_ name: String, among domains: [String]) -> String? {
        if domains.contains(name) { return name }
        let names = names(of: domains)
        return names[name] ?? names[key(name)]
    }

    /// Every spelling under which a record may name one of `domains`, with the domain as the manifest spells it.
    static func names(of domains: [String]) -> [String: String] {
        var names: [String: String] = [:]
        for domain in domains {
            let canonical = canonical(domain)
            for entry in table where entry.canonical == canonical {
                for other in [entry.canonical] + entry.others { names[key(other)] = domain }
            }
        }
        for domain in domains {
            names[key(domain)] = domain
            names[domain] = domain
        }
        return names
    }

    /// Spellings differ in case only.
    static func key(_ name: String) -> String { name.lowercased() }

    private static let canonicalByKey: [String: String] = {
        var result: [String: String] = [:]
        for entry in table {
            for name in [entry.canonical] + entry.others { result[key(name)] = entry.canonical }
        }
        return result
    }()
}
