internal import CZlib
internal import CZstd

/// Compressed forms of bytes, made with the libraries themselves.
public enum CompressedFiles {
    /// One Zstandard frame with a checksum.
    public static func zstandard(_ bytes: [UInt8], windowLog: Int32 = 0) -> [UInt8] {
        guard let context = ZSTD_createCCtx() else { return [] }
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        if windowLog > 0 {
            ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1)
            ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)
            ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)
        }
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count) + 64)
        var to = ZSTD_outBuffer()
        let size = output.count
        output.withUnsafeMutableBytes { output in
            bytes.withUnsafeBytes { bytes in
                to = ZSTD_outBuffer(dst: output.baseAddress, size: size, pos: 0)
                var from = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
                while windowLog > 0, from.pos < from.size {  // in steps: the size must not be known beforehand
                    ZSTD_compressStream2(context, &to, &from, ZSTD_e_continue)
                }
                while ZSTD_compressStream2(context, &to, &from, ZSTD_e_end) != 0 {}
            }
        }
        return Array(output.prefix(to.pos))
    }

    /// A skippable Zstandard frame, which holds nothing.
    public static func skippableFrame(_ count: UInt8) -> [UInt8] {
        [0x50, 0x2A, 0x4D, 0x18, count, 0, 0, 0] + [UInt8](repeating: 7, count: Int(count))
    }

    /// One gzip member.
    public static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        let gzipFormat: Int32 = 15 + 16
        deflateInit2_(
            &stream, 6, Z_DEFLATED, gzipFormat, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 64)
        var input = bytes
        let room = UInt32(output.count)
        output.withUnsafeMutableBufferPointer { output in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = room
                deflate(&stream, Z_FINISH)
            }
        }
        deflateEnd(&stream)
        return Array(output.prefix(Int(stream.total_out)))
    }
}
