/// How documents become rows of one length.
public enum Packing: String, Codable, Sendable, CaseIterable {
    /// The paper's: the documents of a file one after the other, cut into rows; a row is cut only when a token follows
    /// it, and what is left at the end of the file, 1 to a row's tokens, is dropped.
    case shearingV1 = "shearing-v1"
    /// Nothing is dropped: what is left of each file fills common rows, and the last of these is padded.
    case keepAll = "keep-all"

    /// What batches do at the borders of documents unless told otherwise.
    public var defaultBorders: DocumentBorders { self == .shearingV1 ? .joined : .separate }
}
