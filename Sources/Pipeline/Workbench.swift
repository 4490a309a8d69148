internal import Glibc
public import Torch
public import Training

/// What a running stage works with: its inputs, its settings, and the way to tell how it goes.
public struct Workbench {
    public let id: StageID
    public let kind: StageKind
    public let fingerprint: Fingerprint
    /// The name of the pipeline, for model cards.
    public let pipeline: String
    /// The stage's seed.
    public let seed: UInt64
    public let runtime: RuntimeSettings
    /// Every artifact the stage rests on, nearest first.
    public let lineage: [StageRecord.Ancestor]
    /// Set when the process is asked to stop.
    public let stop: StopFlag
    /// The ranks that work on the stage together; nil where this process does alone.
    let group: ProcessGroup?
    /// What this rank takes.
    let meter: CostMeter
    /// The artifacts of the stages it reads.
    let artifacts: [StageID: Artifact]
    /// Posts an event.
    let post: (RunEvent) -> Void

    /// The artifact of a stage it reads. The planner has made sure that it is there; its absence is our bug.
    public func artifact(_ id: StageID) -> Artifact {
        guard let artifact = artifacts[id] else {
            preconditionFailure("stage \(self.id) reads \(id) without needing it")
        }
        return artifact
    }

    /// The device named in `runtime:`; of several ranks on a machine each takes the next one.
    public var device: Device {
        guard runtime.device.hasPrefix("cuda:"), let index = Int(runtime.device.dropFirst(5)) else { return .cpu }
        return .cuda(index + (group?.ranks.localRank ?? 0))
    }

    /// Ends the stage where the process was asked to stop.
    /// - Parameter step: how far it has come.
    /// - Throws: `.interrupted`.
    func endIfStopped(at step: Int) throws(PipelineError) {
        if stop.isRaised { throw .interrupted(signal: stop.signal ?? SIGINT, step: step) }
    }

    /// Tells what the stage is doing.
    public func note(_ text: String) { post(.note(id: id, text: text)) }

    /// The chain of artifacts for a model's metadata and card, nearest first: position and id to kind and fingerprint.
    public var lineageMetadata: [String: String] {
        let own = StageRecord.Ancestor(id: id, kind: kind, fingerprint: fingerprint)
        var metadata: [String: String] = [:]
        for (index, ancestor) in ([own] + lineage).enumerated() {
            let place = index < 10 ? "0\(index)" : "\(index)"
            metadata["\(place) \(ancestor.id)"] = "\(ancestor.kind.rawValue) \(ancestor.fingerprint)"
        }
        return metadata
    }
}
