internal import FoundationEssentials
public import Torch

extension GGUFFile {
    /// The weights of one tensor in float32, on the CPU, in the file's own order.
    /// - Throws: `TransformerError.tensorType` for an encoding that is not read.
    public func tensor(_ entry: GGUFTensor) throws(TransformerError) -> Tensor {
        guard let encoding = entry.encoding else {
            throw .tensorType(
                path: path, tensor: entry.name, found: "GGML type \(entry.encodingCode)",
                supported: "F32, F16, BF16, Q8_0, Q4_0, Q4_1; convert the file with llama.cpp's quantize")
        }
        let range = entry.offset..<(entry.offset + entry.byteCount)
        return try withTorch { () throws(TorchError) in
            switch encoding {
            case .float32: try plain(range, entry.shape, .float32)
            case .float16: try plain(range, entry.shape, .float16).to(.float32)
            case .bfloat16: try plain(range, entry.shape, .bfloat16).to(.float32)
            case .q8_0, .q4_0, .q4_1:
                try Tensor(dequantised(range, encoding, count: entry.elementCount), shape: entry.shape)
            }
        }
    }

    private func plain(_ range: Range<Int>, _ shape: [Int], _ dtype: DType) throws(TorchError) -> Tensor {
        // Data's own withUnsafeBytes rethrows untyped; the copy is made inside and its outcome carried out.
        let made: Result<Tensor, TorchError> = bytes[range].withUnsafeBytes { raw in
            do throws(TorchError) { return .success(try Tensor.fromBytes(raw, shape: shape, dtype)) } catch {
                return .failure(error)
            }
        }
        return try made.get()
    }

    private func dequantised(_ range: Range<Int>, _ encoding: GGUFEncoding, count: Int) -> [Float] {
        bytes[range].withUnsafeBytes { raw in
            [Float](unsafeUninitializedCapacity: count) { out, made in
                for block in 0..<(count / 32) {
                    let source = UnsafeRawBufferPointer(
                        rebasing: raw[(block * encoding.blockBytes)...].prefix(encoding.blockBytes))
                    let target = UnsafeMutableBufferPointer(rebasing: out[(block * 32)..<(block * 32 + 32)])
                    dequantise(source, encoding, into: target)
                }
                made = count
            }
        }
    }
}

/// One block of 32 weights: `scale * (value - shift)` or `scale * value + minimum`; in 4-bit blocks byte j holds
/// weight j below, j + 16 above.
private func dequantise(
    _ source: UnsafeRawBufferPointer, _ encoding: GGUFEncoding, into target: UnsafeMutableBufferPointer<Float>
) {
    func half(_ offset: Int) -> Float {
        Float(Float16(bitPattern: UInt16(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: UInt16.self))))
    }
    let scale = half(0)
    switch encoding {
    case .q8_0:
        for index in 0..<32 { target[index] = Float(Int8(bitPattern: source[2 + index])) * scale }
    case .q4_0:
        for index in 0..<16 {
            let byte = source[2 + index]
            target[index] = Float(Int(byte & 15) - 8) * scale
            target[index + 16] = Float(Int(byte >> 4) - 8) * scale
        }
    case .q4_1:
        let minimum = half(2)
        for index in 0..<16 {
            let byte = source[4 + index]
            target[index] = Float(byte & 15) * scale + minimum
            target[index + 16] = Float(byte >> 4) * scale + minimum
        }
    case .float32, .float16, .bfloat16:
        preconditionFailure("plain encodings have no blocks")
    }
}
