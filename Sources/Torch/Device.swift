internal import CTorch

/// Where a tensor's memory lies and its operations run. Text form: `cpu`, `cuda:0`.
public enum Device: Hashable, Sendable, Codable, CustomStringConvertible {
    case cpu
    /// A CUDA device by index, counted from 0.
    case cuda(Int)

    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        }
    }

    /// Reads `cpu`, `cuda` (device 0) or `cuda:N`; nil for anything else.
    public init?(_ text: String) {
        if text == "cpu" {
            self = .cpu
        } else if text == "cuda" {
            self = .cuda(0)
        } else if text.hasPrefix("cuda:"), let index = Int(text.dropFirst(5)), index >= 0 {
            self = .cuda(index)
        } else {
            return nil
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let device = Device(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a device is cpu or cuda:N, not \(text)")
        }
        self = device
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    var code: Int32 {
        switch self {
        case .cpu: CT_CPU
        // Out of Int32: no such device either way, and the engine says so.
        case .cuda(let index): index < 0 ? -2 : Int32(clamping: index)
        }
    }

    init(code: Int32) { self = code < 0 ? .cpu : .cuda(Int(code)) }
}
