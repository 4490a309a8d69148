/// The size, place and time of last change of a file's content.
public struct FileIdentity: Sendable, Equatable {
    public var bytes: Int
    public var inode: UInt64
    /// Of the last change, since 1970: by the clock of the file system's machine, so only ever compared for equality.
    public var seconds: Int
    public var nanoseconds: Int
}
