/// A weighted sum of Gaussians around genomes, computed without multiplying codes.
///
/// Squared distances between codes are small integers, so the exponential is a table; and the agreements of a genome with
/// all centres at once are sums of one column of 0 and 1 per active gene.
struct GaussianSum: Sendable {
    private let weights: [Double]
    /// The number of ones in each centre's code.
    private let oneCounts: [Int]
    /// For every place of the code, and then every centre, whether the centre has a one there.
    private let columns: [UInt16]
    private let table: [Double]

    init(_ weights: [Double], rate: Double, genes: [UInt8], code: OneHotCode) {
        let centres = weights.indices.filter { weights[$0] != 0 }
        var columns = [UInt16](repeating: 0, count: code.width * centres.count)
        for (place, centre) in centres.enumerated() {
            code.forEachOne(genes, at: centre * code.geneCount) { columns[$0 * centres.count + place] = 1 }
        }
        self.columns = columns
        self.weights = centres.map { weights[$0] }
        oneCounts = centres.map { code.oneCount(genes, at: $0 * code.geneCount) }
        table = Kernel.gaussianTable(rate: rate, upTo: 2 * code.geneCount)
    }

    /// The sum at each genome of `genes`.
    func values(_ genes: [UInt8], code: OneHotCode) -> [Double] {
        let count = weights.count
        var agreements = [UInt16](repeating: 0, count: count)
        return stride(from: 0, to: genes.count, by: code.geneCount).map { start in
            agreements.withUnsafeMutableBufferPointer { agreements in
                columns.withUnsafeBufferPointer { columns in
                    agreements.update(repeating: 0)
                    code.forEachOne(genes, at: start) { place in
                        let column = UnsafeBufferPointer(rebasing: columns[(place * count)..<((place + 1) * count)])
                        for centre in 0..<count { agreements[centre] &+= column[centre] }
                    }
                }
                let ones = code.oneCount(genes, at: start)
                var sum = 0.0
                for centre in 0..<count {
                    sum += weights[centre] * table[ones + oneCounts[centre] - 2 * Int(agreements[centre])]
                }
                return sum
            }
        }
    }
}
