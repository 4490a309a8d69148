internal import CTorch

/// A connection to a small key-value store that processes share, kept by one of them (c10d's TCPStore).
///
/// Several threads may use one connection; each call waits for the one before it. A keeper that is stopped but not dead
/// can hold a reader for ever: where that must not be, read on a thread that nobody waits for.
public final class ProcessStore: @unchecked Sendable {  // the library guards each connection with a lock
    let handle: OpaquePointer

    private init(adopting handle: OpaquePointer) { self.handle = handle }
    deinit { ct_store_free(handle) }

    /// Connects to the store at `host`, trying for `waitSeconds`.
    /// - Parameters:
    ///   - port: With `serve`, 0 takes any free one.
    ///   - serve: Whether this process keeps the store, as long as this object lives.
    ///   - prefix: Stands before every key.
    /// - Throws: `.io` when nobody answers or the port is taken.
    public convenience init(
        host: String, port: Int, serve: Bool = false, prefix: String = "", waitSeconds: Double = 300
    ) throws(TorchError) {
        guard let number = UInt16(exactly: port) else {
            throw TorchError(code: .invalidArgument, operation: #function, message: "\(port) is no port")
        }
        var out: OpaquePointer?
        try check(ct_store_open(host, number, serve, prefix, waitSeconds, &out))
        self.init(adopting: try ProcessStore.made(out))
    }

    /// Another connection to the same store, with the same prefix.
    /// - Throws: `.io` when it does not answer.
    public func clone() throws(TorchError) -> ProcessStore {
        var out: OpaquePointer?
        try check(ct_store_clone(handle, &out))
        return ProcessStore(adopting: try ProcessStore.made(out))
    }

    private static func made(_ handle: OpaquePointer?) throws(TorchError) -> OpaquePointer {
        if let handle { return handle }
        throw TorchError(code: .internalFault, operation: "ProcessStore", message: "no store came out")
    }

    /// The port that the store listens at; 0 for a clone.
    public var port: Int { Int(ct_store_port(handle)) }

    /// Puts a text under a key, over an older one.
    /// - Throws: `.io` when the connection is gone; one that is only silent is not noticed.
    public func set(_ key: String, _ text: String) throws(TorchError) {
        var text = text
        try check(text.withUTF8 { ct_store_set(handle, key, $0.baseAddress, $0.count) })
    }

    /// The text under a key, waited for at most `waitSeconds`; nil when it is not there then.
    /// - Throws: `.io` when the connection is gone.
    public func get(_ key: String, waitSeconds: Double = 0) throws(TorchError) -> String? {
        var out: OpaquePointer?
        try check(ct_store_get(handle, key, waitSeconds, &out))
        guard let out else { return nil }
        return try Tensor(adopting: out).withBytes { String(decoding: $0, as: UTF8.self) }
    }
}

/// How many stores, groups and operations under way live in this process: what leak tests compare.
public var liveGroupHandleCount: Int { ct_live_group_handles() }
