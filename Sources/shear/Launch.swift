internal import ArgumentParser
internal import FoundationEssentials
internal import Pipeline
internal import Supervisor
internal import Torch
internal import Training

/// `shear launch`: runs a command of this program in several processes that work as one.
struct Launch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a command in several processes, on one or several machines, that work as one job.",
        discussion: """
            The processes find each other by torchrun's variables. Rank 0 prints as usual; what the others print comes on \
            standard error behind [rank N]. SIGINT and SIGTERM go to all, which checkpoint and end; a second one kills. \
            When a rank dies, or nothing moves for --timeout seconds, the others are ended, stopped ones too, and a \
            sentence names the rank and the last whole checkpoint; the same command goes on there.

            On several machines the same command runs on each, with its own --node-rank.

            Exit codes: 0 all ranks are done; 130 or 143 stopped after a checkpoint; otherwise that of the rank that failed \
            first (`shear --help`), or 76 when it was killed, was stopped, or the job stood still.
            """)

    @Option(help: "Processes on this machine.")
    var processes: Int
    @Option(help: "Machines.")
    var nodes = 1
    @Option(help: "Which of the machines this is, counted from 0.")
    var nodeRank = 0
    @Option(help: ArgumentHelp("The machine of node rank 0, as all others reach it.", valueName: "host"))
    var address: String?
    @Option(help: "Its port, where the processes meet; any free one on a single machine.")
    var port: Int?
    @Option(help: ArgumentHelp("End the job when nothing has moved for so long; 0: never.", valueName: "seconds"))
    var timeout = 1800.0
    @Option(help: ArgumentHelp("Kill ranks that were asked to end after so long.", valueName: "seconds"))
    var grace = 30.0
    @Argument(parsing: .postTerminator, help: "The command of this program and its arguments, behind --.")
    var command: [String] = []

    func validate() throws {
        guard processes >= 1 else { throw ValidationError("--processes is \(processes), expected 1 or more") }
        guard nodes >= 1 else { throw ValidationError("--nodes is \(nodes), expected 1 or more") }
        guard (0..<nodes).contains(nodeRank) else {
            throw ValidationError("--node-rank is \(nodeRank), expected 0 to \(nodes - 1) as --nodes is \(nodes)")
        }
        if nodes > 1, address == nil || port == nil {
            throw ValidationError("--nodes \(nodes) needs --address and --port of the machine of node rank 0")
        }
        if let port, !(1...65535).contains(port) { throw ValidationError("--port is \(port), expected 1 to 65535") }
        guard timeout >= 0, grace >= 0, timeout.isFinite, grace.isFinite else {
            throw ValidationError("--timeout and --grace are seconds, 0 or more")
        }
        guard let first = command.first else {
            throw ValidationError("no command: put it behind --, as in `shear launch --processes 2 -- run FILE`")
        }
        guard first != "launch" else { throw ValidationError("launch cannot launch itself") }
    }

    func run() throws {
        let requests = try perform { () throws(SupervisorError) in try SignalRequests() }
        let store = try keptStore()
        defer { withExtendedLifetime(store) {} }
        let job = Job(
            members: members(port: store?.port ?? port ?? 0), timeoutSeconds: timeout > 0 ? timeout : nil,
            graceSeconds: grace, victimCode: ErrorCategory.rankLost.rawValue,
            lastCheckpoint: { (try? CheckpointStore(folder: $0).steps())?.last }, say: Rendering.say)
        let end = try perform { () throws(SupervisorError) in try job.run(requests: requests.descriptor) }
        let code = Launch.code(of: end)
        if code != 0 { throw ExitCode(code) }
    }

    /// The store that all ranks meet at; nil where another machine keeps it, or a rank is alone.
    private func keptStore() throws -> ProcessStore? {
        guard nodeRank == 0, processes * nodes > 1 else { return nil }
        var store: ProcessStore?
        try Rendering.perform { () throws(PipelineError) in
            store = try withTorch { () throws(TorchError) in
                try ProcessStore(host: address ?? "127.0.0.1", port: port ?? 0, serve: true)
            }
        }
        return store
    }

    private func members(port: Int) -> [JobMember] {
        var environment = ProcessInfo.processInfo.environment
        if environment["OMP_NUM_THREADS"] == nil {
            environment["OMP_NUM_THREADS"] = "\(max(1, ProcessInfo.processInfo.activeProcessorCount / processes))"
        }
        let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return (0..<processes).map { local in
            let ranks = Ranks(
                rank: nodeRank * processes + local, count: processes * nodes, localRank: local, localCount: processes,
                address: address ?? "127.0.0.1", port: port)
            return JobMember(
                rank: ranks.rank, program: program ?? "/proc/self/exe", arguments: command,
                environment: environment.merging(ranks.variables) { $1 },
                prefix: ranks.rank == 0 ? nil : "[rank \(ranks.rank)] ")
        }
    }

    private static func code(of end: JobEnd) -> Int32 {
        switch end {
        case .done: 0
        case .stopped(let signal), .killed(let signal): 128 + signal
        case .lost(_, .exit(let code)): code
        case .lost(_, .signal), .stalled: ErrorCategory.rankLost.rawValue
        }
    }

    private func perform<R>(_ work: () throws(SupervisorError) -> R) throws -> R {
        do throws(SupervisorError) { return try work() } catch {
            Rendering.say("shear: \(error).")
            throw ExitCode(ErrorCategory.machine.rawValue)
        }
    }
}
