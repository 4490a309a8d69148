internal import Torch

/// The gradients of a step's parts, added in an order that the number of parts alone decides: each with its neighbour, then
/// pairs with pairs, and so on. So the sum has the same bits however many ranks the parts are spread over.
struct PartSums {
    /// The sum of some parts in a row, as many as a power of two.
    struct Node {
        var parts: Range<Int>
        /// Float32, by parameter; `nil` where none of the parts has a gradient.
        var tensors: [Tensor?]
    }

    /// What could not be added up yet, in the order of the parts.
    private(set) var nodes: [Node] = []
    private let parameters: [Parameter]
    /// What of the part under way was taken out of the parameters already.
    private var open: [Tensor?]

    init(_ parameters: [Parameter] = []) {
        self.parameters = parameters
        open = parameters.map { _ in nil }
    }

    /// Takes the gradients of a narrow type that one pass has left, in Float32. Others stay: the engine adds the next
    /// pass's to them.
    mutating func takePass() throws(TorchError) {
        for (index, parameter) in parameters.enumerated() where parameter.value !== parameter.master {
            try take(index, parameter)
        }
    }

    /// Ends part `number`, of which all passes were made.
    mutating func endPart(_ number: Int) throws(TorchError) {
        for (index, parameter) in parameters.enumerated() { try take(index, parameter) }
        try add(Node(parts: number..<number + 1, tensors: open))
        open = parameters.map { _ in nil }
    }

    private mutating func take(_ index: Int, _ parameter: Parameter) throws(TorchError) {
        guard let gradient = parameter.gradient else { return }
        if let sum = open[index] {
            try accumulate([gradient], into: [sum])
        } else {
            open[index] = try gradient.detached().to(.float32).contiguous()
        }
        parameter.value.clearGradient()
    }

    /// Adds the parts that follow those which are here.
    mutating func add(_ node: Node) throws(TorchError) {
        var next = node
        while let last = nodes.last, last.parts.count == next.parts.count,
            last.parts.lowerBound % (2 * last.parts.count) == 0
        {
            nodes.removeLast()
            next = try PartSums.sum(last, next)
        }
        nodes.append(next)
    }

    /// The sum of all, when all parts are here.
    func total() throws(TorchError) -> [Tensor?] {
        guard var sum = nodes.first else { return open }
        for next in nodes.dropFirst() { sum = try PartSums.sum(sum, next) }
        return sum.tensors
    }

    /// Which parameters have a gradient in some part: 1 or 0 for each.
    var presence: [Double] {
        parameters.indices.map { index in nodes.contains { $0.tensors[index] != nil } ? 1 : 0 }
    }

    /// The nodes that are left when all parts of a range were added.
    static func nodes(of range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var next = range.lowerBound
        while next < range.upperBound {
            var size = 1
            while next % (2 * size) == 0, next + 2 * size <= range.upperBound { size *= 2 }
            found.append(next..<next + size)
            next += size
        }
        return found
    }

    /// In the memory of the first.
    private static func sum(_ one: Node, _ other: Node) throws(TorchError) -> Node {
        var sum = Node(parts: one.parts.lowerBound..<other.parts.upperBound, tensors: one.tensors)
        var targets: [Tensor] = []
        var sources: [Tensor] = []
        for (index, source) in other.tensors.enumerated() {
            guard let source else { continue }
            if let target = one.tensors[index] {
                targets.append(target)
                sources.append(source)
            } else {
                sum.tensors[index] = source
            }
        }
        try accumulate(sources, into: targets)
        return sum
    }
}
