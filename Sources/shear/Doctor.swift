internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import Pipeline
internal import Torch

/// `shear doctor`: what this machine has and how fast it is.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what this machine has, how fast it multiplies, and what is missing.",
        discussion: "Ends with exit code 65 when something needed is missing.")

    /// What is fetched, built and made when the quickstart runs on a machine that has nothing of it.
    private static let quickstartDiskBytes = 4 << 30

    func run() throws {
        var missing: [String] = []
        let processor = Machine.processor
        var rows = [["shear", shearlingVersion]]
        rows.append(["processor", "\(processor.name), \(ProcessInfo.processInfo.activeProcessorCount) in use"])
        rows.append([
            "instructions",
            processor.features.isEmpty ? "none of those we use" : processor.features.joined(separator: " "),
        ])
        if let total = Machine.memoryBytes, let free = Machine.availableMemoryBytes {
            rows.append(["memory", "\(Rendering.bytes(total)), \(Rendering.bytes(free)) available"])
        }
        if let disk = Machine.availableDiskBytes(at: ".") {
            let isLittle = disk < Doctor.quickstartDiskBytes
            let need =
                isLittle ? "; the quickstart takes \(Rendering.bytes(Doctor.quickstartDiskBytes)) from nothing" : ""
            rows.append(["disk here", "\(Rendering.bytes(disk)) free\(need)"])
        }
        rows.append(["libtorch", "\(Engine.version), kernels for \(Engine.cpuCapability), \(Engine.threads) threads"])
        do throws(TorchError) { try Engine.requireVersion() } catch { missing.append(error.message) }
        for dtype in [DType.float32, .bfloat16, .float16] {
            if let rate = try? Engine.measuredProductRate(dtype) {
                rows.append([
                    "\(dtype.rawValue) products", "\(Rendering.fixed(rate / 1e12, 2)) TFLOP/s measured (1024 x 1024)",
                ])
            } else {
                rows.append(["\(dtype.rawValue) products", "not available"])
            }
        }
        do throws(TorchError) {
            let count = try Engine.cudaDeviceCount()
            let names = Machine.graphicsCards.joined(separator: ", ")
            rows.append([
                "GPUs", count == 0 ? "none found by libtorch" : "\(count) that libtorch can use (\(names))",
            ])
            do throws(TorchError) {
                try Engine.requireNCCL()
                rows.append(["NCCL", "loads: GPUs of several processes exchange directly"])
            } catch { rows.append(["NCCL", "not used: \(error.message)"]) }
        } catch {
            let cards = Machine.graphicsCards
            rows.append([
                "GPUs", cards.isEmpty ? "none" : "\(cards.joined(separator: ", ")); not in use: \(error.message)",
            ])
        }
        print(lines(rows))
        guard missing.isEmpty else {
            for problem in missing { Rendering.say("missing: \(problem)") }
            throw ExitCode(ErrorCategory.data.rawValue)
        }
        print("Nothing is missing.")
    }

    private func lines(_ rows: [[String]]) -> String {
        let width = rows.map { $0[0].count }.max() ?? 0
        return rows.map { $0[0] + String(repeating: " ", count: width + 2 - $0[0].count) + $0[1] }.joined(
            separator: "\n")
    }
}
