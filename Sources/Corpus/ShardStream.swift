import CZlib
import CZstd
import Files
import Glibc

/// The uncompressed bytes of one shard file, in order, in constant memory.
final class ShardStream {
    /// How a shard is compressed.
    enum Compression { case none, gzip, zstandard }

    /// The largest window, as a power of two, that a Zstandard frame may ask for: 128 MiB, the format's own default.
    static let largestWindowLog: Int32 = 27

    /// Text is at most so many times as long as its compressed form, beyond `trustedBytes`: what expands further was made
    /// to fill memory and time. (gzip itself ends at 1032, Zstandard at over 30,000.)
    static let largestExpansion = 1000

    let path: String
    private let trustedBytes: Int
    private let descriptor: Int32
    private let input: UnsafeMutableRawBufferPointer
    private var inputStart = 0
    private var inputEnd = 0
    private var inputIsOver = false
    /// Compressed bytes read from the file so far.
    private var readCount = 0
    /// Whether the decompressor is inside a frame or member.
    private var isInsideFrame = false
    /// Uncompressed bytes given so far.
    private var givenCount = 0
    private var decoder: Decoder

    private enum Decoder {
        case none
        case gzip(UnsafeMutablePointer<z_stream>)
        case zstandard(OpaquePointer)
    }

    /// Opens the file; its name tells the compression, its first bytes where the name does not.
    /// - Parameter trustedBytes: how many uncompressed bytes are given whatever their compressed form; 1 GiB.
    init(path: String, trustedBytes: Int = 1 << 30) throws(CorpusError) {
        self.path = path
        self.trustedBytes = trustedBytes
        descriptor = try FileSystem.openForReading(path)
        input = .allocate(byteCount: 128 << 10, alignment: 64)
        decoder = .none
        try refill()
        switch compression() {
        case .none: break
        case .gzip: decoder = .gzip(try Self.makeInflater(path))
        case .zstandard: decoder = .zstandard(try Self.makeZstandard(path))
        }
    }

    deinit {
        switch decoder {
        case .none: break
        case .gzip(let stream):
            inflateEnd(stream)
            stream.deallocate()
        case .zstandard(let context): ZSTD_freeDCtx(context)
        }
        input.deallocate()
        close(descriptor)
    }

    /// Fills the front of `output` with the next bytes; 0 at the end of the shard.
    func read(into output: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
        let count =
            switch decoder {
            case .none: try copy(into: output)
            case .gzip(let stream): try inflate(stream, into: output)
            case .zstandard(let context): try decompress(context, into: output)
            }
        givenCount += count
        guard givenCount <= trustedBytes || givenCount / Self.largestExpansion <= offset else {
            throw .corrupt(
                path: path, offset: offset,
                reason: "\(offset) bytes have become \(givenCount), which no text does that is worth learning",
                remedy: "take it out of the manifest")
        }
        return count
    }

    private func compression() -> Compression {
        if path.hasSuffix(".zst") || path.hasSuffix(".zstd") { return .zstandard }
        if path.hasSuffix(".gz") { return .gzip }
        if path.hasSuffix(".jsonl") || path.hasSuffix(".json") { return .none }
        let magic = input[0..<min(4, inputEnd)]
        if magic.elementsEqual([0x28, 0xB5, 0x2F, 0xFD]) { return .zstandard }
        return magic.prefix(2).elementsEqual([0x1F, 0x8B]) ? .gzip : .none
    }

    /// The place in the file of the first byte that is not taken yet.
    private var offset: Int { readCount - (inputEnd - inputStart) }

    private func refill() throws(CorpusError) {
        guard inputStart == inputEnd, !inputIsOver else { return }
        inputStart = 0
        inputEnd = try FileSystem.read(descriptor, into: input, path: path)
        readCount += inputEnd
        inputIsOver = inputEnd == 0
    }

    private func copy(into output: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
        try refill()
        let count = min(inputEnd - inputStart, output.count)
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[inputStart..<(inputStart + count)]))
        inputStart += count
        return count
    }

    // MARK: - Zstandard

    private static func makeZstandard(_ path: String) throws(CorpusError) -> OpaquePointer {
        guard let context = ZSTD_createDCtx() else { throw .io(path: path, operation: "decompress", code: ENOMEM) }
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, largestWindowLog)
        return context
    }

    private func decompress(
        _ context: OpaquePointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CorpusError) -> Int {
        var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        while to.pos == 0 {
            try refill()
            let starved = inputIsOver
            if starved, !isInsideFrame { return 0 }
            var from = ZSTD_inBuffer(src: input.baseAddress, size: inputEnd, pos: inputStart)
            let result = ZSTD_decompressStream(context, &to, &from)
            inputStart = from.pos
            guard ZSTD_isError(result) == 0 else { throw corrupt(result) }
            isInsideFrame = result != 0
            if starved, to.pos == 0, isInsideFrame { throw .truncated(path: path, offset: readCount) }
        }
        return to.pos
    }

    private func corrupt(_ result: Int) -> CorpusError {
        let code = ZSTD_getErrorCode(result)
        let (reason, remedy) =
            switch code {
            case ZSTD_error_frameParameter_windowTooLarge:
                (
                    "a frame asks for a window above 2^\(Self.largestWindowLog) bytes",
                    "recompress it with `zstd --long=\(Self.largestWindowLog)` at most"
                )
            case ZSTD_error_prefix_unknown: ("not a Zstandard frame", CorpusError.fetchAgain)
            case ZSTD_error_memory_allocation: ("not enough memory for its window", "free memory and run again")
            default: (String(cString: ZSTD_getErrorString(code)).lowercased(), CorpusError.fetchAgain)
            }
        return .corrupt(path: path, offset: offset, reason: reason, remedy: remedy)
    }

    // MARK: - gzip

    private static func makeInflater(_ path: String) throws(CorpusError) -> UnsafeMutablePointer<z_stream> {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let gzipOnly: Int32 = 15 + 16
        guard inflateInit2_(stream, gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw .io(path: path, operation: "decompress", code: ENOMEM)
        }
        return stream
    }

    private func inflate(
        _ stream: UnsafeMutablePointer<z_stream>, into output: UnsafeMutableRawBufferPointer
    ) throws(CorpusError) -> Int {
        while true {
            try refill()
            if inputIsOver {
                if isInsideFrame { throw .truncated(path: path, offset: readCount) }
                return 0
            }
            if !isInsideFrame, try isPaddingOnly() { continue }
            isInsideFrame = true
            stream.pointee.next_in = (input.baseAddress.map { $0 + inputStart })?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(inputEnd - inputStart)
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(clamping: output.count)
            let room = Int(stream.pointee.avail_out)
            let result = CZlib.inflate(stream, Z_NO_FLUSH)
            inputStart = inputEnd - Int(stream.pointee.avail_in)
            switch result {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END:
                isInsideFrame = false
                inflateReset(stream)
            case Z_MEM_ERROR: throw .io(path: path, operation: "decompress", code: ENOMEM)
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "not a gzip member"
                throw .corrupt(path: path, offset: offset, reason: reason)
            }
            let count = room - Int(stream.pointee.avail_out)
            if count > 0 { return count }
        }
    }

    /// Skips zero bytes between and after members (tape and block padding); true when the input at hand is used up.
    private func isPaddingOnly() throws(CorpusError) -> Bool {
        guard readCount > inputEnd || inputStart > 0 else { return false }
        while inputStart < inputEnd, input[inputStart] == 0 { inputStart += 1 }
        return inputStart == inputEnd
    }
}
