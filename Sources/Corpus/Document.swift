/// One text of a corpus with its origin.
public struct Document: Sendable, Equatable {
    /// The text, valid UTF-8.
    public var text: [UInt8]
    /// Where in `text` the answer to a prompt begins; nil in plain text.
    public var answerStart: Int?
    /// The domain it belongs to: the shard's, or what its routing field says.
    public var domain: String
    /// The path of the shard it came from.
    public var shard: String
    /// The line in the uncompressed shard, counted from 1.
    public var line: Int

    public init(text: [UInt8], answerStart: Int? = nil, domain: String, shard: String, line: Int) {
        self.text = text
        self.answerStart = answerStart
        self.domain = domain
        self.shard = shard
        self.line = line
    }
}
