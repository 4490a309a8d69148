/// The tokens of single characters: 256 scalars a block.
struct CharacterTokens: Sendable {
    private var blockOf = [Int32](repeating: 0, count: 0x1100)
    private var tokens = [TokenID](repeating: -1, count: 256)

    /// The token of a scalar below 0x110000; nil when it has none.
    subscript(_ scalar: UInt32) -> TokenID? {
        get {
            let token = tokens[Int(blockOf[Int(scalar >> 8)]) << 8 | Int(scalar & 255)]
            return token < 0 ? nil : token
        }
        set {
            let block = Int(scalar >> 8)
            if blockOf[block] == 0 {  // the first block is nobody's and stays empty
                blockOf[block] = Int32(tokens.count >> 8)
                tokens += [TokenID](repeating: -1, count: 256)
            }
            tokens[Int(blockOf[block]) << 8 | Int(scalar & 255)] = newValue ?? -1
        }
    }
}
