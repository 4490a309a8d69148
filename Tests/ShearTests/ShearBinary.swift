import Fixtures
import Foundation

/// The built command, run as a user runs it.
enum ShearBinary {
    /// The repository's root: where pipelines are run from.
    static let repository = String(
        #filePath.prefix(upTo: #filePath.range(of: "/Tests/", options: .backwards)!.lowerBound))

    /// Beside the test program, where the build puts both.
    static let path: String = {
        let program =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let folders = [program, Bundle.main.bundlePath, Bundle.main.executablePath ?? ""].map {
            ($0 as NSString).deletingLastPathComponent
        }
        return folders.map { $0 + "/shear" }.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "shear"
    }()

    /// What a command printed and how it ended; a signal is negative.
    struct Outcome {
        let code: Int32
        let output: String
        let messages: String
    }

    /// Runs to the end.
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        let process = try Running(arguments, environment: environment)
        return try process.wait()
    }

    /// A command that is running.
    final class Running {
        private let process = Process()
        private let folder: TemporaryDirectory

        init(_ arguments: [String], environment: [String: String] = [:]) throws {
            folder = try TemporaryDirectory()
            try folder.write("", to: "out")
            try folder.write("", to: "err")
            process.executableURL = URL(fileURLWithPath: ShearBinary.path)
            process.arguments = arguments
            process.currentDirectoryURL = URL(fileURLWithPath: ShearBinary.repository)
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("out")))
            process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("err")))
            try process.run()
        }

        var isRunning: Bool { process.isRunning }
        var id: pid_t { process.processIdentifier }

        func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

        func wait() throws -> Outcome {
            process.waitUntilExit()
            func text(_ name: String) throws -> String { String(decoding: try folder.read(name), as: UTF8.self) }
            let code =
                process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus
            return Outcome(code: code, output: try text("out"), messages: try text("err"))
        }
    }

    /// The folders of a stage's artifacts in a run folder, partial ones included.
    static func artifacts(_ stage: String, in runs: String, pipeline: String) -> [String] {
        let folder = "\(runs)/\(pipeline)/artifacts"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix(stage + "-") }.sorted().map { "\(folder)/\($0)" }
    }
}
