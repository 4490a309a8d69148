internal import Dispatch
internal import Synchronization

/// Tells the other ranks once a second that this one lives and where it stands, and reads on demand where they stand.
///
/// It works on a thread of its own, because a store whose keeper is stopped can hold a reader for ever.
final class GroupWatch: Sendable {
    /// What is known of another rank.
    struct Peer: Sendable {
        var standing: Standing
        /// Since when its beat is what it is.
        var since: ContinuousClock.Instant
    }

    /// All that is known at one moment.
    struct View: Sendable {
        var own: Standing
        var peers: [Int: Peer] = [:]
        /// When all other ranks were last read; nil before the first time since `ask`.
        var readAt: ContinuousClock.Instant?
        /// When reading was asked for; nil while it is not.
        var askedAt: ContinuousClock.Instant?
        /// Why the store cannot be used any more.
        var storeFailure: String?
        var isOver = false
    }

    private let rank: Int
    private let count: Int
    private let view: Mutex<View>
    private let wake = DispatchSemaphore(value: 0)
    /// Written by whoever has something to say; never read, so that writing never waits.
    private let outgoing: ProcessStore

    /// Starts telling.
    /// - Throws: `.io` when the store cannot be reached twice more.
    init(_ store: ProcessStore, rank: Int, count: Int, own: Standing) throws(TorchError) {
        self.rank = rank
        self.count = count
        view = Mutex(View(own: own))
        outgoing = try store.clone()
        let incoming = try store.clone()
        // Not of the object: its end must not wait for a thread that the store holds.
        DispatchQueue(label: "shearling.watch", qos: .userInitiated).async { [weak self] in
            while let interval = self?.tell(incoming), let wake = self?.wake {
                _ = wake.wait(timeout: .now() + interval)
            }
        }
    }

    deinit { wake.signal() }

    /// What is known now.
    var now: View { view.withLock { $0 } }

    /// Notes that an operation begins.
    func begin() { view.withLock { $0.own.operation += 1 } }

    /// Tells the others at once where this rank stands.
    func hurry() { wake.signal() }

    /// Notes what this process is doing.
    func place(_ place: String) {
        view.withLock { $0.own.place = String(place.map { $0 == "\n" ? " " : $0 }) }
    }

    /// Reads the others' standings from now on, or no longer.
    func ask(_ on: Bool) {
        let begins = view.withLock { view in
            guard on != (view.askedAt != nil) else { return false }
            view.askedAt = on ? .now : nil
            view.readAt = nil
            view.peers = [:]
            return on
        }
        if begins { wake.signal() }
    }

    /// Tells the others that this rank takes no further part, and why. The first reason stays.
    func leave(_ departure: Standing.Departure) {
        view.withLock { view in
            guard view.own.departure == nil else { return }
            view.own.departure = departure
            try? outgoing.set(Standing.key(rank), view.own.text)
        }
    }

    /// Tells nothing more.
    func end() {
        view.withLock { $0.isOver = true }
        wake.signal()
    }

    /// One round; returns the time to the next, nil when it was the last.
    private func tell(_ incoming: ProcessStore) -> DispatchTimeInterval? {
        do throws(TorchError) {
            let isAsked = try view.withLock { view throws(TorchError) -> Bool? in
                if view.isOver { return nil }
                view.own.beat += 1
                try outgoing.set(Standing.key(rank), view.own.text)
                return view.askedAt != nil
            }
            guard let isAsked else { return nil }
            guard isAsked else { return .seconds(1) }
            for other in 0..<count where other != rank {
                guard let text = try incoming.get(Standing.key(other)), let standing = Standing(text) else { continue }
                view.withLock { view in
                    if let known = view.peers[other], known.standing.beat == standing.beat {
                        view.peers[other]?.standing = standing
                    } else {
                        view.peers[other] = Peer(standing: standing, since: .now)
                    }
                }
            }
            view.withLock { $0.readAt = .now }
            // The more ranks, the less often: the store answers each of them.
            return .milliseconds(max(300, 15 * count))
        } catch {
            view.withLock { $0.storeFailure = error.message }
            return nil
        }
    }
}
