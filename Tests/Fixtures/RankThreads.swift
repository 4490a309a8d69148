internal import Foundation
internal import Synchronization
public import Torch

/// Runs `body` as each of `count` ranks of one group, each on a thread of its own in this process: quicker than processes,
/// where none of them has to die. A rank whose `body` throws leaves the group with that reason.
/// - Returns: What became of each rank, in their order.
public func inRanks<Value: Sendable>(
    _ count: Int, limits: GroupLimits = GroupLimits(waitSeconds: 60),
    _ body: @escaping @Sendable (ProcessGroup) throws -> Value
) throws -> [Result<Value, any Error>] {
    let store = try ProcessStore(host: "127.0.0.1", port: 0, serve: true)
    defer { withExtendedLifetime(store) {} }
    let port = store.port
    let results = Results<Value>(count)
    let done = DispatchSemaphore(value: 0)
    for rank in 0..<count {
        let thread = Thread {
            let result = Result { () throws -> Value in
                try Engine.setThreads(1)
                let group = try ProcessGroup(Ranks(rank: rank, count: count, port: port), limits: limits)
                do {
                    let value = try body(group)
                    try group.close()
                    return value
                } catch {
                    group.leave(because: "\(error)")
                    throw error
                }
            }
            results.put(result, rank)
            done.signal()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
    for _ in 0..<count { done.wait() }
    return results.all
}

/// As `inRanks`, where all are to come through.
public func inAllRanks<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (ProcessGroup) throws -> Value
) throws -> [Value] {
    let results = try inRanks(count, body)
    // The rank that failed by itself says more than those that miss it.
    for case .failure(let error) in results where (error as? TorchError)?.code != .rankLost { throw error }
    return try results.map { try $0.get() }
}

private final class Results<Value: Sendable>: Sendable {
    private let list: Mutex<[Result<Value, any Error>?]>

    init(_ count: Int) { list = Mutex([Result<Value, any Error>?](repeating: nil, count: count)) }

    func put(_ result: Result<Value, any Error>, _ rank: Int) { list.withLock { $0[rank] = result } }
    var all: [Result<Value, any Error>] { list.withLock { $0.compactMap(\.self) } }
}
