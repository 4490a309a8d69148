import Fixtures
import Foundation
import Testing

/// `shear launch` with ranks of this very program.
@Suite(.serialized) struct LaunchTests {
    /// The processes that a process has started.
    private func children(of parent: pid_t) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { id in
            let text = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
            return text.split(separator: ")").last?.split(separator: " ").dropFirst().first.flatMap { pid_t($0) }
                == parent
        }
    }

    private let slow = ["--set", "warmed.runtime.log_every=1", "--set", "warmed.steps=4000"]

    /// A launched run of many steps, once it has made a checkpoint.
    private func underWay(_ runs: TemporaryDirectory, processes: Int = 1) throws -> ShearBinary.Running {
        let running = try ShearBinary.Running(
            [
                "launch", "--processes", "\(processes)", "--", "run", "pipelines/tiny.yaml", "--runs", runs.path,
                "--until",
                "warmed",
            ]
                + slow)
        func checkpoints() -> [String] {
            let partial = ShearBinary.artifacts("warmed", in: runs.path, pipeline: "tiny").first ?? ""
            return (try? FileManager.default.contentsOfDirectory(atPath: partial + "/checkpoints")) ?? []
        }
        while running.isRunning, !checkpoints().contains(where: { $0.count == 13 && $0 >= "step-00000020" }) {
            usleep(3000)
        }
        return running
    }

    @Test func rankZeroPrintsAsUsualAndTheOthersBehindTheirNumber() throws {
        let outcome = try ShearBinary.run(["launch", "--processes", "3", "--", "--version"])
        let version = try ShearBinary.run(["--version"]).output
        #expect(outcome.code == 0 && outcome.output == version, "\(outcome)")
        #expect(
            Set(outcome.messages.split(separator: "\n").map { "\($0)\n" }) == [
                "[rank 1] \(version)", "[rank 2] \(version)",
            ])
    }

    @Test func theCodeOfTheRankThatFailedIsTheJobs() throws {
        let outcome = try ShearBinary.run(["launch", "--processes", "1", "--", "inspect", "none"])
        #expect(outcome.code == 65, "\(outcome)")
        #expect(outcome.messages.contains("rank 0 (process ") && outcome.messages.contains("ended with exit code 65"))
    }

    @Test func aCommandLineThatCannotBeIsRefused() throws {
        for (arguments, words) in [
            (["--processes", "0", "--", "run"], "expected 1 or more"), (["--processes", "2"], "put it behind --"),
            (["--processes", "2", "--", "launch"], "itself"),
            (["--processes", "2", "--nodes", "2", "--", "run"], "--address and --port"),
            (["--processes", "2", "--nodes", "2", "--node-rank", "2", "--", "run"], "expected 0 to 1"),
        ] {
            let outcome = try ShearBinary.run(["launch"] + arguments)
            #expect(outcome.code == 64 && outcome.messages.contains(words), "\(outcome)")
        }
    }

    @Test(arguments: [(1, 0), (2, 1)])
    func aRankThatIsKilledIsNamedWithTheLastWholeCheckpoint(processes: Int, victim: Int) throws {
        let runs = try TemporaryDirectory()
        let running = try underWay(runs, processes: processes)
        let rank = try #require(
            children(of: running.id).first { id in
                let variables = try? Data(contentsOf: URL(filePath: "/proc/\(id)/environ"))
                return variables?.split(separator: 0).contains(Data("RANK=\(victim)".utf8)) == true
            })
        kill(rank, SIGKILL)
        let outcome = try running.wait()
        #expect(outcome.code == 76, "\(outcome.messages)")
        let sentence = outcome.messages.split(separator: "\n").last { $0.contains("was killed by SIGKILL") } ?? ""
        for part in [
            "rank \(victim) (process \(rank))", "at stage warmed", "the last whole checkpoint is of step ",
        ] {
            #expect(sentence.contains(part), "\(outcome.messages)")
        }
        let plan = try ShearBinary.run(["plan", "pipelines/tiny.yaml", "--runs", runs.path] + slow)
        let step = try #require(sentence.firstMatch(of: /checkpoint is of step (\d+)/)?.1)
        #expect(plan.output.contains("warmed  [pretrain]  resume at step \(step)"), "\(sentence)\n\(plan.output)")
    }

    @Test func aSignalLetsAllRanksCheckpoint() throws {
        let runs = try TemporaryDirectory()
        let running = try underWay(runs)
        // As Slurm does it: launcher and ranks alike receive it, the ranks a second time from the launcher.
        for rank in children(of: running.id) { kill(rank, SIGTERM) }
        running.send(SIGTERM)
        let outcome = try running.wait()
        #expect(outcome.code == 143, "\(outcome.messages)")
        #expect(outcome.messages.contains("run the same command again"), "\(outcome.messages)")
        let plan = try ShearBinary.run(["plan", "pipelines/tiny.yaml", "--runs", runs.path] + slow)
        #expect(plan.output.contains("warmed  [pretrain]  resume at step "))
    }

    @Test func aKilledLauncherLeavesNoRank() throws {
        let runs = try TemporaryDirectory()
        let running = try underWay(runs)
        let rank = try #require(children(of: running.id).first)
        running.send(SIGKILL)
        _ = try running.wait()
        let last = ContinuousClock.now + .seconds(5)
        while kill(rank, 0) == 0, !isZombie(rank), ContinuousClock.now < last { usleep(5000) }
        #expect(kill(rank, 0) != 0 || isZombie(rank))
    }

    private func isZombie(_ id: pid_t) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
        return text.split(separator: ")").last?.hasPrefix(" Z") == true
    }
}
