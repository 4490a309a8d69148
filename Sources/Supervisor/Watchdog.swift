/// Knows where each rank stands and since when, and whether the whole job stands still.
struct Watchdog {
    /// A rank's last report.
    struct Standing: Equatable {
        var report: RankReport
        /// Since when it says the same.
        var since: ContinuousClock.Instant
    }

    /// How long nothing may move; nil: for ever.
    let patience: Duration?
    private(set) var standings: [Int: Standing] = [:]

    init(patience: Duration?) { self.patience = patience }

    mutating func note(_ report: RankReport, of rank: Int, at now: ContinuousClock.Instant) {
        if standings[rank]?.report != report { standings[rank] = Standing(report: report, since: now) }
    }

    /// Since when no rank moves, when that is longer than it may be. Only ranks that ever reported are watched.
    func stall(of ranks: some Sequence<Int>, at now: ContinuousClock.Instant) -> Duration? {
        guard let patience, let last = ranks.compactMap({ standings[$0]?.since }).max() else { return nil }
        let still = last.duration(to: now)
        return still >= patience ? still : nil
    }
}
