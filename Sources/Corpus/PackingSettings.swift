/// What decides the rows of a packed folder, besides the text and the tokenizer.
public struct PackingSettings: Codable, Sendable, Equatable {
    /// The tokens of a row.
    public var sequenceLength: Int
    /// How documents become rows.
    public var packing: Packing
    /// What batches do at the borders of documents unless told otherwise.
    public var borders: DocumentBorders
    /// Whether every document begins with the tokenizer's BOS, where it has one.
    public var marksBeginning: Bool
    /// Whether every document ends with the tokenizer's EOS, where it has one.
    public var marksEnd: Bool
    /// The most training tokens of a domain, taken from its first shards on; nil takes all.
    public var maxTokensPerDomain: Int?
    /// The most held-out tokens of a domain; nil takes all.
    public var maxValidationTokensPerDomain: Int?

    public init(
        sequenceLength: Int, packing: Packing = .shearingV1, borders: DocumentBorders? = nil,
        marksBeginning: Bool = true,
        marksEnd: Bool = true, maxTokensPerDomain: Int? = nil, maxValidationTokensPerDomain: Int? = nil
    ) {
        self.sequenceLength = sequenceLength
        self.packing = packing
        self.borders = borders ?? packing.defaultBorders
        self.marksBeginning = marksBeginning
        self.marksEnd = marksEnd
        self.maxTokensPerDomain = maxTokensPerDomain
        self.maxValidationTokensPerDomain = maxValidationTokensPerDomain
    }

    /// Whether anything limits the rows of a domain.
    public var hasLimits: Bool { maxTokensPerDomain != nil || maxValidationTokensPerDomain != nil }

    /// The most rows of a domain; nil where nothing limits them.
    func rowLimit(_ split: CorpusSplit) -> Int? {
        let tokens = split == .training ? maxTokensPerDomain : maxValidationTokensPerDomain
        return tokens.map { max($0 / sequenceLength, 1) }
    }
}

/// Whether a document is held out: a function of its text alone, so that copies of a text stand on the same side.
///
/// The first eight bytes of the text's SHA-256, little-endian, as a fraction of 2^64, are below `fraction`.
public func isHeldOut(_ text: [UInt8], fraction: Double) -> Bool {
    guard fraction > 0 else { return false }
    var word: UInt64 = 0
    for byte in SHA256.hash(text).prefix(8).reversed() { word = word << 8 | UInt64(byte) }
    return Double(word >> 11) * 0x1p-53 < fraction
}
