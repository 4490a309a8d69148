import Testing
import Torch

@Suite struct RanksTests {
    private let torchrun = [
        "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "MASTER_ADDR": "node7",
        "MASTER_PORT": "29400", "TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "2",
    ]
    private let slurm = [
        "SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4", "SLURM_LOCALID": "1",
        "SLURM_STEP_NODELIST": "gpu[012-013,20]",
        "SLURM_STEP_TASKS_PER_NODE": "2(x2)", "SLURM_JOB_ID": "40007", "SLURM_STEP_ID": "1",
    ]

    @Test func torchrunsVariablesAreRead() throws {
        let found = try #require(try Ranks.found(in: torchrun))
        #expect(
            found
                == Ranks(
                    rank: 5, count: 8, localRank: 1, localCount: 4, address: "node7", port: 29400, attempt: 2))
        let kept = try Ranks.found(in: torchrun.merging(["TORCHELASTIC_USE_AGENT_STORE": "False"]) { $1 })
        #expect(kept?.rankZeroKeepsStore == true)
        let named = try Ranks.found(in: torchrun.merging(["GLOO_SOCKET_IFNAME": "eth3,eth4"]) { $1 })
        #expect(named?.interface == "eth3")
        #expect(named?.usesNCCL == true)
        #expect(try Ranks.found(in: torchrun.merging(["SHEARLING_NCCL": "0"]) { $1 })?.usesNCCL == false)
    }

    @Test func variablesOfARankReadAsThatRank() throws {
        for keeper in [true, false] {
            let ranks = Ranks(
                rank: 2, count: 3, localRank: 0, localCount: 1, address: "10.0.0.7", port: 4000,
                rankZeroKeepsStore: keeper, attempt: 4)
            #expect(try Ranks.found(in: ranks.variables) == ranks)
        }
    }

    @Test func aSlurmStepIsReadWhenTorchrunIsSilent() throws {
        let found = try #require(try Ranks.found(in: slurm))
        #expect(
            found
                == Ranks(
                    rank: 3, count: 4, localRank: 1, localCount: 2, address: "gpu012", port: 15000 + 40008 % 16000,
                    rankZeroKeepsStore: true))
        #expect(try Ranks.found(in: slurm.merging(torchrun) { $1 })?.count == 8)
        for (list, host) in [("a7", "a7"), ("a7,b8", "a7"), ("n[3,5]-x", "n3"), ("n[09-11]", "n09")] {
            #expect(try Ranks.found(in: slurm.merging(["SLURM_STEP_NODELIST": list]) { $1 })?.address == host)
        }
        let chosen = try Ranks.found(in: slurm.merging(["MASTER_ADDR": "head", "MASTER_PORT": "77"]) { $1 })
        #expect(chosen?.address == "head" && chosen?.port == 77)
    }

    @Test func aProcessThatIsAloneHasNoRanks() throws {
        #expect(try Ranks.found(in: [:]) == nil)
        #expect(try Ranks.found(in: ["WORLD_SIZE": "1"]) == nil)
        // A batch script has a rank of its own, but is no step: its commands run alone.
        #expect(try Ranks.found(in: ["SLURM_PROCID": "0", "SLURM_NTASKS": "8", "SLURM_NODELIST": "a"]) == nil)
        #expect(try Ranks.found(in: slurm.merging(["SLURM_STEP_NUM_TASKS": "1"]) { $1 }) == nil)
    }

    @Test(arguments: [
        ("RANK", "8"), ("RANK", "-1"), ("RANK", "first"), ("WORLD_SIZE", "0"), ("WORLD_SIZE", "many"),
        ("MASTER_PORT", "70000"), ("MASTER_ADDR", ""), ("LOCAL_RANK", "9"),
    ])
    func aVariableThatCannotBeIsNamed(name: String, value: String) throws {
        #expect {
            try Ranks.found(in: torchrun.merging([name: value]) { $1 })
        } throws: { "\($0)".contains(name) && "\($0)".contains("shear launch") }
    }

    @Test func aMissingVariableIsNamed() throws {
        for name in ["RANK", "MASTER_ADDR", "MASTER_PORT"] {
            #expect {
                try Ranks.found(in: torchrun.filter { $0.key != name })
            } throws: { "\($0)".contains("\(name) is not set") }
        }
    }
}
