/// The ids that begin, end and pad a text, as configuration files state them.
public struct SpecialTokens: Codable, Sendable, Hashable {
    /// The id before the first token of a text.
    public var beginOfText: Int?
    /// The ids that end a text; generation stops at any of them.
    public var endOfText: [Int]
    /// The id that fills unused positions.
    public var padding: Int?

    /// The ids of a model; nil or empty where it has none.
    public init(beginOfText: Int? = nil, endOfText: [Int] = [], padding: Int? = nil) {
        self.beginOfText = beginOfText
        self.endOfText = endOfText
        self.padding = padding
    }

    init(_ config: JSONValue) {
        /// Ids that no token has, such as -1, stand for none.
        func id(_ value: JSONValue?) -> Int? {
            value?.integer.flatMap { (0...Int(Int32.max)).contains($0) ? $0 : nil }
        }
        beginOfText = id(config["bos_token_id"])
        padding = id(config["pad_token_id"])
        let ends = config["eos_token_id"]
        endOfText = id(ends).map { [$0] } ?? ends?.array?.compactMap { id($0) } ?? []
    }

    var members: [JSONValue.Member] {
        let end: JSONValue =
            switch endOfText.count {
            case 0: .null
            case 1: .integer(endOfText[0])
            default: .array(endOfText.map { .integer($0) })
            }
        return [
            .init("bos_token_id", beginOfText.map { .integer($0) } ?? .null),
            .init("eos_token_id", end),
            .init("pad_token_id", padding.map { .integer($0) } ?? .null),
        ]
    }
}
