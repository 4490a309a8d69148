internal import FoundationEssentials
internal import Glibc

/// What the machine is, as far as Linux says it.
enum Machine {
    /// Bytes of memory fitted.
    static var memoryBytes: Int? { memory("MemTotal:") }
    /// Bytes that new work can use now.
    static var availableMemoryBytes: Int? { memory("MemAvailable:") }

    private static func memory(_ field: String) -> Int? {
        text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix(field) }
            .flatMap { Int($0.filter(\.isNumber)) }.map { $0 * 1024 }
    }

    /// The processor's name and the features that matter to us.
    static var processor: (name: String, features: [String]) {
        let lines = text("/proc/cpuinfo").split(separator: "\n")
        func value(_ key: String) -> String? {
            lines.first { $0.hasPrefix(key) }.flatMap { line in
                line.firstIndex(of: ":").map { line[line.index(after: $0)...].drop { $0 == " " } }
            }.map(String.init)
        }
        let flags = Set((value("flags") ?? value("Features") ?? "").split(separator: " ").map(String.init))
        let wanted = [
            "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "avx_vnni", "asimd", "bf16",
            "sve",
        ]
        return (value("model name") ?? "unknown processor", wanted.filter { flags.contains($0) })
    }

    /// The names of NVIDIA's GPUs, as their driver says them.
    static var graphicsCards: [String] {
        let folder = "/proc/driver/nvidia/gpus"
        let cards = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return cards.sorted().compactMap { card in
            text("\(folder)/\(card)/information").split(separator: "\n").first { $0.hasPrefix("Model:") }
                .map { String($0.dropFirst("Model:".count).drop { $0 == " " || $0 == "\t" }) }
        }
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOf: URL(filePath: path), encoding: .utf8)) ?? ""
    }
}

extension Machine {
    /// Bytes free on the file system of a path.
    static func availableDiskBytes(at path: String) -> Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
