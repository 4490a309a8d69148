import Fixtures
import Foundation
import Testing

@testable import Supervisor

@Suite struct JobTests {
    /// A rank that prints its process and does nothing for long.
    private let waits = "echo pid $$; exec sleep 100"

    @Test func aJobIsDoneWhenAllRanksAre() throws {
        let job = try ShellJob(["echo one; echo two >&2", "cat; printf \"rank $RANK\"", "sleep 0.1"])
        #expect(try job.run() == .done)
        #expect(job.printed(by: 0) == ["one", "two"] && job.printed(by: 1) == ["rank 1"])
        #expect(job.sentences.isEmpty)
    }

    @Test func theRankThatFailsIsNamedAndTheOthersEnd() throws {
        let job = try ShellJob([waits, "sleep 0.2; exit 3", waits])
        let start = ContinuousClock.now
        #expect(try job.run() == .lost(rank: 1, .exit(3)))
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(job.sentences.contains("rank 1 (process ") && job.sentences.contains("ended with exit code 3"))
        #expect(job.printed(by: 0).count == 1 && job.survivors.isEmpty, "\(job.lines)")
    }

    @Test func theSignalThatKilledARankIsNamed() throws {
        let job = try ShellJob([waits, waits, "sleep 0.2; kill -9 $$"])
        #expect(try job.run() == .lost(rank: 2, .signal(SIGKILL)))
        #expect(job.sentences.contains("was killed by SIGKILL") && job.survivors.isEmpty)
    }

    @Test func aRankThatWaitedInVainIsNotTheOneToBlame() throws {
        // Both end within one look at them.
        let job = try ShellJob(["exit 76", "exit 9", waits])
        let end = try job.run()
        #expect(end == .lost(rank: 1, .exit(9)) || end == .lost(rank: 0, .exit(76)), "\(job.lines)")
        let stopped = try ShellJob(["sleep 0.5; exit 76", "echo pid $$; kill -STOP $$; sleep 100"])
        #expect(try stopped.run() == .lost(rank: 1, .exit(76)))
        #expect(stopped.sentences.contains("is stopped by SIGSTOP") && stopped.sentences.contains("waited for rank 1"))
        #expect(stopped.survivors.isEmpty)
    }

    @Test func aRankThatDoesNotEndWhenAskedIsKilled() throws {
        let job = try ShellJob(
            ["trap '' TERM; echo pid $$; while :; do sleep 0.1; done", "sleep 0.3; exit 1"], graceSeconds: 0.3)
        #expect(try job.run() == .lost(rank: 1, .exit(1)))
        #expect(job.sentences.contains("rank 0 did not end within 0.3 s: killed") && job.survivors.isEmpty)
    }

    @Test func aSignalIsPassedOnOnceAndAllMayCheckpoint() throws {
        let saves = "trap 'echo saves; sleep 0.2; echo saved; exit 143' TERM; echo ready; while :; do sleep 0.05; done"
        let job = try ShellJob([saves, saves, "kill -STOP $$; exec sleep 100"])
        var ready = 0
        let end = try job.run { line in
            if line.hasSuffix("ready") || line.contains("is stopped") { ready += 1 }
            return line.hasSuffix("ready") && ready == 3 || line.contains("is stopped") && ready == 3 ? SIGTERM : nil
        }
        #expect(end == .stopped(signal: SIGTERM))
        #expect(
            job.printed(by: 0) == ["ready", "saves", "saved"] && job.printed(by: 1) == ["ready", "saves", "saved"])
    }

    @Test func aRankThatWasStoppedByItselfStopsTheOthersInOrder() throws {
        let saves = "trap 'echo saved; exit 143' TERM; echo ready; while :; do sleep 0.05; done"
        let job = try ShellJob([saves, "sleep 0.3; exit 143"])
        #expect(try job.run() == .stopped(signal: SIGTERM))
        #expect(job.printed(by: 0) == ["ready", "saved"], "\(job.lines)")
    }

    @Test func aSecondSignalKills() throws {
        let stubborn = "trap 'echo no' TERM; echo pid $$; while :; do sleep 0.05; done"
        let job = try ShellJob([stubborn, stubborn])
        var asked = 0
        let end = try job.run { line in
            if line.contains("pid") { asked += 1 }
            if line.contains("pid") && asked == 2 || line == "[rank 0] no" { return SIGTERM }
            return nil
        }
        #expect(end == .killed(signal: SIGTERM))
        #expect(job.sentences.contains("a second signal: ranks 0, 1 killed") && job.survivors.isEmpty)
    }

    @Test func aRankThatCannotSaveWhenAskedIsALoss() throws {
        let job = try ShellJob(["trap 'exit 74' TERM; echo ready; while :; do sleep 0.05; done", waits])
        #expect(try job.run { $0.hasSuffix("ready") ? SIGTERM : nil } == .lost(rank: 0, .exit(74)))
        #expect(job.survivors.isEmpty)
    }

    @Test func whereNothingMovesTheJobEndsAndSaysWhereRanksStand() throws {
        let hangs = "printf '1\\tstage a, step 7 of 9\\t/runs/a\\n' >&3; echo pid $$; exec sleep 100"
        let job = try ShellJob([hangs, waits], timeoutSeconds: 0.5, lastCheckpoint: { $0 == "/runs/a" ? 5 : nil })
        #expect(try job.run() == .stalled)
        #expect(job.sentences.contains("stage a, step 7 of 9, for") && job.sentences.contains("rank 1 (process "))
        #expect(job.sentences.contains("the last whole checkpoint is of step 5 (/runs/a)"))
        #expect(job.sentences.contains("not heard of") && job.survivors.isEmpty)
        let moves = "for i in 1 2 3 4 5 6 7 8; do printf '%s\\tstep\\t\\n' $i >&3; sleep 0.1; done"
        #expect(try ShellJob([moves, "sleep 0.9"], timeoutSeconds: 0.5).run() == .done)
        #expect(
            try ShellJob(["sleep 0.4"], timeoutSeconds: 0.1).run() == .done, "one that never reports is not watched")
    }

    @Test func theLastCheckpointIsNamed() throws {
        let dies = "printf '1\\tstage a, step 7 of 9\\t/runs/a b\\n' >&3; sleep 0.2; kill -9 $$"
        let job = try ShellJob([dies, waits], lastCheckpoint: { $0 == "/runs/a b" ? 5 : nil })
        #expect(try job.run() == .lost(rank: 0, .signal(SIGKILL)))
        #expect(
            job.sentences.contains("at stage a, step 7 of 9; the last whole checkpoint is of step 5 (/runs/a b)"))
        let none = try ShellJob([dies])
        _ = try none.run()
        #expect(none.sentences.contains("no checkpoint stands in /runs/a b yet"))
    }

    @Test func whatARankHasStartedGoesWithIt() throws {
        let job = try ShellJob(["sleep 100 & echo pid $!; sleep 0.1; exit 0"])
        #expect(try job.run() == .done)
        #expect(job.printed(by: 0).count == 1 && job.survivors.isEmpty)
    }

    @Test func aProgramThatIsNotThereStartsNothing() throws {
        let there = JobMember(rank: 0, program: "/bin/sleep", arguments: ["100"], environment: [:])
        let absent = JobMember(rank: 1, program: "/nowhere/shear", arguments: [], environment: [:])
        #expect {
            try Job(members: [there, absent], say: { _ in }).run(requests: -1)
        } throws: { "\($0)".contains("rank 1 could not be started: /nowhere/shear: No such file") }
    }

    /// Whatever befalls some of the ranks: the end names one of them, comes soon, and nothing is left.
    @Test(arguments: 0..<8)
    func anyFatesEndInOrder(seed: UInt64) throws {
        var random = RepeatableRandom(seed)
        let count = Int.random(in: 2...5, using: &random)
        let delays = (0..<count).map { _ in Double.random(in: 0...0.4, using: &random) }
        let fates = (0..<count).map { _ in Int.random(in: 0..<5, using: &random) }
        let scripts = (0..<count).map { rank in
            let end = ["exit 0", "exit 5", "kill -9 $$", "kill -SEGV $$", "exit 76"][fates[rank]]
            return "echo pid $$; sleep 100 & echo pid $!; sleep \(delays[rank]); \(end)"
        }
        let job = try ShellJob(scripts)
        let expected = (0..<count).compactMap { rank -> JobEnd? in
            let ends: [ProcessEnd?] = [nil, .exit(5), .signal(SIGKILL), .signal(SIGSEGV), .exit(76)]
            return ends[fates[rank]].map { .lost(rank: rank, $0) }
        }
        let end = try job.run()
        #expect(expected.isEmpty ? end == .done : expected.contains(end), "\(fates), \(delays): \(end)")
        #expect(job.survivors.isEmpty, "\(job.lines)")
    }
}
