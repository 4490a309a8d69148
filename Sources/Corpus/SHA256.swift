internal import CLibcrypto

/// A SHA-256 under way (FIPS 180-4), by OpenSSL's libcrypto, which takes the processor's own instructions where it has them.
struct SHA256: ~Copyable {
    /// The bytes of a digest.
    static let byteCount = 32

    private let context: OpaquePointer

    init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto offers no SHA-256 here")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Takes `bytes` in after those before.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "SHA-256 failed")
    }

    /// The digest of all that was taken in, 32 bytes.
    consuming func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { digest, count in
            precondition(EVP_DigestFinal_ex(context, digest.baseAddress, nil) == 1, "SHA-256 failed")
            count = Self.byteCount
        }
    }

    /// The digest of `bytes`, 32 bytes.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// The digest of `bytes`, 32 bytes.
    static func hash(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { hash($0) } }
}
