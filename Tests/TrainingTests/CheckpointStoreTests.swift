import Files
import Fixtures
import Foundation
import Testing

@testable import Training

@Suite struct CheckpointStoreTests {
    private func save(_ store: CheckpointStore, _ step: Int) throws {
        try store.save(step: step) { (folder) throws(TrainingError) in
            try FileSystem.create("\(folder)/a.bin", [UInt8](repeating: UInt8(step), count: 1000))
            try FileSystem.create("\(folder)/b.json", Array("{}".utf8))
        }
    }

    /// The step of the newest whole checkpoint and the warnings on the way there.
    private func newest(_ store: CheckpointStore) throws -> (step: Int?, warnings: [String]) {
        var warnings: [String] = []
        let step = try store.newest(warn: { warnings.append($0) }) { (folder, step) throws(TrainingError) in
            let bytes = try FileSystem.read("\(folder)/a.bin")
            #expect(bytes == [UInt8](repeating: UInt8(step), count: 1000))
            return step
        }
        return (step, warnings)
    }

    @Test func theLastFewAreKeptAndTheNewestIsRead() throws {
        let folder = try TemporaryDirectory()
        let store = CheckpointStore(folder: folder.path("checkpoints"), keepLast: 2)
        #expect(try newest(store).step == nil)
        for step in [5, 10, 15, 20] { try save(store, step) }
        #expect(try store.steps() == [15, 20])
        let found = try newest(store)
        #expect(found.step == 20 && found.warnings.isEmpty)
        #expect(try FileSystem.names(in: store.path(of: 20)) == ["COMPLETE", "a.bin", "b.json"])
    }

    enum Damage: CaseIterable { case truncated, flipped, missing, unsealed, tornSeal }

    @Test(arguments: Damage.allCases)
    func aDamagedNewestFallsBackToTheOneBeforeAndSaysSo(damage: Damage) throws {
        let folder = try TemporaryDirectory()
        let store = CheckpointStore(folder: folder.path, keepLast: 2)
        try save(store, 1)
        try save(store, 2)
        let file = store.path(of: 2) + "/a.bin"
        switch damage {
        case .truncated: #expect(truncate(file, 999) == 0)
        case .flipped: try FileSystem.create(file, [UInt8](repeating: 2, count: 999) + [3])
        case .missing: try FileSystem.remove(file)
        case .unsealed: try FileSystem.remove(store.path(of: 2) + "/COMPLETE")
        case .tornSeal: #expect(truncate(store.path(of: 2) + "/COMPLETE", 20) == 0)
        }
        let found = try newest(store)
        #expect(found.step == 1 && found.warnings.count == 1 && found.warnings[0].contains("step-00000002"))
        // The same step can be made anew, and what was set aside goes then.
        try save(store, 2)
        #expect(try newest(store).step == 2)
        #expect(folder.names() == ["step-00000001", "step-00000002"])
    }

    @Test func whenAllAreDamagedNothingIsStartedOver() throws {
        let folder = try TemporaryDirectory()
        let store = CheckpointStore(folder: folder.path)
        try save(store, 1)
        try FileSystem.remove(store.path(of: 1) + "/b.json")
        for _ in 0..<2 { #expect { try newest(store) } throws: { "\($0)".contains("b.json is missing") } }
    }

    @Test func aFailedWriteKeepsWhatWasThere() throws {
        let folder = try TemporaryDirectory()
        let store = CheckpointStore(folder: folder.path, keepLast: 1)
        try save(store, 1)
        #expect {
            try store.save(step: 2) { (folder) throws(TrainingError) in
                try FileSystem.create("\(folder)/a.bin", [1, 2, 3])
                throw .file(path: folder, operation: "write", code: ENOSPC)
            }
        } throws: { "\($0)".contains("No space left") && "\($0)".contains("earlier checkpoints are kept") }
        #expect(folder.names() == ["step-00000001"])
        #expect(try newest(store).step == 1)
    }

    @Test func whatAKilledWriterLeftIsNoCheckpoint() throws {
        let folder = try TemporaryDirectory()
        let store = CheckpointStore(folder: folder.path)
        try save(store, 1)
        try FileSystem.makeFolder(store.path(of: 2) + ".partial")
        try FileSystem.create(store.path(of: 2) + ".partial/a.bin", [1])
        #expect(try newest(store).step == 1)
        try save(store, 3)
        #expect(folder.names() == ["step-00000001", "step-00000003"])
    }

    @Test func foldersOfOtherNamesAreNoCheckpoints() throws {
        let folder = try TemporaryDirectory()
        let store = CheckpointStore(folder: folder.path)
        try save(store, 1)
        for name in ["step-7", "step-+0000008", "step-0000000000009", "step--1", "step-00000010 "] {
            try FileSystem.makeFolder(folder.path(name))
        }
        #expect(try store.steps() == [1])
        let found = try newest(store)
        #expect(found.step == 1 && found.warnings.isEmpty)
    }

    @Test(arguments: ["../outside", "/etc/hostname", "..", ""]) func aSealCannotNameFilesElsewhere(name: String) throws
    {
        let folder = try TemporaryDirectory()
        let store = CheckpointStore(folder: folder.path("checkpoints"))
        try save(store, 1)
        try folder.write([1], to: "outside")
        let seal = store.path(of: 1) + "/COMPLETE"
        let text = String(decoding: try FileSystem.read(seal), as: UTF8.self)
        try FileSystem.create(seal, Array(text.replacingOccurrences(of: "a.bin", with: name).utf8))
        try FileSystem.remove(store.path(of: 1) + "/a.bin")
        #expect { try newest(store) } throws: { "\($0)".contains("no name in its folder") }
    }
}
