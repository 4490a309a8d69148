import Testing
import Torch

@Suite struct OperationProfileTests {
    /// Two passes through a kernel of ours and a product of libtorch's.
    private func profiled() throws -> OperationProfile {
        let weight = try Tensor.ones([64, 64])
        try weight.setRequiresGradient(true)
        try OperationProfile.begin()
        for _ in 0..<2 {
            try OperationProfile.enter("forward")
            let gate = try Tensor.ones([32, 64]).linear(weight)
            let sum = try Tensor.swiglu(gate, gate).sum()
            try OperationProfile.enter("backward")
            try sum.backward()
        }
        try OperationProfile.enter("nothing")
        return try OperationProfile.end()
    }

    @Test func eachPhaseHasItsOperations() throws {
        let profile = try profiled()
        #expect(Set(profile.phases.map(\.total.name)) == ["forward", "backward", "nothing"])
        let calls = { (phase: String, operation: String) in
            profile.phases.first { $0.total.name == phase }?.operations.first { $0.name == operation }?.calls
        }
        #expect(calls("forward", "ct_swiglu") == 2)
        #expect(calls("forward", "ct_linear") == 2)
        #expect(calls("forward", "aten::linear") == 2)
        #expect(calls("backward", "ct_backward") == 2)
        #expect(calls("backward", "SwiGLUBackward") == 2)
        #expect(calls("forward", "SwiGLUBackward") == nil)
        #expect(profile.phases.first { $0.total.name == "forward" }?.total.calls == 2)
    }

    @Test func operationsTakeNoMoreThanTheirPhase() throws {
        for phase in try profiled().phases {
            #expect(phase.operations.allSatisfy { $0.seconds >= 0 })
            #expect(phase.operations.reduce(0) { $0 + $1.seconds } <= phase.total.seconds)
        }
    }

    @Test func aThreadTakesOneProfileAtATime() throws {
        #expect(throws: TorchError.self) { try OperationProfile.end() }
        try OperationProfile.begin()
        #expect(throws: TorchError.self) { try OperationProfile.begin() }
        #expect(try OperationProfile.end().phases.isEmpty)
        try OperationProfile.enter("not profiled")
        #expect(throws: TorchError.self) { try OperationProfile.end() }
    }
}
