import Foundation
import Testing

@testable import Pipeline

@Suite struct FingerprintTests {
    private func key(
        _ with: [String: RecordValue] = ["steps": .integer(3)], seed: UInt64? = 1, revision: Int = 1,
        inputs: [StageRecord.InputRecord] = []
    ) -> StageKey {
        StageKey(kind: .pretrain, revision: revision, seed: seed, with: .object(with), inputs: inputs)
    }

    @Test func itIsTheSameOnEveryRunAndMachine() {
        // SHA-256 of the canonical JSON, taken with sha256sum.
        let value: RecordValue = .object(["b": .array([.integer(1), .number(0.5)]), "a": .string("x/y")])
        #expect(String(decoding: CanonicalJSON.bytes(of: value), as: UTF8.self) == #"{"a":"x/y","b":[1,0.5]}"#)
        #expect(Fingerprint(value).digits == "276e5a0b696fba94804d18a976bbbaf433a46de9b42c20067c7d3844a6f9afc9")
        #expect(key().fingerprint == key().fingerprint)
    }

    @Test func itChangesWithEveryPartOfTheKey() {
        let base = key().fingerprint
        let input = StageRecord.InputRecord(key: "start", stage: nil, path: "x", fingerprint: Fingerprint(of: [1]))
        let moved = StageRecord.InputRecord(key: "start", stage: nil, path: "y", fingerprint: Fingerprint(of: [1]))
        let other = StageRecord.InputRecord(key: "start", stage: nil, path: "x", fingerprint: Fingerprint(of: [2]))
        #expect(key(["steps": .integer(4)]).fingerprint != base)
        #expect(key(["steps": .integer(3), "rate": .number(1)]).fingerprint != base)
        #expect(key(seed: 2).fingerprint != base)
        #expect(key(revision: 2).fingerprint != base)
        #expect(key(inputs: [input]).fingerprint != base)
        #expect(key(inputs: [input]).fingerprint != key(inputs: [other]).fingerprint)
        #expect(key(inputs: [input]).fingerprint == key(inputs: [moved]).fingerprint)
    }

    /// Every stage of the sound pipeline: a change of `runtime:` leaves all fingerprints, a change of `with:` changes
    /// those of the stage and of what rests on it.
    @Test func onlyWithIsHashed() throws {
        func specs(_ overrides: [String]) throws -> [Fingerprint] {
            try PipelineFile(text: soundText, path: "p.yaml", overrides: overrides).stages.map {
                StageKey(kind: $0.kind, revision: 1, seed: nil, with: RecordValue($0.spec), inputs: []).fingerprint
            }
        }
        let base = try specs([])
        #expect(
            try specs(["sheared.runtime.micro_batch=1", "sheared.runtime.log_every=3", "base.runtime.threads=1"])
                == base)
        // The same value spelt out is the same key.
        #expect(try specs(["sheared.method=learned", "packed.packing=shearing-v1", "exported.dtype=bfloat16"]) == base)
        let changes = [
            "sheared.steps=21", "sheared.batch_rows=3", "sheared.rate=2.0e-3", "sheared.warmup_steps=3",
            "sheared.final_rate_fraction=0.2", "sheared.clip=2.0", "sheared.weight_decay=0.1",
            "sheared.precision=float32",
            "sheared.evaluate_every=5", "sheared.evaluate_rows=2", "sheared.seed=5", "sheared.constraint=quadratic",
            "sheared.mask_start=importance", "sheared.importance_span=3", "sheared.ramp_steps=3",
            "sheared.mask_rate=0.5",
            "sheared.multiplier_rate=0.5", "sheared.mask_schedule=constant", "sheared.mask_clip=2.0",
            "sheared.quadratic_weight=3.0", "sheared.multiplier_bound=5.0", "sheared.stop_when_frozen=3",
            "sheared.skip_masked=false",
            "sheared.calibration_batches=3", "sheared.calibration_rows=7", "sheared.target.layers=2",
            "sheared.mixture.weights=natural", "sheared.mixture.exhausted=stop",
        ]
        for change in changes {
            let changed = try specs([change])
            #expect(changed[2] != base[2], "\(change) is not hashed")
            #expect(changed[0] == base[0] && changed[3] == base[3], "\(change) touches other stages")
        }
    }

    @Test func aChangeIsNamedByItsKey() {
        var record = StageRecord(
            id: stage("a"), kind: .pretrain, fingerprint: Fingerprint(of: [1]), revision: 1, seed: 1,
            with: .object(["steps": .integer(3), "mixture": .object(["weights": .string("natural")])]), inputs: [],
            lineage: [], codeVersion: "", libtorchVersion: "", processor: "", finishedAt: 0, cost: StageCost(),
            facts: .null, files: [])
        let with: [String: RecordValue] = ["steps": .integer(3), "mixture": .object(["weights": .string("uniform")])]
        #expect(key(with).change(from: record) == "with.mixture.weights changed from natural to uniform")
        record.with = .object(with)
        #expect(key(with).change(from: record) == nil)
        #expect(key(with, seed: 4).change(from: record) == "the seed changed from 1 to 4")
        #expect(key(with, revision: 2).change(from: record)?.contains("revision 1 to 2") == true)
    }
}
