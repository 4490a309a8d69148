/// The products of the codes of measured genomes with each other: all that linear and Gaussian kernels need.
struct AgreementTable: Sendable {
    /// The number of genomes.
    let count: Int
    /// For each genome the number of its active genes.
    let oneCounts: [Int]
    /// `count × count` numbers of agreeing active genes.
    private let agreements: [Int]

    /// - Parameter genes: `code.geneCount` genes per genome, one genome after another.
    init(_ genes: [UInt8], code: OneHotCode) {
        let length = code.geneCount
        let count = genes.count / length
        var agreements = [Int](repeating: 0, count: count * count)
        var isOne = [Bool](repeating: false, count: code.width)
        for one in 0..<count {
            code.forEachOne(genes, at: one * length) { isOne[$0] = true }
            for other in 0..<count {
                var sum = 0
                code.forEachOne(genes, at: other * length) { if isOne[$0] { sum += 1 } }
                agreements[one * count + other] = sum
            }
            code.forEachOne(genes, at: one * length) { isOne[$0] = false }
        }
        self.count = count
        self.agreements = agreements
        oneCounts = (0..<count).map { code.oneCount(genes, at: $0 * length) }
    }

    /// The matrix of `kernel` over all genomes, row after row.
    func matrix(_ kernel: Kernel) -> [Double] {
        switch kernel {
        case .linear: return agreements.map { Double($0) }
        case .gaussian(let rate):
            let table = Kernel.gaussianTable(rate: rate, upTo: 2 * (oneCounts.max() ?? 0))
            return agreements.indices.map { index in
                table[oneCounts[index / count] + oneCounts[index % count] - 2 * agreements[index]]
            }
        }
    }
}
