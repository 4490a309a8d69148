/// Why a group cannot go on: which ranks are to blame, and a sentence about it.
struct GroupFinding: Sendable, Equatable {
    var culprits: [Int]
    var reason: String
}

extension GroupWatch.View {
    /// The ranks that cannot be counted on, as far as can be said now.
    /// - Parameters:
    ///   - patience: How long a rank, or the store, may give no sign of life.
    ///   - keeper: What keeps the store, in words, and its rank if it is one.
    func finding(_ ranks: Ranks, patience: Duration) -> GroupFinding? {
        let keeper = ranks.rankZeroKeepsStore ? "rank 0, which keeps it," : "what started the ranks"
        let blamed = ranks.rankZeroKeepsStore ? [0] : []
        let place = "the store at \(ranks.address):\(ranks.port)"
        if let storeFailure {
            return GroupFinding(culprits: blamed, reason: "\(place) is gone: \(keeper) has ended (\(storeFailure))")
        }
        guard let askedAt else { return nil }
        for (rank, peer) in peers.sorted(by: { $0.key < $1.key }) {
            guard let departure = peer.standing.departure else { continue }
            return departure.culprits.isEmpty
                ? GroupFinding(culprits: [rank], reason: "rank \(rank) has left the group: \(departure.reason)")
                : GroupFinding(culprits: departure.culprits, reason: departure.reason)
        }
        let now = ContinuousClock.now
        let silent = peers.filter { now - $0.value.since >= patience }.keys.sorted()
        if !silent.isEmpty {
            let each = silent.compactMap { rank in peers[rank].map { name(rank, $0, ranks) } }
            return GroupFinding(
                culprits: silent,
                reason: "\(each.joined(separator: "; ")): no sign of life for \(text(patience)) (ended or stopped)")
        }
        if now - (readAt ?? askedAt) >= patience {
            return GroupFinding(
                culprits: blamed,
                reason: "\(place) gives no answer for \(text(patience)): \(keeper) is stopped or cut off")
        }
        return nil
    }

    /// The ranks that live but have not begun the operation that this one waits in.
    func late(_ ranks: Ranks) -> GroupFinding? {
        let late = peers.filter { $0.value.standing.operation < own.operation }.keys.sorted()
        guard !late.isEmpty else { return nil }
        let each = late.compactMap { rank in peers[rank].map { name(rank, $0, ranks) } }
        return GroupFinding(culprits: late, reason: "\(each.joined(separator: "; ")): alive, but has not come")
    }

    /// Whether every other rank was heard of, and each has said that it leaves or is silent for so long.
    func areAllGone(of ranks: Ranks, patience: Duration) -> Bool {
        peers.count == ranks.count - 1
            && peers.values.allSatisfy { $0.standing.departure != nil || ContinuousClock.now - $0.since >= patience }
    }

    private func name(_ rank: Int, _ peer: GroupWatch.Peer, _ ranks: Ranks) -> String {
        "rank \(rank) of \(ranks.count) (process \(peer.standing.process) on \(peer.standing.host), at \(peer.standing.place))"
    }

    private func text(_ duration: Duration) -> String {
        let tenths = duration.components.seconds * 10 + duration.components.attoseconds / 100_000_000_000_000_000
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
