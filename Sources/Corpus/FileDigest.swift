import Files
import Glibc

/// SHA-256 over files and bytes, as 64 lower-case hexadecimal digits.
public enum FileDigest {
    /// The digest of a file's content, read once from front to back.
    /// - Throws: `CorpusError.missing` or `.io`.
    public static func sha256(ofFile path: String) throws(CorpusError) -> String {
        let descriptor = try FileSystem.openForReading(path)
        defer { close(descriptor) }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { block.deallocate() }
        var hash = SHA256()
        while true {
            let count = try FileSystem.read(descriptor, into: block, path: path)
            if count == 0 { return hexadecimal(hash.finalize()) }
            hash.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
        }
    }

    /// The digest of `bytes`.
    public static func sha256(_ bytes: UnsafeRawBufferPointer) -> String { hexadecimal(SHA256.hash(bytes)) }

    /// The digest of `bytes`.
    public static func sha256(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { sha256($0) } }
}
