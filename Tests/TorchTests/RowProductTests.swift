import Fixtures
import Testing
import Torch

/// Products of one row or of many, and decoders that are given what does not fit.
@Suite struct RowProductTests {
    /// Outputs, inputs: whole vectors, remainders, less than a vector, several threads' worth.
    @Test(arguments: [[48, 64], [37, 100], [5, 3], [1, 1], [900, 576]], [DType.float32, .bfloat16])
    func aRowTimesAMatrixErrsNoMoreThanTheLibrary(_ sizes: [Int], _ dtype: DType) throws {
        var random = RepeatableRandom(UInt64(sizes[1]))
        let (outputs, inputs) = (sizes[0], sizes[1])
        let x = try random.tensor([1, 1, inputs], dtype)
        let weight = try random.tensor([outputs, inputs], dtype)
        let bias = try random.tensor([outputs], dtype)
        for bias in [nil, bias] {
            let exact = try x.to(.float64).linear(weight.to(.float64), bias?.to(.float64))
            func error(_ found: Tensor) throws -> Double { try (found.to(.float64) - exact).abs().maximum().item() }
            let found = try x.linear(weight, bias)
            #expect(found.shape == [1, 1, outputs] && found.dtype == dtype)
            // Two rows at once are the library's.
            let library = try Tensor.concatenated([x, x], axis: 1).linear(weight, bias).narrowed(1, from: 0, count: 1)
            let rounding = try exact.abs().maximum().item() * (dtype == .float32 ? 1e-7 : 4e-3)
            #expect(try error(found) <= 1.5 * error(library) + rounding)
        }
    }

    /// Rows, outputs, inputs: with remainders of blocks, panels and vectors, several blocks of each, and odd numbers, which
    /// are not read in pairs.
    private static let products = [
        [33, 37, 50], [97, 130, 700], [40, 16, 34], [800, 192, 576], [64, 64, 2], [45, 51, 33], [400, 600, 96],
    ]

    /// The output and the gradients of input, weight and bias.
    private static func passes(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ transposed: Bool) throws -> [Tensor] {
        let leaves = [x, weight] + (bias.map { [$0] } ?? [])
        for leaf in leaves { try leaf.setRequiresGradient(true) }
        let output = try x.linear(transposed ? weight.transposed(0, 1) : weight, bias)
        var random = RepeatableRandom(5)
        try output.backward(gradient: random.tensor(output.shape, .bfloat16).to(output.dtype))
        return try [output.detached()] + leaves.map { try #require($0.gradient) }
    }

    @Test(arguments: products, [false, true])
    func manyRowsErrNoMoreThanTheLibrary(_ sizes: [Int], _ transposed: Bool) throws {
        var random = RepeatableRandom(UInt64(sizes[2]))
        let (rows, outputs, inputs) = (sizes[0], sizes[1], sizes[2])
        let x = try random.tensor([1, rows, inputs], .bfloat16)
        let weight = try random.tensor(transposed ? [inputs, outputs] : [outputs, inputs], .bfloat16)
        let bias = try random.tensor([outputs], .bfloat16)
        for bias in [nil, bias] {
            func all(_ dtype: DType, _ x: Tensor) throws -> [Tensor] {
                try Self.passes(x.copied(), weight.to(dtype).copied(), bias?.to(dtype).copied(), transposed)
            }
            let exact = try all(.float64, x.to(.float64))
            let found = try all(.bfloat16, x)
            // Input that does not lie row by row is the library's.
            let turned = try x.transposed(1, 2).copied().transposed(1, 2).detached()
            let library = try Self.passes(
                turned, weight.copied(), bias?.copied(), transposed)
            for (index, exact) in exact.enumerated() {
                #expect(found[index].shape == exact.shape && found[index].dtype == .bfloat16)
                func error(_ list: [Tensor]) throws -> Double { try (list[index].to(.float64) - exact).norm().item() }
                let (ours, others) = (try error(found), try error(library))
                #expect(ours <= 1.5 * others, "\(index): \(ours) \(others)")
            }
            let alone = try withoutGradients { () throws(TorchError) in
                try x.linear(transposed ? weight.transposed(0, 1) : weight, bias)
            }
            #expect(try alone.isIdentical(to: found[0]))
        }
    }

    @Test func manyRowsGiveTheSameBitsOnAnyNumberOfThreads() throws {
        let before = Engine.threads
        defer { try? Engine.setThreads(before) }
        var random = RepeatableRandom(8)
        let x = try random.tensor([500, 300], .bfloat16)
        let weight = try random.tensor([400, 300], .bfloat16)
        let found = try [1, 2, 3].map { threads in
            try Engine.setThreads(threads)
            return try Self.passes(x.copied(), weight.copied(), nil, false)
        }
        for other in found.dropFirst() {
            for (one, other) in zip(found[0], other) { #expect(try one.isIdentical(to: other)) }
        }
    }

    @Test func aRowThatWantsAGradientGetsIt() throws {
        let x = try Tensor([1, 2] as [Float], shape: [1, 2])
        let weight = try Tensor([3, 4, 5, 6] as [Float], shape: [2, 2])
        try weight.setRequiresGradient(true)
        try x.linear(weight).sum().backward()
        #expect(try #require(weight.gradient).floats() == [1, 2, 1, 2])
        let found = try withoutGradients { () throws(TorchError) in try x.linear(weight).floats() }
        #expect(found == [11, 17])
    }

    @Test func decodersThatDoNotFitAreRefused() throws {
        let norm = try Tensor.ones([8])
        let square = FusedDecoder.Matrix(try Tensor.ones([8, 8]), outputs: 8)
        let cache = try Tensor.zeros([1, 2, 3, 4])
        func decoder() throws -> FusedDecoder { try FusedDecoder(headSize: 4, epsilon: 1e-5, finalNorm: norm) }
        func attend(_ query: FusedDecoder.Matrix? = nil, heads: Int = 2, keys: Tensor? = nil) throws -> FusedDecoder {
            let made = try decoder()
            try made.addAttention(
                norm: norm, query: query ?? square, key: square, value: square, output: square, queryHeads: heads,
                keyHeads: 2, keys: keys ?? cache, values: cache)
            return made
        }
        let bad: [(String, () throws -> Void)] = [
            ("odd heads", { _ = try FusedDecoder(headSize: 3, epsilon: 1e-5, finalNorm: norm) }),
            ("float64", { _ = try FusedDecoder(headSize: 4, epsilon: 1e-5, finalNorm: norm.to(.float64)) }),
            ("outputs", { _ = try attend(FusedDecoder.Matrix(Tensor.ones([4, 8]), outputs: 8)) }),
            ("dtype", { _ = try attend(FusedDecoder.Matrix(Tensor.ones([8, 8], .bfloat16), outputs: 8)) }),
            (
                "transposed",
                { _ = try attend(FusedDecoder.Matrix(Tensor.ones([8, 8]), outputs: 8, isTransposed: true)) }
            ),
            (
                "strided",
                { _ = try attend(FusedDecoder.Matrix(Tensor.ones([8, 16]).sliced(1, from: 0, to: 8), outputs: 8)) }
            ),
            ("bytes", { _ = try attend(FusedDecoder.Matrix(Tensor.ones([8, 7], .int8), outputs: 8, scales: norm)) }),
            ("heads", { _ = try attend(heads: 3) }),
            ("cache", { _ = try attend(keys: Tensor.zeros([1, 2, 3, 8])) }),
            ("room", { _ = try attend(keys: Tensor.zeros([1, 2, 4, 4])) }),
            (
                "bias",
                { _ = try attend(FusedDecoder.Matrix(Tensor.ones([8, 8]), outputs: 8, bias: Tensor.ones([7]))) }
            ),
            (
                "neurons",
                {
                    let wide = FusedDecoder.Matrix(try Tensor.ones([5, 8]), outputs: 5)
                    try decoder().addFeedForward(norm: norm, gate: wide, up: wide, down: square)
                }
            ),
        ]
        for (name, body) in bad {
            let error = expectNoNewTensors { #expect(throws: TorchError.self, "\(name)", performing: body) }
            #expect(error?.code == .invalidArgument, "\(name)")
        }
        let whole = try attend()
        let angles = try Tensor.ones([1, 2])
        #expect(try whole.step(norm, cosines: angles, sines: angles, position: 2).shape == [8])
        for (stream, angles, position) in [
            (norm, angles, 3), (norm, angles, -1), (cache, angles, 0), (norm, norm, 0),
        ] {
            #expect(throws: TorchError.self) {
                try whole.step(stream, cosines: angles, sines: angles, position: position)
            }
        }
    }
}
