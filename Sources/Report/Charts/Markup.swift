/// Text for HTML and SVG.
enum Markup {
    /// Text with the five characters that mark-up gives a meaning replaced, safe in elements and in quoted attributes.
    static func escaped(_ text: String) -> String {
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": safe += "&amp;"
            case "<": safe += "&lt;"
            case ">": safe += "&gt;"
            case "\"": safe += "&quot;"
            case "'": safe += "&#39;"
            case let control where control.value < 0x20 && control != "\n" && control != "\t": safe += "\u{FFFD}"
            default: safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }

    /// An element; attribute values and text are escaped, `content` is mark-up already.
    static func element(
        _ name: String, _ attributes: [(String, String)] = [], text: String? = nil, content: String? = nil
    ) -> String {
        let list = attributes.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
        guard let inside = text.map({ escaped($0) }) ?? content else { return "<\(name)\(list)/>" }
        return "<\(name)\(list)>\(inside)</\(name)>"
    }

    /// A coordinate with at most one digit after the point: a tenth of a pixel is enough.
    static func coordinate(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let size = tenths.magnitude
        return size % 10 == 0 ? "\(sign)\(size / 10)" : "\(sign)\(size / 10).\(size % 10)"
    }
}
