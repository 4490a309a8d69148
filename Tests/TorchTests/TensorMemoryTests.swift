import Testing
import Torch

@Suite(.serialized) struct TensorMemoryTests {
    // Other suites make tensors meanwhile, so a large tensor is looked at and the bounds are wide.
    @Test func heldBytesFollowTheTensors() throws {
        let size = 512 << 20
        let before = Engine.tensorBytes
        var large: Tensor? = try Tensor.empty([size], .uint8)
        let during = Engine.tensorBytes
        #expect(large != nil && during - before > size / 2 && Engine.peakTensorBytes >= during - size / 2)
        large = nil
        #expect(during - Engine.tensorBytes > size / 2)
        Engine.forgetPeak()
        #expect(Engine.peakTensorBytes < Engine.tensorBytes + size / 2)
    }

    @Test func smallTensorsCountToo() throws {
        let before = Engine.tensorBytes
        var many: [Tensor] = []
        for _ in 0..<400 { many.append(try Tensor.empty([1 << 19], .uint8)) }
        #expect(Engine.tensorBytes - before > 100 << 20)
        many = []
        #expect(Engine.tensorBytes - before < 100 << 20)
    }
}
