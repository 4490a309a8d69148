import CCorpus
import Glibc

/// The lines of a shard, one at a time, in memory that holds the longest allowed line and no more.
final class JSONLines {
    /// One line without its newline.
    struct Line {
        /// Counted from 1.
        var number: Int
        /// Where it begins in the uncompressed shard, in bytes.
        var offset: Int
        /// Its bytes, with `cc_json_padding` readable ones behind them, valid until the next line; nil when it is
        /// longer than allowed.
        var bytes: UnsafeBufferPointer<UInt8>?
    }

    private let stream: ShardStream
    private let limit: Int
    private let padding = cc_json_padding()
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var isOver = false
    private var lineCount = 0
    /// Where `start` is in the uncompressed shard.
    private var position = 0

    /// - Parameter limit: the longest line in bytes, at least 1.
    init(_ stream: ShardStream, limit: Int) {
        self.stream = stream
        self.limit = max(1, limit)
        buffer = .allocate(byteCount: (256 << 10) + padding, alignment: 64)
    }

    deinit { buffer.deallocate() }

    /// The size of the buffer now.
    var bufferBytes: Int { buffer.count }

    /// The next line, blank ones included; nil at the end.
    func next() throws(CorpusError) -> Line? {
        var searched = start
        while true {
            if let newline = find(0x0A, from: searched) { return take(upTo: newline, skipping: 1) }
            searched = end
            if isOver { return start == end ? nil : take(upTo: end, skipping: 0) }
            if end - start > limit { return try skipLongLine() }
            searched -= makeRoom()
            try fill()
        }
    }

    private func find(_ byte: UInt8, from: Int) -> Int? {
        guard from < end, let base = buffer.baseAddress, let hit = memchr(base + from, Int32(byte), end - from) else {
            return nil
        }
        return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
    }

    private func take(upTo stop: Int, skipping: Int) -> Line {
        lineCount += 1
        let line = Line(number: lineCount, offset: position, bytes: stop - start > limit ? nil : bytes(start, stop))
        position += stop - start + skipping
        start = stop + skipping
        return line
    }

    private func bytes(_ from: Int, _ to: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[from..<to]).assumingMemoryBound(to: UInt8.self)
    }

    /// Passes over a line that is too long without keeping it.
    private func skipLongLine() throws(CorpusError) -> Line {
        lineCount += 1
        let line = Line(number: lineCount, offset: position, bytes: nil)
        while true {
            if let newline = find(0x0A, from: start) {
                position += newline + 1 - start
                start = newline + 1
                return line
            }
            position += end - start
            start = 0
            end = 0
            if isOver { return line }
            try fill()
        }
    }

    /// Moves the started line to the front and doubles the buffer when it is full; gives how far the line moved.
    private func makeRoom() -> Int {
        let moved = start
        if start > 0, let base = buffer.baseAddress {
            memmove(base, base + start, end - start)
            end -= start
            start = 0
        }
        if end + padding >= buffer.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: min(2 * buffer.count, limit + (256 << 10) + padding), alignment: 64)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[0..<end]))
            buffer.deallocate()
            buffer = larger
        }
        return moved
    }

    private func fill() throws(CorpusError) {
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[end..<(buffer.count - padding)])
        let count = try stream.read(into: room)
        isOver = count == 0
        end += count
    }
}
