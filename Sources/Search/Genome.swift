/// A point of a search space: for every gene the index of the option that it takes.
///
/// Its text, in journals and JSON, is the indices joined by hyphens: `2-0-1-1`.
public struct Genome: Sendable, Hashable {
    /// One option index per gene; an index is below 256.
    public let genes: [UInt8]

    public init(_ genes: [UInt8]) {
        self.genes = genes
    }

    /// The option of a gene.
    public subscript(gene: Int) -> Int { Int(genes[gene]) }

    /// The number of genes.
    public var count: Int { genes.count }
}

extension Genome: LosslessStringConvertible {
    /// The indices, joined by hyphens.
    public var description: String {
        genes.map { String($0) }.joined(separator: "-")
    }

    /// Reads what `description` gives; nil for any other text.
    public init?(_ description: String) {
        let parts = description.split(separator: "-", omittingEmptySubsequences: false)
        let genes = parts.compactMap { UInt8($0) }
        guard genes.count == parts.count else { return nil }
        self.init(genes)
        guard self.description == description else { return nil }
    }
}

extension Genome: Codable {
    /// - Throws: `DecodingError` for anything else than a genome's description.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let genome = Genome(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is no genome: option indices below 256 joined by hyphens")
        }
        self = genome
    }

    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
