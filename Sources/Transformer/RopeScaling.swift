internal import Glibc

/// How rotary frequencies are stretched to reach positions beyond those of the first training.
public enum RopeScaling: Codable, Sendable, Hashable {
    /// All frequencies divided by one factor (position interpolation, arXiv 2306.15595).
    case linear(factor: Double)
    /// Llama 3.1's rule: wavelengths above `originalPositions / lowFrequencyFactor` are divided by `factor`, those
    /// below `originalPositions / highFrequencyFactor` stay, the ones between are interpolated.
    case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositions: Int)

    /// The inverse frequencies of a head, in radians per position: `headSize / 2` values, float32 as the reference
    /// computes them.
    static func inverseFrequencies(headSize: Int, theta: Double, scaling: RopeScaling?) -> [Float] {
        let half = headSize / 2
        let plain = (0..<half).map { index in
            Float(1 / pow(theta, Double(Float(2 * index) / Float(headSize))))
        }
        switch scaling {
        case nil:
            return plain
        case .linear(let factor):
            return plain.map { $0 / Float(factor) }
        case .llama3(let factor, let low, let high, let positions):
            let longest = Double(positions) / low
            let shortest = Double(positions) / high
            return plain.map { frequency in
                let wavelength = 2 * Double.pi / Double(frequency)
                if wavelength < shortest { return frequency }
                if wavelength > longest { return Float(Double(frequency) / factor) }
                let share = (Double(positions) / wavelength - low) / (high - low)
                return Float((1 - share) * Double(frequency) / factor + share * Double(frequency))
            }
        }
    }
}
