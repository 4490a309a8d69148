internal import FoundationEssentials

/// Files that tests compare with: small ones in the repository, large ones that a script fetches.
public enum FixtureFiles {
    /// A fetched file that is not there.
    public struct Missing: Error, CustomStringConvertible {
        public let path: String
        public var description: String { "\(path) is missing; run scripts/fetch-fixtures, or scripts/test which does" }
    }

    /// The package's root.
    public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// A file of `Tests/Fixtures/Golden`.
    public static func golden(_ name: String) -> String { "\(root)/Tests/Fixtures/Golden/\(name)" }

    /// A file or folder below `.cache/fixtures` (or `SHEARLING_FIXTURES`), such as `smollm2`.
    /// - Throws: `Missing` with the command that makes it.
    public static func fetched(_ name: String) throws(Missing) -> String {
        let base = ProcessInfo.processInfo.environment["SHEARLING_FIXTURES"] ?? "\(root)/.cache/fixtures"
        let path = "\(base)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else { throw Missing(path: path) }
        return path
    }
}
