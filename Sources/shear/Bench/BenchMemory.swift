internal import ArgumentParser
internal import Dispatch
internal import Pipeline
internal import Synchronization

/// `shear bench memory`: how fast this machine reads memory. A slice reads a block far larger than the caches.
struct BenchMemory: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory", abstract: "Reads a large block of memory from start to end on several threads.")

    @Option(help: "Mebibytes of the block.")
    var mebibytes = 1024
    @Option(help: "Threads that read a part each.")
    var threads = 2
    @Option(help: "Times that a slice reads all of it.")
    var passes = 3

    private struct Facts: Encodable {
        var bytes: Int
        var threads: Int
    }

    private struct Slice: Encodable {
        var seconds: Double
        var bytes: Int
        /// Of what was read, so that nothing can be left out.
        var sum: UInt64
    }

    func validate() throws {
        for (name, value) in [("mebibytes", mebibytes), ("threads", threads), ("passes", passes)] where value < 1 {
            throw ValidationError("--\(name) is \(value); it must be at least 1")
        }
    }

    func run() throws {
        let block = MemoryBlock(bytes: mebibytes << 20, parts: threads)
        Turns.say(Facts(bytes: block.bytes, threads: threads))
        while Turns.isAsked() {
            let start = ContinuousClock.now
            var sum: UInt64 = 0
            for _ in 0..<passes { sum &+= block.sum() }
            Turns.say(Slice(seconds: start.elapsedSeconds, bytes: passes * block.bytes, sum: sum))
        }
    }
}

/// Memory that is read in parts, one thread each.
private final class MemoryBlock: Sendable {
    typealias Line = SIMD8<UInt64>

    let bytes: Int
    private let parts: Int
    private nonisolated(unsafe) let lines: UnsafeMutableBufferPointer<Line>

    init(bytes: Int, parts: Int) {
        let lines = UnsafeMutableBufferPointer<Line>.allocate(capacity: bytes / MemoryLayout<Line>.stride)
        lines.initialize(repeating: Line(repeating: 1))
        self.lines = lines
        self.bytes = lines.count * MemoryLayout<Line>.stride
        self.parts = parts
    }

    deinit { lines.deallocate() }

    /// The sum of all words.
    func sum() -> UInt64 {
        let total = Mutex<UInt64>(0)
        DispatchQueue.concurrentPerform(iterations: parts) { part in
            let found = sum(lines.count * part / parts..<lines.count * (part + 1) / parts)
            total.withLock { $0 &+= found }
        }
        return total.withLock { $0 }
    }

    private func sum(_ range: Range<Int>) -> UInt64 {
        // Four sums at once: one would wait for itself instead of for memory.
        var (a, b, c, d) = (Line.zero, Line.zero, Line.zero, Line.zero)
        var index = range.lowerBound
        while index + 4 <= range.upperBound {
            a &+= lines[index]
            b &+= lines[index + 1]
            c &+= lines[index + 2]
            d &+= lines[index + 3]
            index += 4
        }
        while index < range.upperBound {
            a &+= lines[index]
            index += 1
        }
        return (a &+ b &+ c &+ d).wrappedSum()
    }
}
