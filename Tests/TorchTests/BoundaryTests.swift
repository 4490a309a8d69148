import Fixtures
import Testing
import Torch

/// One misuse: what it calls, what it does, what it must be refused with.
struct Misuse: Sendable, CustomTestStringConvertible {
    let name: String
    let code: TorchError.Code
    let body: @Sendable () throws -> Void
    init(_ name: String, _ code: TorchError.Code = .invalidArgument, _ body: @escaping @Sendable () throws -> Void) {
        self.name = name
        self.code = code
        self.body = body
    }
    var testDescription: String { name }
}

/// Every function of the C interface that can fail, given something bad, throws and leaks nothing.
@Suite struct BoundaryTests {
    static let a = [1, 2, 3, 4, 5, 6] as [Float]
    static func tensor() throws(TorchError) -> Tensor { try Tensor(a, shape: [2, 3]) }
    static func leaf() throws(TorchError) -> Tensor {
        let leaf = try tensor()
        try leaf.setRequiresGradient(true)
        return leaf
    }

    /// Distillation of a student of 2 positions, width 3 and 5 tokens from a teacher of width 3.
    static func distil(
        teacher: [Int] = [2, 3], vocabulary: Int = 5, targets: [Int64] = [0, -1], share: Double = 1,
        temperature: Double = 1
    ) throws(TorchError) {
        _ = try Tensor.linearDistillation(
            tensor(), Tensor.ones([5, 3]), teacher: Tensor.ones(teacher), Tensor.ones([vocabulary, 3]),
            targets: Tensor(targets), share: share, temperature: temperature)
    }

    static let misuses: [Misuse] = [
        Misuse("int8 pack: dtype") { _ = try tensor().int8Packed() },
        Misuse("int8 pack: no inputs") { _ = try Tensor.zeros([2, 0], .int8).int8Packed() },
        Misuse("int8 linear: outputs") {
            _ = try tensor().int8Linear(Tensor.ones([4, 3], .int8), outputs: 5, scales: Tensor.ones([5]))
        },
        Misuse("int8 linear: scales") {
            _ = try tensor().int8Linear(Tensor.ones([4, 3], .int8), outputs: 4, scales: Tensor.ones([3]))
        },
        Misuse("int8 linear: packed for another width") {
            _ = try tensor().int8Linear(Tensor.ones([4, 30], .int8).int8Packed(), outputs: 4, scales: Tensor.ones([4]))
        },
        Misuse("int8 linear: bias") {
            _ = try tensor().int8Linear(
                Tensor.ones([4, 3], .int8), outputs: 4, scales: Tensor.ones([4]), Tensor.ones([3]))
        },
        Misuse("int8 linear: integers") {
            _ = try Tensor.ones([2, 3], .int64).int8Linear(
                Tensor.ones([4, 3], .int8), outputs: 4, scales: Tensor.ones([4]))
        },
        Misuse("int4 linear: group") {
            _ = try Tensor.ones([1, 64]).int4Linear(
                Tensor.zeros([2, 32], .uint8), group: 16, scales: Tensor.ones([2, 4]), offsets: Tensor.ones([2, 4]))
        },
        Misuse("int4 linear: width") {
            _ = try Tensor.ones([1, 65]).int4Linear(
                Tensor.zeros([2, 32], .uint8), group: 32, scales: Tensor.ones([2, 2]), offsets: Tensor.ones([2, 2]))
        },
        Misuse("int4 linear: offsets") {
            _ = try Tensor.ones([1, 64]).int4Linear(
                Tensor.zeros([2, 32], .uint8), group: 32, scales: Tensor.ones([2, 2]), offsets: Tensor.ones([2, 1]))
        },
        Misuse("full: negative size") { _ = try Tensor.zeros([-1]) },
        Misuse("full: no such device", .invalidArgument) { _ = try Tensor.zeros([1], on: .cuda(-7)) },
        Misuse("full: size that overflows") { _ = try Tensor.zeros([Int.max, Int.max]) },
        Misuse("full: more memory than there is", .outOfMemory) { _ = try Tensor.zeros([1 << 50]) },
        Misuse("empty: negative size") { _ = try Tensor.empty([2, -3]) },
        Misuse("arange: backwards") { _ = try Tensor.arange(3, 0) },
        Misuse("from bytes: wrong count") { _ = try Tensor([1, 2] as [Float], shape: [3]) },
        Misuse("from bytes: shape that overflows") { _ = try Tensor([] as [Float], shape: [1 << 40, 1 << 40]) },
        Misuse("item: several elements") { _ = try tensor().item() },
        Misuse("NCCL: on the CPU") { try Engine.requireNCCL(on: .cpu) },
        Misuse("NCCL: absent device", .unsupported) { try Engine.requireNCCL(on: .cuda(99)) },
        Misuse("to device: absent", .unsupported) { _ = try tensor().to(Device.cuda(99)) },
        Misuse("size: no such axis", .index) { _ = try tensor().size(2) },
        Misuse("binary: shapes") { _ = try tensor() + Tensor.ones([4]) },
        Misuse("unary: dtype", .unsupported) { _ = try Tensor.ones([2], .int64).silu() },
        Misuse("binary with a number: bool subtraction") {
            _ = try tensor().greater(than: 0) - tensor().greater(than: 0)
        },
        Misuse("clamp: no limit") { _ = try tensor().clamped() },
        Misuse("clamp in place: no limit") { try tensor().clamp() },
        Misuse("select: shapes") { _ = try Tensor.selecting(Tensor.ones([5], .bool), tensor(), tensor()) },
        Misuse("matmul: shapes") { _ = try tensor().matmul(tensor()) },
        Misuse("matmul: dtypes") { _ = try tensor().matmul(Tensor.ones([3, 2], .bfloat16)) },
        Misuse("add in place: shapes") { try tensor().add(Tensor.ones([7])) },
        Misuse("add in place: a leaf") { try leaf().add(1) },
        Misuse("multiply in place: shapes") { try tensor().multiply(by: Tensor.ones([7])) },
        Misuse("multiply in place: a leaf") { try leaf().multiply(by: 2) },
        Misuse("copy in place: shapes") { try tensor().copy(from: Tensor.ones([7])) },
        Misuse("fill in place: a leaf") { try leaf().fill(0) },
        Misuse("reduce: no such axis", .index) { _ = try tensor().sum(over: 5) },
        Misuse("reduce: extremum of nothing", .index) { _ = try Tensor.zeros([0]).maximum(over: 0) },
        Misuse("argmax: no such axis", .index) { _ = try tensor().argmax(over: 2) },
        Misuse("sort: no such axis", .index) { _ = try tensor().sorted(over: 2) },
        Misuse("top k: more than there are") { _ = try tensor().topK(4) },
        Misuse("cumulative sum: no such axis", .index) { _ = try tensor().cumulativeSum(over: 2) },
        Misuse("reshape: count") { _ = try tensor().reshaped([4]) },
        Misuse("view: layout") { _ = try tensor().transposed(0, 1).viewed([6]) },
        Misuse("transpose: no such axis", .index) { _ = try tensor().transposed(0, 2) },
        Misuse("permute: axis twice") { _ = try tensor().permuted([0, 0]) },
        Misuse("slice: beyond the end", .index) { _ = try tensor().sliced(1, from: 1, to: 4) },
        Misuse("slice: backwards", .index) { _ = try tensor().sliced(1, from: 2, to: 1) },
        Misuse("narrow: overflow", .index) { _ = try tensor().narrowed(1, from: 1, count: Int.max) },
        Misuse("select index: outside", .index) { _ = try tensor().selected(0, 2) },
        Misuse("index select: outside", .index) { _ = try tensor().indexSelected(0, Tensor([2] as [Int64])) },
        Misuse("gather: outside") { _ = try tensor().gathered(1, Tensor([9] as [Int64], shape: [1, 1])) },
        Misuse("scatter: outside") {
            _ = try tensor().scattered(1, Tensor([9] as [Int64], shape: [1, 1]), from: Tensor.ones([1, 1]))
        },
        Misuse("expand: size") { _ = try tensor().expanded(to: [2, 4]) },
        Misuse("unsqueeze: no such axis", .index) { _ = try tensor().unsqueezed(4) },
        Misuse("squeeze: not of size 1") { _ = try tensor().squeezed(0) },
        Misuse("repeat: negative") { _ = try tensor().repeatInterleaved(-1, 0) },
        Misuse("concatenate: nothing") { _ = try Tensor.concatenated([]) },
        Misuse("concatenate: shapes") { _ = try Tensor.concatenated([tensor(), Tensor.ones([1])]) },
        Misuse("stack: shapes") { _ = try Tensor.stacked([tensor(), Tensor.ones([1])]) },
        Misuse("split: not filling") { _ = try tensor().split([1, 1], axis: 1) },
        Misuse("triangle: rank") { _ = try Tensor.ones([3]).lowerTriangle() },
        Misuse("linear: sizes") { _ = try tensor().linear(Tensor.ones([4, 4])) },
        Misuse("embedding: outside", .index) { _ = try Tensor.embedding(weight: tensor(), Tensor([2] as [Int64])) },
        Misuse("softmax: no such axis", .index) { _ = try tensor().softmax(over: 2) },
        Misuse("attention: rank") { _ = try Tensor.scaledDotProductAttention(tensor(), tensor(), tensor()) },
        Misuse("cross-entropy: shapes") { _ = try tensor().crossEntropy(Tensor([0] as [Int64])) },
        Misuse("cross-entropy: outside", .index) { _ = try tensor().crossEntropy(Tensor([0, 3] as [Int64])) },
        Misuse("rms norm: weight") { _ = try tensor().rmsNorm(weight: Tensor.ones([2]), epsilon: 1e-5) },
        Misuse("rms norm: mask") {
            _ = try tensor().rmsNorm(weight: Tensor.ones([3]), epsilon: 1e-5, mask: Tensor.ones([2]))
        },
        Misuse("swiglu: shapes") { _ = try Tensor.swiglu(tensor(), Tensor.ones([2, 4])) },
        Misuse("swiglu: mask") { _ = try Tensor.swiglu(tensor(), tensor(), mask: Tensor.ones([2])) },
        Misuse("add scaled: scale") { _ = try tensor().scaled(byChannel: Tensor.ones([2])) },
        Misuse("add scaled: base") { _ = try Tensor.ones([3]).adding(tensor(), scaledByChannel: Tensor.ones([3])) },
        Misuse("rotary: sizes") {
            _ = try Tensor.ones([1, 1, 2, 4]).rotary(Tensor.ones([2, 3]), Tensor.ones([2, 3]))
        },
        Misuse("linear cross-entropy: sizes") {
            _ = try Tensor.linearCrossEntropy(tensor(), Tensor.ones([5, 4]), Tensor([0, 0] as [Int64]))
        },
        Misuse("linear cross-entropy: dtype of targets") {
            _ = try Tensor.linearCrossEntropy(tensor(), Tensor.ones([5, 3]), Tensor([0, 0] as [Int32]))
        },
        Misuse("linear cross-entropy: outside", .index) {
            _ = try Tensor.linearCrossEntropy(tensor(), Tensor.ones([5, 3]), Tensor([0, 5] as [Int64]))
        },
        Misuse("linear distillation: sizes") { try distil(teacher: [2, 4]) },
        Misuse("linear distillation: vocabulary") { try distil(vocabulary: 6) },
        Misuse("linear distillation: rows") { try distil(teacher: [3, 3]) },
        Misuse("linear distillation: share") { try distil(share: 1.5) },
        Misuse("linear distillation: temperature") { try distil(temperature: 0) },
        Misuse("linear distillation: outside", .index) { try distil(targets: [0, 5]) },
        Misuse("requires gradient: integers") { try Tensor.ones([1], .int64).setRequiresGradient(true) },
        Misuse("requires gradient: no leaf") { try (leaf() * 2).setRequiresGradient(false) },
        Misuse("set gradient: shape") { try leaf().setGradient(Tensor.ones([1])) },
        Misuse("backward: no graph") { try tensor().sum().backward() },
        Misuse("backward: several elements") { try (leaf() * 2).backward() },
        Misuse("backward: counts") { try Tensor.backward([leaf().sum()], gradients: []) },
        Misuse("gradients: unused") { _ = try Tensor.gradients(of: leaf().sum(), for: [leaf()]) },
        Misuse("adamw: counts") {
            try adamWStep(parameters: [tensor()], gradients: [], firstMoments: [], secondMoments: [], rate: 1, step: 1)
        },
        Misuse("adamw: dtype") {
            let half = try Tensor.ones([2], .bfloat16)
            try adamWStep(
                parameters: [half], gradients: [half], firstMoments: [half], secondMoments: [half], rate: 1, step: 1)
        },
        Misuse("adamw: step 0") {
            let x = try tensor()
            try adamWStep(parameters: [x], gradients: [x], firstMoments: [x], secondMoments: [x], rate: 1, step: 0)
        },
        Misuse("global norm: integers") { _ = try globalNorm([Tensor.ones([2], .int64)]) },
        Misuse("accumulate: shapes") { try accumulate([tensor()], into: [Tensor.ones([2])]) },
        Misuse("accumulate: counts") { try accumulate([tensor()], into: []) },
        Misuse("parameter: integers") { _ = try Parameter(name: "p", Tensor.ones([2], .int64)) },
        Misuse("generator: device", .invalidArgument) { _ = try RandomGenerator(seed: 1, on: .cuda(-1)) },
        Misuse("generator state: nonsense") { try RandomGenerator(seed: 1).restore(tensor()) },
        Misuse("normal: negative deviation") {
            _ = try Tensor.normal([2], deviation: -1, generator: RandomGenerator(seed: 1))
        },
        Misuse("uniform: empty range") {
            _ = try Tensor.uniform([2], low: 1, high: 0, generator: RandomGenerator(seed: 1))
        },
        Misuse("multinomial: negative weight") {
            _ = try Tensor([-1, 2] as [Float]).multinomial(1, generator: RandomGenerator(seed: 1))
        },
        Misuse("threads: none") { try Engine.setThreads(0) },
        Misuse("safetensors: no such file", .badFile) {
            _ = try SafetensorsFile(path: "/nonexistent/model.safetensors")
        },
    ]

    @Test(arguments: misuses) func misuseIsRefusedAndLeaksNothing(_ misuse: Misuse) throws {
        let error = expectNoNewTensors { #expect(throws: TorchError.self, performing: misuse.body) }
        #expect(error?.code == misuse.code, "\(error?.description ?? "")")
        #expect(error?.message.isEmpty == false)
        #expect(error?.message.contains("Exception raised from") == false, "no backtraces in messages")
    }

    @Test func theEngineIsTheOneThisWasBuiltFor() throws {
        try Engine.requireVersion()
        #expect(Engine.version == "2.11.0")
        #expect(Engine.isDeterministic)
        #expect(Engine.threads >= 1)
        #expect(!Engine.cpuCapability.isEmpty)
    }

    @Test func loopsOfOurKernelsRunOnAllThreads() throws {
        let threads = Engine.threads
        #expect(Engine.loopThreads == threads)
        try Engine.setThreads(threads + 1)
        let more = Engine.loopThreads
        try Engine.setThreads(threads)
        #expect(more == threads + 1)
    }

    @Test func anAbsentCudaSaysTheWayOut() throws {
        guard !Engine.cudaIsAvailable else { return }
        let error = #expect(throws: TorchError.self) { try Tensor.zeros([1], on: .cuda(0)) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("use the CPU") == true)
    }
}
