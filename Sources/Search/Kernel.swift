internal import Glibc

/// How alike two codes are.
enum Kernel: Sendable, Equatable {
    /// Their product.
    case linear
    /// `exp(-rate · squared distance)`.
    case gaussian(rate: Double)

    /// The Gaussian at the squared distances 0 ... `most`: between codes of ones and zeros there are no others.
    static func gaussianTable(rate: Double, upTo most: Int) -> [Double] {
        (0...most).map { exp(-rate * Double($0)) }
    }
}
