internal import FoundationEssentials
internal import Torch

/// What rank 0, which alone plans, locks and commits, tells the other ranks to do next.
enum RankOrder: Codable, Equatable {
    /// Take part in a stage that all ranks work on.
    case stage(StageOrder)
    /// The run was stopped by a signal in a stage that rank 0 works on alone.
    case stop(signal: Int32)
    /// Everything is done.
    case end
}

/// A stage that all ranks work on.
struct StageOrder: Codable, Equatable {
    var id: StageID
    var fingerprint: Fingerprint
    var seed: UInt64
    /// The stage's `with:` as rank 0 read it.
    var with: RecordValue
    /// The folder it is made in.
    var folder: String
    /// The folders of the artifacts that it may read.
    var artifacts: [String]
}

extension ProcessGroup {
    /// Gives an order to all ranks; rank 0 calls it.
    func announce(_ order: RankOrder) throws(PipelineError) {
        let text = String(decoding: CanonicalJSON.bytes(of: order), as: UTF8.self)
        try withTorch { () throws(TorchError) in
            try waitForFirst()
            _ = try shared(text)
        }
    }

    /// Waits for the next order, however long rank 0 works alone; the other ranks call it.
    func nextOrder() throws(PipelineError) -> RankOrder {
        let text = try withTorch { () throws(TorchError) in
            try waitForFirst()
            return try shared(nil)
        }
        do { return try CanonicalJSON.value(RankOrder.self, from: Data(text.utf8)) } catch {
            throw .torch(
                TorchError(
                    code: .internalFault, operation: "order of rank 0",
                    message: "rank 0 gave an order of another version of this program: \(text.prefix(200))"))
        }
    }

    /// Leaves in order after a stop that all ranks know of, otherwise with a reason.
    func leave(after error: PipelineError) {
        if error.isInterruption, (try? close()) != nil { return }
        leave(because: error.description)
    }
}

extension PipelineError {
    /// Whether a signal is behind it.
    var isInterruption: Bool {
        switch self {
        case .interrupted: true
        case .stage(_, let error): error.isInterruption
        default: false
        }
    }
}
