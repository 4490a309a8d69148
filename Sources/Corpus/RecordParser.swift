import CCorpus

/// Takes the text, and the domain where records name their own, out of one line of JSON.
final class RecordParser {
    private let rules: RecordRules
    private let handle: OpaquePointer
    /// Manifest domains by every name that a record may call them.
    private let routes: [String: String]

    init(_ rules: RecordRules, path: String) throws(CorpusError) {
        self.rules = rules
        var made: OpaquePointer?
        let status =
            if let route = rules.routeBy {
                cc_record_parser_make(rules.textField, route, &made)
            } else {
                cc_record_parser_make(rules.textField, nil, &made)
            }
        guard status == CT_OK, let made else {
            throw .invalidArgument(
                reason: "\(path) cannot be read with text_field '\(rules.textField)': \(boundaryMessage())",
                remedy: "name a field")
        }
        handle = made
        routes = DomainAliases.names(of: rules.domains)
    }

    deinit { cc_record_parser_free(handle) }

    /// What one line gives.
    enum Outcome {
        /// `answerStart` is where the answer to a prompt begins in `text`; nil in plain text.
        case document(text: [UInt8], answerStart: Int?, domain: String?)
        /// `offset` is in bytes of the line.
        case unusable(BadRecordReason, offset: Int?)
    }

    /// Reads one line, which must have `cc_json_padding` readable bytes behind it.
    func parse(_ line: UnsafeBufferPointer<UInt8>) throws(CorpusError) -> Outcome {
        guard let base = line.baseAddress else { return .unusable(.notJSON(detail: "nothing"), offset: nil) }
        var record = cc_record()
        guard cc_record_parse(handle, base, line.count, &record) == CT_OK else {
            throw .invalidArgument(
                reason: "A line of \(line.count) bytes cannot be read: \(boundaryMessage())",
                remedy: "free memory or lower max_document_bytes")
        }
        let detail = record.detail.map { String(cString: $0) } ?? ""
        let keys = detail.split(separator: "\n").map(String.init)
        switch record.state {
        case CC_RECORD_OK: break
        case CC_RECORD_INVALID_UTF8: return .unusable(.invalidUTF8, offset: record.offset)
        case CC_RECORD_MISSING_TEXT: return .unusable(.missingField(name: rules.textField, found: keys), offset: nil)
        case CC_RECORD_MISSING_ROUTE:
            return .unusable(.missingRoute(name: rules.routeBy ?? "", found: keys), offset: nil)
        case CC_RECORD_TEXT_TYPE: return .unusable(.notAString(name: rules.textField, found: detail), offset: nil)
        default: return .unusable(.notJSON(detail: detail), offset: nil)
        }
        let text = Array(UnsafeBufferPointer(start: record.text, count: record.text_length))
        guard rules.routeBy != nil else { return .document(text: text, answerStart: nil, domain: nil) }
        let name = String(
            decoding: UnsafeBufferPointer(start: record.route, count: record.route_length), as: UTF8.self)
        if rules.domains.isEmpty { return .document(text: text, answerStart: nil, domain: name) }
        guard let domain = routes[name] ?? routes[DomainAliases.key(name)] else {
            return .unusable(.unknownDomain(name: String(name.prefix(80))), offset: nil)
        }
        return .document(text: text, answerStart: nil, domain: domain)
    }
}

/// The message of the calling thread's last failed call across the C boundary.
func boundaryMessage() -> String {
    String(cString: ct_last_message())
}
