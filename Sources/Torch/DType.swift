internal import CTorch

/// The type of a tensor's elements. Raw values name it in files of ours and in messages.
public enum DType: String, Codable, Sendable, CaseIterable {
    case float32, bfloat16, float16, int64, int32, int8, uint8
    /// What comparisons make; one byte an element.
    case bool
    case float64

    /// Bytes an element takes.
    public var bytes: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .bfloat16, .float16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    public var isFloating: Bool {
        switch self {
        case .float32, .bfloat16, .float16, .float64: true
        case .int64, .int32, .int8, .uint8, .bool: false
        }
    }

    var code: ct_dtype {
        switch self {
        case .float32: CT_FLOAT32
        case .bfloat16: CT_BFLOAT16
        case .float16: CT_FLOAT16
        case .int64: CT_INT64
        case .int32: CT_INT32
        case .int8: CT_INT8
        case .uint8: CT_UINT8
        case .bool: CT_BOOL
        case .float64: CT_FLOAT64
        }
    }

    init?(code: Int32) {
        guard let match = DType.allCases.first(where: { $0.code.rawValue == code }) else { return nil }
        self = match
    }
}
