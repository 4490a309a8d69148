import Fixtures
import Foundation
import Testing
import Torch

/// Processes that exchange tensors, and what the living say when one is gone.
@Suite(.serialized) struct ProcessGroupTests {
    /// Not tests of their own: the ranks run these.
    @Test func exchanges() {
        TestRanks.takePart(as: "exchange") { try exchange($0) }
        TestRanks.takePart(as: "exchange between GPUs") { try exchange($0, on: .cuda($0.rank)) }
        TestRanks.takePart(as: "sum without end", sumWithoutEnd)
        TestRanks.takePart(as: "one leaves") { group in
            if group.rank == 2 {
                group.leave(because: "its disk is full")
                return "left"
            }
            try group.barrier()
            return "passed"
        }
        TestRanks.takePart(as: "one is late") { group in
            group.place("step \(10 + group.rank)")
            if group.rank == 1 { sleep(6) }
            try group.barrier()
            return "passed"
        }
    }

    // MARK: Exchange

    private static func own(_ rank: Int, _ dtype: DType) throws -> Tensor {
        var random = RepeatableRandom(UInt64(rank + 1))
        let values = (0..<1000).map { _ in Double(Int.random(in: -50...50, using: &random)) }
        return try Tensor(values, shape: [10, 100]).to(dtype)
    }

    private func exchange(_ group: ProcessGroup, on device: Device = .cpu) throws -> String {
        let news = try group.connect(device)
        guard group.isDirect(device) == (device != .cpu) else { throw Wrong(news ?? "no word of the way") }
        let handles = liveGroupHandleCount
        try expectNoNewTensorsOrFail { try exchangeAll(group, on: device) }
        guard liveGroupHandleCount == handles else { throw Wrong("handles of operations are left over") }
        try group.close()
        return "fine"
    }

    private struct Wrong: Error, CustomStringConvertible {
        let description: String
        init(_ text: String) { description = text }
    }

    private func expectNoNewTensorsOrFail(_ body: () throws -> Void) throws {
        let before = threadTensorBalance
        try body()
        if threadTensorBalance != before { throw Wrong("tensors leaked") }
    }

    private func exchangeAll(_ group: ProcessGroup, on device: Device) throws {
        func same(_ found: Tensor, _ expected: Tensor, _ what: String) throws {
            guard found.device == device, found.shape == expected.shape, try found.doubles() == expected.doubles()
            else { throw Wrong(what) }
        }
        for dtype in [DType.float32, .float64, .bfloat16, .float16, .int64, .int32, .uint8] {
            // Small whole numbers: sums are exact in every dtype but the narrow ones, which stay below 256.
            let size = dtype == .uint8 ? 1.0 / 50 : 1
            let all = try (0..<group.count).map { rank in
                let own = try Self.own(rank, .float64)
                return try (dtype == .uint8 ? own.abs() * size : own).to(dtype).to(device)
            }
            var sum: Tensor = try all[0].to(.float64)
            for other in all.dropFirst() { sum = try sum + other.to(.float64) }
            let mine = try all[group.rank].copied()
            try group.sum(mine)
            try same(mine, sum.to(dtype), "sum of \(dtype)")
            let largest = try all.dropFirst().reduce(all[0].to(.float64)) { try $0.larger($1.to(.float64)) }
            let top = try all[group.rank].copied()
            try group.maximum(top)
            try same(top, largest, "maximum of \(dtype)")
            for root in 0..<group.count {
                let sent = try all[group.rank].copied()
                try group.broadcast(sent, from: root)
                try same(sent, all[root], "broadcast of \(dtype) from \(root)")
            }
            try same(group.gathered(all[group.rank]), Tensor.stacked(all), "gather of \(dtype)")
        }
        let rows = 2 * group.count
        let parts = try (0..<group.count).map {
            try Self.own($0, .float32).to(device).sliced(1, from: 0, to: rows).transposed(0, 1)
        }
        var sum: Tensor = parts[0]
        for other in parts.dropFirst() { sum = try sum + other }
        let part = try sum.sliced(0, from: 2 * group.rank, to: 2 * group.rank + 2)
        try same(group.scatteredSum(parts[group.rank]), part, "scattered sum")
        // Rank r has the r-th pair of rows of each rank's part.
        let pair = try parts.map { try $0.sliced(0, from: 2 * group.rank, to: 2 * group.rank + 2) }
        try same(group.dealt(parts[group.rank]), Tensor.concatenated(pair, axis: 0), "parts dealt out")
        // Memory that is not contiguous comes back into its place.
        let turned = try parts[group.rank].copied().transposed(0, 1)
        try group.sum(turned)
        try same(turned, sum.transposed(0, 1), "sum of a transposed tensor")
        let pairs: Int = group.count * (group.count - 1) / 2
        let expected: [Double] = [Double(group.count), Double(pairs)]
        guard try group.sums([1, Double(group.rank)]) == expected else { throw Wrong("sums") }
        for text in ["", "ein Satz, größer als nichts"] {
            guard try group.shared(group.isFirst ? text : nil) == text else { throw Wrong("shared text") }
        }
        for exchange in [group.scatteredSum, group.dealt] {
            var isRefused = false
            do throws(TorchError) { _ = try exchange(Tensor.zeros([rows + 1], on: device)) } catch {
                isRefused = error.code == .invalidArgument
            }
            if !isRefused { throw Wrong("a tensor that does not fall into equal parts was taken") }
        }
    }

    @Test(arguments: [2, 3]) func ranksExchangeTensors(count: Int) throws {
        let ranks = try TestRanks(count, as: "exchange", in: "exchanges")
        #expect(ranks.outcomes() == Array(repeating: .done("fine"), count: count))
    }

    @Test func rankZeroCanKeepTheStore() throws {
        let ranks = try TestRanks(2, as: "exchange", in: "exchanges", rankZeroKeepsStore: true)
        #expect(ranks.outcomes() == [.done("fine"), .done("fine")])
    }

    /// c10d notes the first operation of each group in one place of the process.
    @Test func groupsOfSeveralThreadsBeginTogether() throws {
        for _ in 0..<8 {
            let found = try inAllRanks(6) { group in try group.sums([Double(group.rank)])[0] }
            #expect(found == Array(repeating: 15, count: 6))
        }
    }

    /// As many ranks as there are GPUs, at most four.
    @Test(.enabled(if: (try? Engine.requireNCCL()) != nil, "needs a GPU and libshearling_nccl.so"))
    func gpusExchangeDirectly() throws {
        let count = min(try Engine.cudaDeviceCount(), 4)
        guard count > 1 else {
            #expect(try inAllRanks(1) { try self.exchange($0, on: .cuda(0)) } == ["fine"])
            return
        }
        let ranks = try TestRanks(count, as: "exchange between GPUs", in: "exchanges")
        #expect(ranks.outcomes() == Array(repeating: .done("fine"), count: count))
    }

    /// Which is so here because the devices are none.
    @Test func whatKeepsGPUsFromExchangingDirectlyIsToldOnceAndTheHostDoesIt() throws {
        let told = try inAllRanks(2) { group in
            var told = [try group.connect(.cpu)]
            for _ in 0..<2 { told.append(try group.connect(.cuda(90 + group.rank))) }
            told.append(try group.connect(group.isFirst ? .cpu : .cuda(91)))
            return told + ["\(group.isDirect(.cuda(90 + group.rank)))", "\(try group.sums([1, Double(group.rank)]))"]
        }
        for words in told {
            #expect(words[0] == nil)
            #expect(words[1]?.hasPrefix("Tensors of GPUs go through the hosts' memory (Gloo). rank 0: ") == true)
            #expect(words[2] == nil)
            #expect(words[3]?.hasSuffix("rank 0: it computes on the CPU") == true)
            #expect(words[4...] == ["false", "[2.0, 1.0]"])
        }
    }

    @Test func ranksGiveTextsToEachOther() throws {
        let words = ["", "zwei Wörter", "3"]
        let found = try inAllRanks(3) { group in
            [
                try group.texts(words[group.rank]), try group.texts(""),
                try group.maxima([Double(group.rank), -1]).map { "\($0)" },
            ]
        }
        #expect(found == Array(repeating: [words, ["", "", ""], ["2.0", "-1.0"]], count: 3))
    }

    /// An ordinary operation that is come to so late is an error.
    @Test func rankZeroIsWaitedForAsLongAsItLives() throws {
        let limits = GroupLimits(waitSeconds: 2, meetingSeconds: 60, silenceSeconds: 5)
        let found = try inRanks(2, limits: limits) { group in
            if group.isFirst { sleep(5) }
            try group.waitForFirst()
            return try group.sums([1])[0]
        }
        #expect(try found.map { try $0.get() } == [2, 2])
        let failed = try inRanks(2, limits: limits) { group in
            if group.isFirst { throw TorchError(code: .io, operation: "a test", message: "no room") }
            try group.waitForFirst()
        }
        #expect { try failed[1].get() } throws: { "\($0)".contains("rank 0 has left the group: a test: no room") }
    }

    // MARK: Faults

    private func sumWithoutEnd(_ group: ProcessGroup) throws -> String {
        let tensor = try Tensor.ones([100_000])
        for step in 0... {
            group.place("step \(step)")
            try group.sum(tensor)
            try tensor.fill(1)
            if step == 10 { TestRanks.note("under way") }
        }
        return "never"
    }

    /// Waits until every rank is under way, does something to one, and gives what the others say.
    private func outcomes(
        _ count: Int, keeper: Bool, hit victim: Int, with signal: Int32
    ) throws -> (others: [TestRanks.Outcome], seconds: Double) {
        let ranks = try TestRanks(
            count, as: "sum without end", in: "exchanges", limits: GroupLimits(waitSeconds: 60, silenceSeconds: 3),
            rankZeroKeepsStore: keeper)
        let patience = ContinuousClock.now + .seconds(60)
        while !(0..<count).allSatisfy({ !ranks.notes(of: $0).isEmpty }), ContinuousClock.now < patience { usleep(5000) }
        let start = ContinuousClock.now
        kill(ranks.processes[victim].id, signal)
        for (rank, process) in ranks.processes.enumerated() where rank != victim { process.waitForEnd() }
        let seconds = Double((ContinuousClock.now - start).components.seconds)
        kill(ranks.processes[victim].id, SIGKILL)
        var all = ranks.outcomes()
        #expect(all.remove(at: victim) == .silent(.signal(SIGKILL)))
        return (all, seconds)
    }

    @Test(arguments: [(SIGKILL, 1, false), (SIGSTOP, 2, false), (SIGKILL, 0, true), (SIGSTOP, 0, true)])
    func aRankThatIsGoneIsNamed(signal: Int32, victim: Int, keeper: Bool) throws {
        let (others, seconds) = try outcomes(3, keeper: keeper, hit: victim, with: signal)
        #expect(seconds < 15)
        for outcome in others {
            guard case .failed(let text) = outcome else {
                Issue.record("it went on: \(outcome)")
                continue
            }
            #expect(text.contains("rank \(victim)"), "\(text)")
            #expect((0..<3).allSatisfy { $0 == victim || !text.contains("rank \($0) of 3") }, "\(text)")
        }
    }

    @Test func aRankThatLeavesGivesItsReason() throws {
        let ranks = try TestRanks(
            3, as: "one leaves", in: "exchanges", limits: GroupLimits(waitSeconds: 60, silenceSeconds: 3))
        let outcomes = ranks.outcomes()
        #expect(outcomes[2] == .done("left"))
        for outcome in outcomes[0..<2] {
            guard case .failed(let text) = outcome else {
                Issue.record("it went on: \(outcome)")
                continue
            }
            #expect(text.contains("rank 2 has left the group: its disk is full"), "\(text)")
        }
    }

    @Test func aRankThatIsLateIsNamedWithItsPlace() throws {
        let ranks = try TestRanks(
            3, as: "one is late", in: "exchanges", limits: GroupLimits(waitSeconds: 2, silenceSeconds: 2))
        guard case .failed(let text) = ranks.outcomes()[0] else {
            Issue.record("it went on")
            return
        }
        #expect(text.contains("rank 1 of 3") && text.contains("at step 11") && text.contains("alive"), "\(text)")
    }

    @Test func aRankThatDoesNotStartIsNamed() throws {
        let ranks = try TestRanks(
            4, as: "exchange", in: "exchanges", limits: GroupLimits(waitSeconds: 5), starting: [0, 2])
        for process in ranks.processes { process.waitForEnd() }
        guard case .failed(let text) = ranks.outcomes()[0] else {
            Issue.record("it went on")
            return
        }
        #expect(text.contains("rank 1, 3 of 4 did not come"), "\(text)")
    }

    @Test func aStoreThatNobodyKeepsIsAnError() throws {
        let kept = try ProcessStore(host: "127.0.0.1", port: 0, serve: true)
        let port = kept.port
        #expect { try ProcessStore(host: "127.0.0.1", port: port, serve: true) } throws: {
            ($0 as? TorchError)?.code == .io
        }
        try kept.set("a", "1")
        let other = try kept.clone()
        #expect(try other.get("a") == "1")
        #expect(try other.get("b") == nil)
        #expect(try other.get("b", waitSeconds: 0.2) == nil)
        let ranks = Ranks(rank: 1, count: 2, port: 1)
        #expect { try ProcessGroup(ranks, limits: GroupLimits(waitSeconds: 1)) } throws: {
            ($0 as? TorchError)?.code == .rankLost && "\($0)".contains("127.0.0.1:1")
        }
    }
}
