public import Search

/// `kind: extract`: a sub-network to a model of its own.
public struct ExtractSpec: Encodable, Sendable, Equatable {
    /// The super-network.
    public var from: StageID
    public var choice: Choice

    /// Which sub-network is taken.
    public enum Choice: Sendable, Equatable {
        /// The one of this genome.
        case genome(Genome)
        /// The whole super-network.
        case full
        /// The one with the fewest layers and neurons.
        case smallest
        /// The one whose number of parameters is closest to this one, at most 1 percent away.
        case parameters(Int)
        /// One that a search of the super-network has measured.
        case picked(CandidatePick, search: StageID)
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case from, genome, parameters, search, pick }

    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(from, forKey: .from)
        switch choice {
        case .genome(let genome): try container.encode(genome, forKey: .genome)
        case .full: try container.encode("full", forKey: .genome)
        case .smallest: try container.encode("smallest", forKey: .genome)
        case .parameters(let count): try container.encode(count, forKey: .parameters)
        case .picked(let pick, let search):
            try container.encode(search, forKey: .search)
            try container.encode(pick, forKey: .pick)
        }
    }
}
