internal import CTorch
internal import Glibc

/// How long a rank waits for others.
public struct GroupLimits: Sendable, Equatable {
    /// For each rank to come to an operation that the others are in.
    public var waitSeconds: Double
    /// For all ranks to start and to find each other.
    public var meetingSeconds: Double
    /// For a sign of life: a process that was killed, stopped or cut off gives none.
    public var silenceSeconds: Double

    /// - Parameters:
    ///   - meetingSeconds: nil: as `waitSeconds`.
    ///   - silenceSeconds: nil: 30, or less when `waitSeconds` is.
    public init(waitSeconds: Double = 1800, meetingSeconds: Double? = nil, silenceSeconds: Double? = nil) {
        self.waitSeconds = waitSeconds
        self.meetingSeconds = meetingSeconds ?? waitSeconds
        self.silenceSeconds = silenceSeconds ?? min(30, waitSeconds)
    }
}

/// Several processes that compute as one: each calls the same operations in the same order (c10d's Gloo, through the host's
/// memory; NCCL for tensors of a GPU that `connect` has joined to the others').
///
/// An operation that some rank does not come to fails on all others with `TorchError.Code.rankLost`, whose message names
/// it: a rank that has ended, is stopped, has failed by itself (with its reason) or is merely late. After a failure no
/// further operation is tried. One thread at a time.
public final class ProcessGroup {
    public let ranks: Ranks
    public let limits: GroupLimits
    let store: ProcessStore
    private let watch: GroupWatch
    private let group: OpaquePointer
    /// The GPU whose tensors go straight to the other ranks' GPUs, the group that does it, and how many have been made.
    var direct: (device: Device, group: OpaquePointer)?
    var directCount = 0
    /// What was last told of tensors that take the long way.
    var toldObstacle: String?
    private var failure: TorchError?
    private var isOver = false

    /// This process, counted from 0.
    public var rank: Int { ranks.rank }
    /// The number of processes.
    public var count: Int { ranks.count }
    /// Whether this process speaks for all: writes files, prints.
    public var isFirst: Bool { ranks.rank == 0 }

    /// Meets the other ranks.
    /// - Throws: `.rankLost` naming those that do not come within `limits.meetingSeconds`, `.io`.
    public init(_ ranks: Ranks, limits: GroupLimits = GroupLimits()) throws(TorchError) {
        self.ranks = ranks
        self.limits = limits
        let isKeeper = ranks.rankZeroKeepsStore && ranks.rank == 0
        do throws(TorchError) {
            store = try ProcessStore(
                host: ranks.address, port: ranks.port, serve: isKeeper, prefix: "shearling/\(ranks.attempt)",
                waitSeconds: limits.meetingSeconds)
        } catch {
            let keeper = ranks.rankZeroKeepsStore ? "rank 0 of \(ranks.count)" : "what started the ranks"
            throw TorchError(
                code: isKeeper ? .io : .rankLost, operation: "ProcessGroup.init",
                message: isKeeper
                    ? "rank 0 cannot keep a store at port \(ranks.port): \(error.message)"
                    : "no store answers at \(ranks.address):\(ranks.port) within \(limits.meetingSeconds) s; \(keeper) keeps it "
                        + "(\(error.message))")
        }
        watch = try ProcessGroup.meet(ranks, store, limits)
        let name = ranks.areLocal ? "127.0.0.1" : nil
        var out: OpaquePointer?
        let gloo = try ProcessGroup.meetingPlace("gloo", ranks, store, limits)
        defer { withExtendedLifetime(gloo) {} }
        try check(
            withOptional(ranks.interface) { interface in
                withOptional(name) { host in
                    ct_group_make(
                        gloo.handle, Int32(ranks.rank), Int32(ranks.count), interface, host, limits.waitSeconds, &out)
                }
            })
        guard let out else {
            throw TorchError(code: .internalFault, operation: #function, message: "no group came out")
        }
        group = out
    }

    deinit {
        if !isOver { watch.leave(.init(culprits: [], reason: "it has ended")) }
        watch.end()
        freeDirect(isAbandoned: !isOver || failure != nil)
        ct_group_free(group, !isOver || failure != nil)
    }

    /// A connection of its own to the store, under keys for one purpose.
    static func meetingPlace(
        _ name: String, _ ranks: Ranks, _ store: ProcessStore, _ limits: GroupLimits
    ) throws(TorchError) -> ProcessStore {
        let isKeeper = ranks.rankZeroKeepsStore && ranks.rank == 0
        return try ProcessStore(
            host: ranks.address, port: isKeeper ? store.port : ranks.port,
            prefix: "shearling/\(ranks.attempt)/\(name)", waitSeconds: limits.meetingSeconds)
    }

    /// Says that this rank is there and waits until all are.
    private static func meet(
        _ ranks: Ranks, _ store: ProcessStore, _ limits: GroupLimits
    ) throws(TorchError) -> GroupWatch {
        let own = Standing()
        try store.set(Standing.key(ranks.rank), own.text)
        let watch = try GroupWatch(store, rank: ranks.rank, count: ranks.count, own: own)
        let last = ContinuousClock.now + .seconds(limits.meetingSeconds)
        var missing: [Int] = []
        for other in 0..<ranks.count where other != ranks.rank {
            let (seconds, attoseconds) = (last - .now).components
            let left = Double(seconds) + Double(attoseconds) * 1e-18
            if try store.get(Standing.key(other), waitSeconds: max(left, 0)) == nil { missing.append(other) }
        }
        guard !missing.isEmpty else { return watch }
        let names = missing.map(String.init).joined(separator: ", ")
        watch.leave(.init(culprits: missing, reason: "rank \(names) of \(ranks.count) did not start"))
        watch.end()
        throw TorchError(
            code: .rankLost, operation: "ProcessGroup.init",
            message: "rank \(names) of \(ranks.count) did not come to \(ranks.address):\(ranks.port) within "
                + "\(limits.meetingSeconds) s")
    }

    /// Lets the others know what this process is doing, such as `step 57`: they name it when they wait in vain.
    public func place(_ place: String) { watch.place(place) }

    /// Ends the group in order, when all ranks call it.
    /// - Throws: `.rankLost` when one does not.
    public func close() throws(TorchError) {
        try barrier()
        isOver = true
        watch.leave(.init(culprits: [], reason: "it is done"))
    }

    /// Leaves the group for a reason of this rank's own, which the others will give. Where this rank keeps the store it
    /// stays a little, until they have read it.
    public func leave(because reason: String) {
        watch.leave(.init(culprits: [], reason: reason))
        if failure == nil {
            failure = TorchError(
                code: .rankLost, operation: "ProcessGroup.leave", message: "this rank has left: \(reason)")
        }
        linger()
    }

    // MARK: Waiting

    /// Begins an operation on tensors of a device, the CPU or the one of `direct`, and waits for its end.
    func perform(
        _ name: String, on device: Device = .cpu, _ begin: (OpaquePointer, inout OpaquePointer?) -> ct_status
    ) throws(TorchError) {
        if let failure { throw failure }
        watch.begin()
        var work: OpaquePointer?
        try check(begin(direct.flatMap { $0.device == device ? $0.group : nil } ?? group, &work), named: name)
        guard let work else {
            throw TorchError(code: .internalFault, operation: name, message: "no operation came out")
        }
        defer { ct_work_free(work) }
        defer { watch.ask(false) }
        while true {
            var isDone = false
            do throws(TorchError) {
                try check(ct_work_wait(work, min(1, limits.silenceSeconds / 2), &isDone), named: name)
            } catch {
                throw fail(name, reason(of: error))
            }
            if isDone { return }
            watch.ask(true)
            if let finding = watch.now.finding(ranks, patience: .seconds(limits.silenceSeconds)) {
                throw fail(name, finding)
            }
        }
    }

    /// Waits until rank 0 has begun the operation that comes next: without a limit, as long as it lives.
    func awaitFirst() throws(TorchError) {
        if let failure { throw failure }
        guard !isFirst else { return }
        let next = watch.now.own.operation + 1
        watch.ask(true)
        defer { watch.ask(false) }
        while (watch.now.peers[0]?.standing.operation ?? 0) < next {
            if let finding = watch.now.finding(ranks, patience: .seconds(limits.silenceSeconds)) {
                throw fail("wait for rank 0", finding)
            }
            usleep(20_000)
        }
    }

    /// - Parameter isAwaited: Others watch out for this rank's coming, which they are told of at once.
    func barrier(isAwaited: Bool) throws(TorchError) {
        try perform("barrier") { (group, work) in
            if isAwaited { watch.hurry() }
            return ct_group_barrier(group, &work)
        }
    }

    /// Which rank is behind a broken operation. One that was killed is seen by its silence, one that failed has left word,
    /// and so has one that was first to see another's end.
    private func reason(of error: TorchError) -> GroupFinding {
        let patience = min(limits.silenceSeconds, 5)
        let last = ContinuousClock.now + .seconds(patience + 2)
        watch.ask(true)
        while ContinuousClock.now < last {
            if let finding = watch.now.finding(ranks, patience: .seconds(patience)) { return finding }
            usleep(50_000)
        }
        return watch.now.late(ranks) ?? GroupFinding(culprits: [], reason: error.message)
    }

    private func fail(_ operation: String, _ finding: GroupFinding) -> TorchError {
        let own = watch.now.own
        let error = TorchError(
            code: .rankLost, operation: operation,
            message: "\(finding.reason). Rank \(rank) waited for it at \(own.place)")
        failure = error
        watch.leave(.init(culprits: finding.culprits, reason: finding.reason))
        linger()
        return error
    }

    /// Where this rank keeps the store: waits until the others have read what they need.
    private func linger() {
        guard ranks.rankZeroKeepsStore, rank == 0 else { return }
        let patience = min(limits.silenceSeconds, 5)
        let last = ContinuousClock.now + .seconds(limits.silenceSeconds + 2)
        watch.ask(true)
        while ContinuousClock.now < last, !watch.now.areAllGone(of: ranks, patience: .seconds(patience)) {
            usleep(50_000)
        }
    }
}

@available(*, unavailable)
extension ProcessGroup: Sendable {}
