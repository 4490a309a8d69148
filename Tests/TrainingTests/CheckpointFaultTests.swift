import Corpus
import Files
import Fixtures
import Foundation
import Testing

@testable import Training

/// What becomes of a run whose newest checkpoint is damaged, or whose disk fails while it writes or reads one: it ends
/// with the bits of an undisturbed run, or in an error that says what to do and costs nothing.
@Suite struct CheckpointFaultTests {
    /// The weights of a run that nothing befalls.
    private static let undisturbed = Result {
        let trainer = try TinyRun().trainer(in: "whole")
        try trainer.run()
        return try bits(trainer.model)
    }

    enum Damage: String, CaseIterable {
        case truncated, flipped, deleted, swapped, emptied, emptySeal, staleSeal, olderFile, olderFolder, halfRenamed
        case foreignFile, sealOfNothing

        /// What the warning names.
        var words: String {
            switch self {
            case .truncated: "optimizer.safetensors has 1000 bytes instead of"
            case .flipped, .olderFile: "model.safetensors is not what was written: its SHA-256 differs"
            case .deleted: "data.json is missing"
            case .swapped: "data.json has"
            case .emptied: "trainer.json has 0 bytes instead of"
            case .emptySeal: "COMPLETE"
            case .staleSeal, .olderFolder: "its COMPLETE is that of step 8"
            case .halfRenamed: "COMPLETE is missing"
            case .foreignFile: "objective.safetensors is not one of the files that COMPLETE lists"
            case .sealOfNothing: "is not one of the files that COMPLETE lists"
            }
        }

        func befall(_ newest: String, _ older: String) throws {
            let files = FileManager.default
            switch self {
            case .truncated: #expect(truncate(newest + "/optimizer.safetensors", 1000) == 0)
            case .flipped:
                var bytes = try FileSystem.read(newest + "/model.safetensors")
                bytes[bytes.count - 77] ^= 4
                try FileSystem.create(newest + "/model.safetensors", bytes)
            case .deleted: try FileSystem.remove(newest + "/data.json")
            case .swapped:
                try FileSystem.rename(newest + "/data.json", to: newest + "/aside")
                try FileSystem.rename(newest + "/trainer.json", to: newest + "/data.json")
                try FileSystem.rename(newest + "/aside", to: newest + "/trainer.json")
            case .emptied: try FileSystem.create(newest + "/trainer.json", [])
            case .emptySeal: try FileSystem.create(newest + "/COMPLETE", [])
            case .staleSeal: try FileSystem.create(newest + "/COMPLETE", try FileSystem.read(older + "/COMPLETE"))
            case .olderFile:
                try FileSystem.create(newest + "/model.safetensors", try FileSystem.read(older + "/model.safetensors"))
            case .olderFolder:
                try FileSystem.remove(newest)
                try files.copyItem(atPath: older, toPath: newest)
            case .halfRenamed:
                try FileSystem.makeFolder(newest + ".partial")
                for name in ["COMPLETE", "data.json"] {
                    try FileSystem.rename("\(newest)/\(name)", to: "\(newest).partial/\(name)")
                }
            case .foreignFile:
                try files.copyItem(atPath: newest + "/model.safetensors", toPath: newest + "/objective.safetensors")
            case .sealOfNothing:
                try FileSystem.create(newest + "/COMPLETE", Array(#"{"schema":1,"step":9,"files":{}}"#.utf8))
            }
        }
    }

    /// A seal says that a checkpoint is as it was written, not that a run wrote it.
    @Test(arguments: ["step", "tokens", "mixture", "weights", "prior", "data"])
    func aSealedCheckpointOfNonsenseIsRefused(what: String) throws {
        let run = try TinyRun()
        try run.trainer(in: "run").run(until: 4)
        let place = run.folder.path("run/checkpoints/step-00000004")
        func change(_ file: String, _ body: (inout [String: Any]) throws -> Void) throws {
            let bytes = Data(try FileSystem.read("\(place)/\(file)"))
            var object = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
            try body(&object)
            try FileSystem.create("\(place)/\(file)", [UInt8](try JSONSerialization.data(withJSONObject: object)))
        }
        switch what {
        case "step": try change("trainer.json") { $0["step"] = 9 }
        case "tokens": try change("trainer.json") { $0["tokens"] = -1 }
        case "mixture": try change("trainer.json") { $0["mixture"] = nil }
        case "data": try change("data.json") { $0["step"] = 1 << 50 }
        default:
            try change("trainer.json") { object in
                var mixture = try #require(object["mixture"] as? [String: Any])
                mixture[what] = [0.5]
                object["mixture"] = mixture
            }
        }
        try change("COMPLETE") { seal in
            var files: [String: Any] = [:]
            for name in try FileSystem.names(in: place) where name != "COMPLETE" {
                let bytes = try FileSystem.read("\(place)/\(name)")
                files[name] = ["bytes": bytes.count, "sha256": FileDigest.sha256(bytes)]
            }
            seal["files"] = files
        }
        #expect(throws: TrainingError.self) { try run.trainer(in: "run") }
    }

    @Test(arguments: Damage.allCases)
    func aDamagedNewestCheckpointCostsOnlyTime(damage: Damage) throws {
        let run = try TinyRun()
        try run.trainer(in: "pieces").run(until: 9)
        let checkpoints = run.folder.path("pieces/checkpoints")
        try damage.befall(checkpoints + "/step-00000009", checkpoints + "/step-00000008")
        var warnings: [String] = []
        let resumed = try run.trainer(in: "pieces") { warnings.append($0) }
        #expect(resumed.step == 8)
        #expect(warnings.count == 1 && warnings[0].contains("step-00000009 is damaged"), "\(warnings)")
        #expect(warnings.first?.contains(damage.words) == true, "\(warnings)")
        try resumed.run()
        #expect(try bits(resumed.model) == Self.undisturbed.get())
        #expect(try FileSystem.names(in: checkpoints).allSatisfy { !$0.contains(".") }, "what was set aside is gone")
    }

    @Test func whereNoneIsWholeNothingIsStartedOverHoweverOftenOneTries() throws {
        let run = try TinyRun()
        try run.trainer(in: "run").run(until: 9)
        let checkpoints = run.folder.path("run/checkpoints")
        for step in ["step-00000008", "step-00000009"] { try FileSystem.remove("\(checkpoints)/\(step)/COMPLETE") }
        for _ in 0..<2 {
            #expect {
                try run.trainer(in: "run")
            } throws: {
                "\($0)".contains("None of the checkpoints") && "\($0)".contains("Restore one from a backup")
            }
        }
    }

    @Test func aSealOfALaterVersionIsNoDamage() throws {
        let run = try TinyRun()
        try run.trainer(in: "run").run(until: 9)
        let seal = run.folder.path("run/checkpoints/step-00000009/COMPLETE")
        let text = String(decoding: try FileSystem.read(seal), as: UTF8.self)
        try FileSystem.create(seal, Array(text.replacing(/"schema"\s*:\s*1/, with: "\"schema\": 2").utf8))
        #expect { try run.trainer(in: "run") } throws: { "\($0)".contains("its schema is 2, this run's is 1") }
        try FileSystem.create(seal, Array(text.utf8))
        #expect(try run.trainer(in: "run").step == 9)
    }

    // MARK: - Faults of the system

    private static let key = "SHEARLING_TEST_FAULTY_RUN"

    /// Not a test of its own: the process that is started with a fault runs it, and leaves what was said in `said`.
    @Test func trainsUnderAFault() throws {
        guard let folder = ProcessInfo.processInfo.environment[Self.key] else { return }
        let run = try TinyRun()
        // TinyRun's own folder differs in each process; a link takes its place.
        try FileManager.default.createSymbolicLink(atPath: run.folder.path("run"), withDestinationPath: folder)
        var said: [String] = []
        do {
            try run.trainer(in: "run", warn: { said.append($0) }).run()
            said.append("done")
        } catch {
            said.append("\(error)")
        }
        try FileSystem.create(folder + "/said", Array(said.joined(separator: "\n").utf8))
    }

    /// Goes on with a run of 9 steps in a process with a fault; returns what it said.
    private func said(under fault: [String: String], in run: TinyRun) throws -> String {
        try run.trainer(in: "pieces").run(until: 9)
        let folder = run.folder.path("pieces")
        let child = try TestProcess("trainsUnderAFault", environment: fault.merging([Self.key: folder]) { $1 })
        #expect(child.waitForEnd() == .exit(0))
        return String(decoding: try FileSystem.read(folder + "/said"), as: UTF8.self)
    }

    /// Call, part of its path, `errno`, calls before it.
    private static let writeFaults: [(Faults.Call, String, Int32, Int)] = [
        (.write, "step-00000012.partial/optimizer", ENOSPC, 0), (.write, "step-00000012.partial/model", EIO, 0),
        (.fsync, "step-00000012.partial/trainer.json", EIO, 0),
        // The sixth rename is that of the folder, after those of its files.
        (.rename, "step-00000012", EIO, 5), (.mkdir, "step-00000012", EROFS, 0),
    ]

    @Test(arguments: writeFaults)
    func aCheckpointThatCannotBeWrittenKeepsTheOneBefore(call: Faults.Call, part: String, code: Int32, skip: Int) throws
    {
        let run = try TinyRun()
        let said = try said(under: Faults.failing(call, part, with: code, after: skip), in: run)
        #expect(said.contains(systemMessage(code)) && said.contains("step-00000012"), "\(said)")
        let remedy = try #require(FileFailure(path: "", operation: "", code: code).remedy)
        #expect(said.contains(remedy), "\(said)")
        let names = try FileSystem.names(in: run.folder.path("pieces/checkpoints"))
        #expect(names == ["step-00000008", "step-00000009"])
        let resumed = try run.trainer(in: "pieces")
        #expect(resumed.step == 9)
        try resumed.run()
        #expect(try bits(resumed.model) == Self.undisturbed.get())
    }

    @Test func aCheckpointOnABadSpotOfTheDiskIsDamaged() throws {
        let run = try TinyRun()
        let said = try said(under: Faults.failing(.read, "step-00000009/model.safetensors", with: EIO), in: run)
        #expect(
            said.contains("step-00000009 is damaged (model.safetensors: read failed: Input/output error)"), "\(said)")
        #expect(said.hasSuffix("done"))
        #expect(try bits(run.trainer(in: "pieces").model) == Self.undisturbed.get())
    }

    @Test func aCheckpointThatMayNotBeReadIsLeftAsItIs() throws {
        let run = try TinyRun()
        let said = try said(under: Faults.failing(.open, "step-00000009/model.safetensors", with: EACCES), in: run)
        #expect(said.contains("Permission denied") && said.contains("give this user the right"), "\(said)")
        #expect(try run.trainer(in: "pieces").step == 9)
    }
}
