/// Which of several processes this one is, and where they meet: as torchrun, Slurm or `shear launch` say it.
public struct Ranks: Sendable, Equatable {
    /// This process, counted from 0, and how many there are.
    public var rank: Int
    public var count: Int
    /// The same among the processes of this machine.
    public var localRank: Int
    public var localCount: Int
    /// The host and port of the store that they share.
    public var address: String
    public var port: Int
    /// Whether rank 0 keeps the store; otherwise whatever started the processes does.
    public var rankZeroKeepsStore: Bool
    /// Counts restarts of the whole group by what started it.
    public var attempt: Int
    /// The network interface the others reach this process by, such as `eth0`; nil: found by the machine's name.
    public var interface: String?
    /// Whether GPUs may exchange directly, where they can.
    public var usesNCCL: Bool

    public init(
        rank: Int, count: Int, localRank: Int? = nil, localCount: Int? = nil, address: String = "127.0.0.1", port: Int,
        rankZeroKeepsStore: Bool = false, attempt: Int = 0, interface: String? = nil, usesNCCL: Bool = true
    ) {
        self.rank = rank
        self.count = count
        self.localRank = localRank ?? rank
        self.localCount = localCount ?? count
        self.address = address
        self.port = port
        self.rankZeroKeepsStore = rankZeroKeepsStore
        self.attempt = attempt
        self.interface = interface
        self.usesNCCL = usesNCCL
    }

    /// `0` keeps GPUs from exchanging directly.
    static let ncclVariable = "SHEARLING_NCCL"

    /// Whether the processes meet on this machine's own loopback.
    var areLocal: Bool { ["localhost", "127.0.0.1", "::1"].contains(address) }

    /// What the environment says: torchrun's variables first (`RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `LOCAL_WORLD_SIZE`,
    /// `MASTER_ADDR`, `MASTER_PORT`, `TORCHELASTIC_USE_AGENT_STORE`, `TORCHELASTIC_RESTART_COUNT`), then those of a Slurm
    /// step. `GLOO_SOCKET_IFNAME` names the interface; `SHEARLING_NCCL=0` keeps GPUs from exchanging directly.
    /// - Returns: nil for a process that is alone.
    /// - Throws: `.invalidArgument` for variables that contradict each other or are missing.
    public static func found(in environment: [String: String]) throws(TorchError) -> Ranks? {
        let reader = RankVariables(environment)
        var ranks = try environment["WORLD_SIZE"] != nil ? reader.torchrun() : reader.slurm()
        guard ranks.map({ $0.count > 1 }) ?? false else { return nil }
        ranks?.interface = environment["GLOO_SOCKET_IFNAME"].flatMap { $0.split(separator: ",").first.map(String.init) }
        ranks?.usesNCCL = environment[ncclVariable] != "0"
        return ranks
    }

    /// The variables that torchrun sets, for a process of this rank.
    public var variables: [String: String] {
        [
            "RANK": "\(rank)", "WORLD_SIZE": "\(count)", "LOCAL_RANK": "\(localRank)",
            "LOCAL_WORLD_SIZE": "\(localCount)", "MASTER_ADDR": address, "MASTER_PORT": "\(port)",
            "TORCHELASTIC_USE_AGENT_STORE": rankZeroKeepsStore ? "False" : "True",
            "TORCHELASTIC_RESTART_COUNT": "\(attempt)",
        ]
    }
}

/// Reads ranks out of environment variables.
private struct RankVariables {
    let environment: [String: String]

    init(_ environment: [String: String]) { self.environment = environment }

    func torchrun() throws(TorchError) -> Ranks {
        let count = try number("WORLD_SIZE", 1...1_000_000)
        guard count > 1 else { return Ranks(rank: 0, count: 1, port: 0) }
        let rank = try number("RANK", 0...count - 1)
        return Ranks(
            rank: rank, count: count, localRank: try number("LOCAL_RANK", 0...count - 1, or: rank),
            localCount: try number("LOCAL_WORLD_SIZE", 1...count, or: 1), address: try text("MASTER_ADDR"),
            port: try number("MASTER_PORT", 1...65535),
            rankZeroKeepsStore: environment["TORCHELASTIC_USE_AGENT_STORE"]?.lowercased() != "true",
            attempt: try number("TORCHELASTIC_RESTART_COUNT", 0...Int.max, or: 0))
    }

    /// A step that `srun` started. The batch script itself has a rank too, but no step and no companions.
    func slurm() throws(TorchError) -> Ranks? {
        guard environment["SLURM_STEP_NUM_TASKS"] != nil, environment["SLURM_PROCID"] != nil else { return nil }
        let count = try number("SLURM_STEP_NUM_TASKS", 1...1_000_000)
        guard count > 1 else { return nil }
        let rank = try number("SLURM_PROCID", 0...count - 1)
        let job = try number("SLURM_JOB_ID", 0...Int.max / 2, or: 0)
        let step = try number("SLURM_STEP_ID", 0...Int.max / 2, or: 0)
        let tasks = environment["SLURM_STEP_TASKS_PER_NODE"].flatMap { Int($0.prefix { $0.isNumber }) }
        return Ranks(
            rank: rank, count: count, localRank: try number("SLURM_LOCALID", 0...count - 1, or: rank),
            localCount: min(tasks ?? 1, count),
            address: try firstHost(),
            // Below the ports that systems give out by themselves; two steps of a job differ.
            port: try number("MASTER_PORT", 1...65535, or: 15000 + (job + step) % 16000), rankZeroKeepsStore: true,
            attempt: try number("SLURM_RESTART_COUNT", 0...Int.max, or: 0))
    }

    /// `MASTER_ADDR`, or the first host of a list such as `a[003-007,9],b2`.
    private func firstHost() throws(TorchError) -> String {
        if let named = environment["MASTER_ADDR"] { return named }
        let list = try text("SLURM_STEP_NODELIST")
        let name = list.prefix { $0 != "[" && $0 != "," }
        guard list.dropFirst(name.count).first == "[" else { return String(name) }
        return String(name) + list.dropFirst(name.count + 1).prefix { $0 != "-" && $0 != "," && $0 != "]" }
    }

    private func text(_ name: String) throws(TorchError) -> String {
        if let text = environment[name], !text.isEmpty { return text }
        throw refused("\(name) is not set", "the processes of a group need it")
    }

    private func number(_ name: String, _ range: ClosedRange<Int>, or standard: Int? = nil) throws(TorchError) -> Int {
        if let standard, environment[name] == nil { return standard }
        let text = try text(name)
        guard let number = Int(text), range.contains(number) else {
            throw refused("\(name) is \(text)", "expected \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func refused(_ found: String, _ expected: String) -> TorchError {
        TorchError(
            code: .invalidArgument, operation: "Ranks.found(in:)",
            message: "\(found): \(expected); start the processes with torchrun, srun or shear launch, "
                + "or unset WORLD_SIZE to run alone")
    }
}
