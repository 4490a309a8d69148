internal import Glibc
internal import Torch

/// The memory of this process.
public enum MemoryUse {
    /// The most bytes that were resident at once since the process began, or since `startPeak`; 0 where the system does
    /// not say.
    public static var peakResidentBytes: Int { (firstNumber(in: "/proc/self/status", after: "VmHWM:") ?? 0) * 1024 }

    /// The bytes that are resident now; 0 where the system does not say.
    public static var residentBytes: Int { (firstNumber(in: "/proc/self/status", after: "VmRSS:") ?? 0) * 1024 }

    /// Gives back what is no longer used and forgets the peak so far, so that the next peak is that of the work to come.
    /// Where the system does not let the peak be forgotten, peaks stay those of the whole process.
    public static func startPeak() {
        Engine.releaseUnusedMemory()
        let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, "5", 1)
        close(descriptor)
    }

    /// The number of the line that begins with `label`.
    private static func firstNumber(in path: String, after label: String) -> Int? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard text.hasPrefix(label) else { continue }
            return text.dropFirst(label.count).split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
        }
        return nil
    }
}
