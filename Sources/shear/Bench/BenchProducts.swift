internal import ArgumentParser
internal import Pipeline
internal import Torch
internal import Transformer

/// `shear bench products`: how long the matrix products of a training step take by themselves.
struct BenchProducts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "products",
        abstract:
            "Times the matrix products of a training step alone, at the model's own shapes, by what multiplies them fastest here."
    )

    @OptionGroup var chosen: ChosenModel
    @Option(help: "Tokens of a step.")
    var tokens = 2048
    @Option(help: "Products of each shape in a slice, whose mean counts.")
    var repeats = 3
    @OptionGroup var threads: BenchThreads

    private struct Facts: Encodable {
        var products: [MatrixProduct]
        var operations: Double
    }

    private struct Slice: Encodable {
        /// Of all products of a step.
        var seconds: Double
        /// Of one product of each kind, in the facts' order.
        var each: [Double]
    }

    func validate() throws {
        guard repeats > 0 else { throw ValidationError("--repeats is \(repeats); it must be at least 1") }
    }

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            try threads.apply()
            guard let dtype = DType(rawValue: chosen.dtype) else {
                throw ChosenModel.refused("--dtype \(chosen.dtype)", "is no type of tensors")
            }
            let architecture = try withTransformer { () throws(TransformerError) in
                try ModelFolder.architecture(chosen.path)
            }
            let products = CostModel(architecture).trainingProducts(tokens: tokens)
            let facts = Facts(products: products, operations: products.reduce(0) { $0 + $1.operations })
            try withTorch { () throws(TorchError) in
                try withoutGradients { () throws(TorchError) in
                    var operands: [Operands] = []
                    for product in products { operands.append(try Operands(product, dtype)) }
                    try Turns.take(facts) { () throws(TorchError) in
                        var slice = Slice(seconds: 0, each: [])
                        for operands in operands {
                            let seconds = try operands.seconds(repeats: repeats)
                            slice.each.append(seconds)
                            slice.seconds += seconds * Double(operands.product.count)
                        }
                        return slice
                    }
                }
            }
        }
    }

    /// The tensors of a product, in the layouts in which a training step meets them.
    private struct Operands {
        let product: MatrixProduct
        private let inputs_TI: Tensor
        private let weight_OI: Tensor
        private let gradient_TO: Tensor

        init(_ product: MatrixProduct, _ dtype: DType) throws(TorchError) {
            self.product = product
            let generator = try RandomGenerator(seed: 1)
            func normal(_ shape: [Int]) throws(TorchError) -> Tensor {
                try Tensor.normal(shape, generator: generator).to(dtype)
            }
            inputs_TI = try normal([product.tokens, product.inputs])
            weight_OI = try normal([product.outputs, product.inputs])
            gradient_TO = try normal([product.tokens, product.outputs])
        }

        /// The mean over `repeats`, after one that does not count.
        func seconds(repeats: Int) throws(TorchError) -> Double {
            try multiply()
            let start = ContinuousClock.now
            for _ in 0..<repeats { try multiply() }
            return start.elapsedSeconds / Double(repeats)
        }

        private func multiply() throws(TorchError) {
            switch product.pass {
            case .forward: _ = try inputs_TI.linear(weight_OI)
            case .inputGradient: _ = try gradient_TO.matmul(weight_OI)
            case .weightGradient: _ = try gradient_TO.transposed(0, 1).matmul(inputs_TI)
            }
        }
    }
}
