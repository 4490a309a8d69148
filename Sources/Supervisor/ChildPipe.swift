internal import CSpawn
internal import Files
internal import Glibc

/// Both ends of a pipe, neither inherited by programs that are started; what is open goes with the object.
final class ChildPipe {
    /// -1 once closed.
    private(set) var reading: Int32
    private(set) var writing: Int32

    /// - Throws: `.system` when the process has too many files open.
    init() throws(SupervisorError) {
        var ends: [Int32] = [-1, -1]
        let code = cs_pipe(&ends)
        guard code == 0 else { throw .system(FileFailure(path: "pipe", operation: "make", code: code)) }
        (reading, writing) = (ends[0], ends[1])
        setNonBlocking(reading)
    }

    deinit {
        closeWriting()
        closeReading()
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    func closeReading() {
        if reading >= 0 { close(reading) }
        reading = -1
    }

    /// All bytes that are there now. Closes the reading end when nobody can write any more.
    func takeAll() -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 14)
        // A writer that never stops must not hold the reader for ever.
        while reading >= 0, bytes.count < 1 << 20 {
            let count = read(reading, &block, block.count)
            if count > 0 {
                bytes += block[..<count]
            } else if count == 0 {
                closeReading()
            } else if errno != EINTR {
                break
            }
        }
        return bytes
    }
}

/// Lets reads and writes of a descriptor return at once with what is possible.
func setNonBlocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
}
