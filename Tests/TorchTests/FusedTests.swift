import Fixtures
import Testing
import Torch

/// Fused operations against compositions in Float64: forward and gradient, and the compositions against differences.
@Suite struct FusedTests {
    typealias Operation = @Sendable ([Tensor]) throws(TorchError) -> Tensor

    /// Output and gradients of `operation` at `inputs` in a dtype, under a fixed weighting of the output.
    static func evaluate(_ operation: Operation, _ inputs: [Tensor], _ dtype: DType) throws -> (Tensor, [Tensor]) {
        let leaves = try inputs.map { try $0.to(dtype).copied() }
        for leaf in leaves { try leaf.setRequiresGradient(true) }
        let output = try operation(leaves)
        var random = RepeatableRandom(99)
        try output.backward(gradient: random.tensor(output.shape).to(output.dtype))
        return (output, try leaves.map { try #require($0.gradient) })
    }

    static func expectParity(_ fused: Operation, _ reference: Operation, _ inputs: [Tensor]) throws {
        for (dtype, limit) in [
            (DType.float64, Tolerance(absolute: 1e-10, relative: 1e-9)),
            (.float32, Tolerance(absolute: 2e-5, relative: 2e-5)),
            (.bfloat16, Tolerance(absolute: 3e-2, relative: 3e-2)),
        ] {
            let rounded = try inputs.map { try $0.to(dtype).to(.float64) }
            let expected = try evaluate(reference, rounded, .float64)
            let found = try evaluate(fused, inputs, dtype)
            try expectClose(found.0, expected.0, limit, "\(dtype) output")
            for (index, (a, b)) in zip(found.1, expected.1).enumerated() {
                #expect(a.dtype == dtype)
                let size = max(1, try b.abs().maximum().item())  // rounding grows with the sums behind a gradient
                try expectClose(
                    a, b, Tolerance(absolute: limit.absolute * size, relative: limit.relative),
                    "\(dtype) gradient \(index)")
            }
        }
    }

    /// Central differences of the weighted output in Float64.
    static func expectDifferences(_ operation: Operation, _ inputs: [Tensor]) throws {
        let (output, gradients) = try evaluate(operation, inputs, .float64)
        var random = RepeatableRandom(99)
        let weighting = try random.tensor(output.shape).to(.float64)
        func value(_ inputs: [Tensor]) throws -> Double { try (operation(inputs) * weighting).sum().item() }
        let inputs = try inputs.map { try $0.to(.float64).copied() }
        let step = 1e-5
        for (input, gradient) in zip(inputs, gradients) {
            let flat = try input.viewed([-1])
            let slopes = try gradient.doubles()
            for index in stride(from: 0, to: flat.elementCount, by: max(1, flat.elementCount / 25)) {
                let element = try flat.sliced(0, from: index, to: index + 1)
                try element.add(step)
                let above = try value(inputs)
                try element.add(-2 * step)
                let below = try value(inputs)
                try element.add(step)
                expectClose([(above - below) / (2 * step)], [slopes[index]], Tolerance(absolute: 1e-6, relative: 1e-5))
            }
        }
    }

    static func rmsReference(_ x: Tensor, _ weight: Tensor, _ mask: Tensor?) throws(TorchError) -> Tensor {
        guard let mask else { return try x * (x.squared().mean(over: -1, keepingAxes: true) + 1e-5).rsqrt() * weight }
        let kept = try mask.detached().notEqual(to: 0).to(x.dtype)
        let mean = try (x.squared() * kept).sum(over: -1, keepingAxes: true) / kept.sum()
        return try x * (mean + 1e-5).rsqrt() * weight * mask
    }

    @Test(arguments: [[4, 24], [2, 3, 576], [5, 37], [1, 16], [33, 384]]) func rmsNormIsItsDefinition(_ shape: [Int])
        throws
    {
        var random = RepeatableRandom(1)
        let inputs = [try random.tensor(shape), try random.tensor([shape.last ?? 0])]
        let fused: Operation = { (t) throws(TorchError) in try t[0].rmsNorm(weight: t[1], epsilon: 1e-5) }
        let reference: Operation = { (t) throws(TorchError) in try Self.rmsReference(t[0], t[1], nil) }
        try Self.expectParity(fused, reference, inputs)
        try Self.expectDifferences(fused, inputs)
    }

    @Test(arguments: [[4, 24], [2, 3, 576], [5, 37], [33, 384]]) func maskedRMSNormIsItsDefinition(_ shape: [Int])
        throws
    {
        var random = RepeatableRandom(2)
        let width = shape.last ?? 0
        let soft = try random.tensor([width]).clamped(min: 0, max: 0.9)  // about half of it exactly 0
        let inputs = [try random.tensor(shape), try random.tensor([width]), soft]
        let fused: Operation = { (t) throws(TorchError) in try t[0].rmsNorm(weight: t[1], epsilon: 1e-5, mask: t[2]) }
        let reference: Operation = { (t) throws(TorchError) in try Self.rmsReference(t[0], t[1], t[2]) }
        try Self.expectParity(fused, reference, inputs)
        // Shifted, so that no element stands at the jump of [z != 0].
        try Self.expectDifferences(fused, [inputs[0], inputs[1], try soft + 0.05])
    }

    @Test func aNormUnderAFloat32MaskKeepsTheComputeDtype() throws {
        var random = RepeatableRandom(3)
        let x = try random.tensor([4, 32], .bfloat16)
        let weight = try random.tensor([32], .bfloat16)
        let mask = try random.tensor([32]).clamped(min: 0)
        try mask.setRequiresGradient(true)
        let out = try x.rmsNorm(weight: weight, epsilon: 1e-5, mask: mask)
        #expect(out.dtype == .bfloat16)
        try out.to(.float32).sum().backward()
        #expect(mask.gradient?.dtype == .float32)
        let zero = try x.rmsNorm(weight: weight, epsilon: 1e-5, mask: Tensor.zeros([32]))
        #expect(try zero.isFinite())
        #expect(try zero.abs().sum().item() == 0)
    }

    @Test(arguments: [[3, 16], [2, 3, 1536], [7, 45]], [false, true]) func swigluIsItsDefinition(
        _ shape: [Int], _ masked: Bool
    ) throws {
        var random = RepeatableRandom(4)
        var inputs = [try random.tensor(shape) * 4, try random.tensor(shape)]
        if masked { inputs.append(try random.tensor([shape.last ?? 0])) }
        let fused: Operation = { (t) throws(TorchError) in try Tensor.swiglu(t[0], t[1], mask: t.count > 2 ? t[2] : nil)
        }
        let reference: Operation = { (t) throws(TorchError) in
            let product = try t[0] * t[0].sigmoid() * t[1]
            return t.count > 2 ? try product * t[2] : product
        }
        try Self.expectParity(fused, reference, inputs)
        try Self.expectDifferences(fused, inputs)
    }

    @Test(arguments: [[3, 16], [2, 3, 384], [7, 45]], [false, true])
    func scalingByChannelIsItsDefinition(_ shape: [Int], _ added: Bool) throws {
        var random = RepeatableRandom(11)
        var inputs = [try random.tensor(shape), try random.tensor([shape.last ?? 0])]
        if added { inputs.append(try random.tensor(shape)) }
        let fused: Operation = { (t) throws(TorchError) in
            t.count > 2 ? try t[2].adding(t[0], scaledByChannel: t[1]) : try t[0].scaled(byChannel: t[1])
        }
        let reference: Operation = { (t) throws(TorchError) in
            t.count > 2 ? try t[2] + t[0] * t[1] : try t[0] * t[1]
        }
        try Self.expectParity(fused, reference, inputs)
        try Self.expectDifferences(fused, inputs)
    }

    @Test func aRetainedGraphGivesTheSameGradientTwice() throws {
        var random = RepeatableRandom(12)
        let hidden = try random.tensor([5, 8])
        let weight = try random.tensor([9, 8])
        try hidden.setRequiresGradient(true)
        let loss = try Tensor.linearCrossEntropy(hidden, weight, Tensor([0, 8, 3, -1, 5] as [Int64])).sum()
        try loss.backward(retainingGraph: true)
        let once = try #require(hidden.gradient).copied()
        try loss.backward()
        try expectClose(#require(hidden.gradient), once * 2)
    }

    @Test(arguments: [[2, 3, 5, 64], [1, 1, 1, 2], [2, 2, 7, 6]]) func rotaryIsItsDefinition(_ shape: [Int]) throws {
        var random = RepeatableRandom(5)
        let angles = try random.tensor([shape[2], shape[3] / 2]) * 3
        let (cosines, sines) = (try angles.cos(), try angles.sin())
        let wide = (try cosines.to(.float64), try sines.to(.float64))
        let fused: Operation = {
            [table = Unshared((cosines, sines)), wideTable = Unshared(wide)] (t) throws(TorchError) in
            let (c, s) = t[0].dtype == .float64 ? wideTable.value : table.value
            return try t[0].rotary(c, s)
        }
        let reference: Operation = { [table = Unshared(wide)] (t) throws(TorchError) in
            let half = shape[3] / 2
            let a = try t[0].sliced(3, from: 0, to: half)
            let b = try t[0].sliced(3, from: half, to: 2 * half)
            let (c, s) = table.value
            return try Tensor.concatenated([a * c - b * s, b * c + a * s], axis: 3)
        }
        let inputs = [try random.tensor(shape)]
        try Self.expectParity(fused, reference, inputs)
        try Self.expectDifferences(fused, inputs)
        // The layout that projections give: [B, T, N, D] seen as [B, N, T, D].
        let strided = try random.tensor([shape[0], shape[2], shape[1], shape[3]]).transposed(1, 2)
        try expectClose(strided.rotary(cosines, sines), strided.contiguous().rotary(cosines, sines))
    }

    @Test(arguments: [[6, 8, 11], [300, 16, 50], [1, 4, 1], [130, 32, 1000]]) func linearCrossEntropyIsItsDefinition(
        _ sizes: [Int]
    ) throws {
        var random = RepeatableRandom(6)
        let (rows, width, vocabulary) = (sizes[0], sizes[1], sizes[2])
        let inputs = [try random.tensor([rows, width]), try random.tensor([vocabulary, width]) * 2]
        var targets = (0..<rows).map { _ in Int64.random(in: 0..<Int64(vocabulary), using: &random) }
        if rows > 3 { targets[2] = -1 }
        let table = Unshared(try Tensor(targets))
        let fused: Operation = { (t) throws(TorchError) in try Tensor.linearCrossEntropy(t[0], t[1], table.value) }
        let reference: Operation = { (t) throws(TorchError) in
            try t[0].matmul(t[1].transposed(0, 1)).crossEntropy(table.value)
        }
        try Self.expectParity(fused, reference, inputs)
        try Self.expectDifferences(fused, inputs)
        if rows > 3 {
            let losses = try Tensor.linearCrossEntropy(inputs[0], inputs[1], table.value)
            #expect(losses.dtype == .float32)
            #expect(try losses.floats()[2] == 0)
        }
    }

    /// Sizes: rows, student width, teacher width, vocabulary; share of the divergence and temperature.
    @Test(
        arguments: [[6, 8, 5, 11], [300, 16, 24, 50], [1, 4, 4, 1], [600, 8, 8, 33], [130, 32, 16, 1000]],
        [[1, 1], [1, 2.5], [0.3, 1], [0.6, 0.5], [0, 1]]
    )
    func linearDistillationIsItsDefinition(_ sizes: [Int], _ mix: [Double]) throws {
        var random = RepeatableRandom(16)
        let (rows, vocabulary, share, temperature) = (sizes[0], sizes[3], mix[0], mix[1])
        let inputs = [try random.tensor([rows, sizes[1]]), try random.tensor([vocabulary, sizes[1]])]
        // Representable in every dtype, so that all have the same teacher.
        let teacher = Unshared(
            (
                try random.tensor([rows, sizes[2]]).to(.bfloat16),
                try (random.tensor([vocabulary, sizes[2]]) * 1.5).to(.bfloat16)
            ))
        var targets = (0..<rows).map { _ in Int64.random(in: 0..<Int64(vocabulary), using: &random) }
        if rows > 3 { targets[2] = -1 }
        let table = Unshared(try Tensor(targets))
        let fused: Operation = { (t) throws(TorchError) in
            try Tensor.linearDistillation(
                t[0], t[1], teacher: teacher.value.0.to(t[0].dtype), teacher.value.1.to(t[0].dtype),
                targets: table.value, share: share, temperature: temperature
            ).loss
        }
        let reference: Operation = { (t) throws(TorchError) in
            let student = try t[0].matmul(t[1].transposed(0, 1))
            let known = try teacher.value.0.to(.float64).matmul(teacher.value.1.to(.float64).transposed(0, 1))
            let logP = try (known / temperature).logSoftmax()
            let divergence = try (logP.exp() * (logP - (student / temperature).logSoftmax())).sum(over: 1)
            let counted = try table.value.greaterOrEqual(to: 0).to(.float64)
            return try divergence * counted * (share * temperature * temperature) + student.crossEntropy(table.value)
                * (1 - share)
        }
        try Self.expectParity(fused, reference, inputs)
        if rows < 100 { try Self.expectDifferences(fused, inputs) }
        let parts = try Tensor.linearDistillation(
            inputs[0], inputs[1], teacher: teacher.value.0.to(.float32), teacher.value.1.to(.float32),
            targets: table.value, share: share, temperature: temperature)
        try expectClose(parts.crossEntropy, Tensor.linearCrossEntropy(inputs[0], inputs[1], table.value))
        try expectClose(parts.loss, parts.divergence * share + parts.crossEntropy * (1 - share))
        if rows > 3 { #expect(try parts.loss.floats()[2] == 0 && parts.divergence.floats()[2] == 0) }
    }

    @Test(arguments: [1.0, 3.0]) func aStudentThatIsItsTeacherHasNothingToLearn(_ temperature: Double) throws {
        var random = RepeatableRandom(17)
        for dtype in [DType.float64, .float32, .bfloat16] {
            let hidden = try random.tensor([20, 16]).to(dtype)
            let weight = try (random.tensor([70, 16]) * 2).to(dtype)
            try hidden.setRequiresGradient(true)
            let losses = try Tensor.linearDistillation(
                hidden, weight, teacher: hidden, weight, targets: Tensor.zeros([20], .int64), temperature: temperature)
            #expect(try losses.divergence.abs().maximum().item() == 0)
            try losses.loss.sum().backward()
            // Not 0: one of the two products of a slope is rounded, the other not.
            #expect(try #require(hidden.gradient).abs().maximum().item() < 1e-6)
        }
    }

    @Test func distillationKeepsItsSlopesForARetainedGraphAndSurvivesHugeLogits() throws {
        let hidden = try Tensor.full([2, 4], 100)
        let weight = try Tensor([1, 1, 1, 1, -1, -1, -1, -1, 0, 0, 0, 0] as [Float], shape: [3, 4])
        try hidden.setRequiresGradient(true)
        let losses = try Tensor.linearDistillation(
            hidden, weight, teacher: hidden * -1, weight, targets: Tensor([0, 1] as [Int64]), share: 0.5)
        #expect(try losses.divergence.floats() == [800, 800] && losses.crossEntropy.floats() == [0, 800])
        try losses.loss.sum().backward(retainingGraph: true)
        let once = try #require(hidden.gradient).copied()
        #expect(try once.isFinite())
        try losses.loss.sum().backward()
        try expectClose(#require(hidden.gradient), once * 2)
        #expect(weight.gradient == nil)
    }

    @Test func hugeLogitsStayFinite() throws {
        let hidden = try Tensor.full([2, 4], 100)
        let weight = try Tensor([1, 1, 1, 1, -1, -1, -1, -1, 0, 0, 0, 0] as [Float], shape: [3, 4])
        try hidden.setRequiresGradient(true)
        let losses = try Tensor.linearCrossEntropy(hidden, weight, Tensor([0, 1] as [Int64]))
        #expect(try losses.floats() == [0, 800])
        try losses.sum().backward()
        #expect(try #require(hidden.gradient).isFinite())
    }

    @Test func aFrozenSideGetsNoGradient() throws {
        var random = RepeatableRandom(8)
        let hidden = try random.tensor([4, 8])
        let weight = try random.tensor([10, 8])
        try weight.setRequiresGradient(true)
        try Tensor.linearCrossEntropy(hidden, weight, Tensor([0, 1, 2, -1] as [Int64])).sum().backward()
        #expect(weight.gradient != nil)
        #expect(hidden.gradient == nil)
    }

    @Test func attentionIsItsDefinition() throws {
        var random = RepeatableRandom(10)
        let q = try random.tensor([2, 4, 5, 8])
        let k = try random.tensor([2, 2, 5, 8])
        let v = try random.tensor([2, 2, 5, 8])
        let found = try Tensor.scaledDotProductAttention(q, k, v, isCausal: true, groupedQuery: true)
        let scores = try q.matmul(k.repeatInterleaved(2, 1).transposed(2, 3)) / 8.0.squareRoot()
        let causal = try Tensor.ones([5, 5], .bool).lowerTriangle()
        let masked = try Tensor.selecting(causal, scores, Tensor.full([], -.infinity))
        let expected = try masked.softmax().matmul(v.repeatInterleaved(2, 1))
        try expectClose(found, expected)
        let byMask = try Tensor.scaledDotProductAttention(q, k, v, mask: causal, groupedQuery: true)
        try expectClose(byMask, expected)
    }
}

extension FusedTests {
    /// Sizes: batch, query heads, key heads, time, channels; with a remainder of each block, and beyond one block of keys.
    @Test(
        arguments: [[1, 2, 1, 5, 16], [2, 6, 3, 70, 64], [1, 2, 2, 600, 32], [1, 3, 1, 131, 128]], [false, true])
    func halfAttentionIsItsDefinition(_ sizes: [Int], _ causal: Bool) throws {
        var random = RepeatableRandom(13)
        let (batch, heads, groups, time, channels) = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4])
        // As projections give them: [batch, time, heads, channels] in memory.
        let inputs = try [heads, groups, groups].map { try random.tensor([batch, time, $0, channels]) * 2 }
        let seen = Unshared(try Tensor.ones([time, time], .bool).lowerTriangle())
        let fused: Operation = { (t) throws(TorchError) in
            let h = [try t[0].transposed(1, 2), try t[1].transposed(1, 2), try t[2].transposed(1, 2)]
            return try Tensor.scaledDotProductAttention(h[0], h[1], h[2], isCausal: causal, groupedQuery: true)
        }
        let reference: Operation = { (t) throws(TorchError) in
            let q = try t[0].transposed(1, 2)
            let k = try t[1].transposed(1, 2).repeatInterleaved(heads / groups, 1)
            let v = try t[2].transposed(1, 2).repeatInterleaved(heads / groups, 1)
            var scores = try q.matmul(k.transposed(2, 3)) / Double(channels).squareRoot()
            if causal { scores = try Tensor.selecting(seen.value, scores, Tensor.full([], -.infinity, .float64)) }
            return try scores.softmax().matmul(v)
        }
        try Self.expectParity(fused, reference, inputs)
    }
}

/// Carries tensors into a closure that stays on the test's own thread.
struct Unshared<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
