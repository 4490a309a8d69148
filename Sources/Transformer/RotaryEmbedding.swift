internal import Glibc
internal import Torch

/// Cosines and sines of the rotary positions, made once per device and kept.
final class RotaryEmbedding {
    private let frequencies: [Float]
    private var tables: [Device: Table] = [:]

    private struct Table {
        let positions: Int
        let cosines: Tensor
        let sines: Tensor
    }

    init(_ architecture: Architecture) {
        frequencies = RopeScaling.inverseFrequencies(
            headSize: architecture.headSize, theta: architecture.ropeTheta, scaling: architecture.ropeScaling)
    }

    /// Cosines and sines of positions `start..<end`, `[end - start, headSize / 2]` float32: views of one table per
    /// device, which grows by doubling.
    func angles(from start: Int, to end: Int, on device: Device) throws(TorchError) -> RotaryAngles {
        let table = try table(of: end, on: device)
        return RotaryAngles(
            cosines: try table.cosines.sliced(0, from: start, to: end),
            sines: try table.sines.sliced(0, from: start, to: end))
    }

    /// Cosines and sines of any positions below `end`: `[batch, time]` Int64 to `[batch, 1, time, headSize / 2]`.
    func angles(at positions_BT: Tensor, below end: Int) throws(TorchError) -> RotaryAngles {
        let table = try table(of: end, on: positions_BT.device)
        let flat = try positions_BT.reshaped([-1])
        let shape = [positions_BT.shape[0], 1, positions_BT.shape[1], frequencies.count]
        return RotaryAngles(
            cosines: try table.cosines.indexSelected(0, flat).reshaped(shape),
            sines: try table.sines.indexSelected(0, flat).reshaped(shape))
    }

    private func table(of positions: Int, on device: Device) throws(TorchError) -> Table {
        if let held = tables[device], held.positions >= positions { return held }
        let made = try make(max(positions, 2 * (tables[device]?.positions ?? 128)), on: device)
        tables[device] = made
        return made
    }

    private func make(_ positions: Int, on device: Device) throws(TorchError) -> Table {
        var cosines: [Float] = []
        var sines: [Float] = []
        cosines.reserveCapacity(positions * frequencies.count)
        sines.reserveCapacity(positions * frequencies.count)
        for position in 0..<positions {
            for frequency in frequencies {
                // The product is rounded to float32 first, as in the reference implementation.
                let angle = Double(Float(position) * frequency)
                cosines.append(Float(cos(angle)))
                sines.append(Float(sin(angle)))
            }
        }
        let shape = [positions, frequencies.count]
        return Table(
            positions: positions, cosines: try Tensor(cosines, shape: shape).to(device),
            sines: try Tensor(sines, shape: shape).to(device))
    }
}

/// The rotation of some positions.
struct RotaryAngles {
    let cosines: Tensor
    let sines: Tensor

    /// `[batch, heads, time, headSize]`, each pair of channels (i, i + headSize / 2) turned by its position's angle.
    func rotate(_ heads: Tensor) throws(TorchError) -> Tensor {
        try heads.rotary(cosines, sines)
    }
}
