public import Yams

/// One mapping of a YAML file, read key by key; what nobody asked for is a problem of `finish()`.
///
/// Every reader returns nil when the key is absent or its value is wrong; the latter, and an absent key of a
/// `required` reader, is noted in the file's problems.
public final class YAMLMapping {
    /// The way here from the file's top, such as `stages[2].with`; "" at the top.
    public let keyPath: String
    /// Where the mapping begins.
    public let mark: Mark?
    /// The file it belongs to.
    public let yaml: StrictYAML
    private let pairs: [(key: String, mark: Mark?, value: Yams.Node)]
    /// Where each key stands in `pairs`.
    private let places: [String: Int]
    private var known: Set<String> = []

    init(pairs: [(key: String, mark: Mark?, value: Yams.Node)], mark: Mark?, keyPath: String, yaml: StrictYAML) {
        self.pairs = pairs
        places = Dictionary(pairs.enumerated().map { ($1.key, $0) }) { first, _ in first }
        self.mark = mark
        self.keyPath = keyPath
        self.yaml = yaml
    }

    /// The keys that stand in the file, in its order.
    public var keys: [String] { pairs.map(\.key) }

    /// Whether the key stands in the file, whatever its value; the key counts as known.
    public func contains(_ key: String) -> Bool { node(key) != nil }

    /// The raw value of a key, which counts as known from here on.
    public func node(_ key: String) -> Yams.Node? {
        known.insert(key)
        return places[key].map { pairs[$0].value }
    }

    /// The way to a key of this mapping.
    public func path(_ key: String) -> String { keyPath.isEmpty ? key : "\(keyPath).\(key)" }

    /// Notes a problem with a key's value (with the mapping when the key is absent).
    public func note(_ key: String, _ reason: String) {
        yaml.note(reason, at: places[key].flatMap { pairs[$0].value.mark } ?? mark, keyPath: path(key))
    }

    /// Notes every key that no reader asked for, with the nearest known one.
    public func finish() {
        let names = known.sorted()
        for pair in pairs.lazy.filter({ !self.known.contains($0.key) }).prefix(StrictYAML.listedProblems + 1) {
            yaml.note(
                "unknown key '\(pair.key)'; known here: \(names.joined(separator: ", "))", at: pair.mark,
                keyPath: path(pair.key), nearestKey: nearest(to: pair.key, in: names))
        }
    }

    // MARK: - Optional values

    public func string(_ key: String) -> String? { node(key).flatMap { string(of: $0, path(key)) } }
    public func int(_ key: String, in range: ClosedRange<Int> = .min ... .max) -> Int? {
        node(key).flatMap { int(of: $0, path(key), in: range) }
    }
    public func double(_ key: String, in range: ClosedRange<Double>? = nil) -> Double? {
        node(key).flatMap { double(of: $0, path(key), in: range) }
    }
    public func bool(_ key: String) -> Bool? { node(key).flatMap { bool(of: $0, path(key)) } }
    public func mapping(_ key: String) -> YAMLMapping? {
        node(key).flatMap { yaml.mapping($0, keyPath: path(key)) }
    }
    /// A list whose items `read` turns into values; items it refuses are left out (it has noted why).
    public func list<Item>(_ key: String, of read: (Yams.Node, String) -> Item?) -> [Item]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let items) = node else {
            yaml.note("\(describe(node)), where a list is wanted", at: node.mark, keyPath: path(key))
            return nil
        }
        return items.enumerated().compactMap { index, item in read(item, "\(path(key))[\(index)]") }
    }
    public func strings(_ key: String) -> [String]? { list(key, of: string(of:_:)) }
    public func ints(_ key: String) -> [Int]? { list(key) { int(of: $0, $1, in: .min ... .max) } }
    public func doubles(_ key: String) -> [Double]? { list(key) { double(of: $0, $1, in: nil) } }
    public func mappings(_ key: String) -> [YAMLMapping]? { list(key) { yaml.mapping($0, keyPath: $1) } }
    /// One of the raw values of an enumeration.
    public func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, as type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let text = string(key) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        yaml.note(
            "'\(text)' is none of \(names.joined(separator: ", "))", at: node(key)?.mark, keyPath: path(key),
            nearestKey: nearest(to: text, in: names))
        return nil
    }

    // MARK: - Required values

    public func requiredString(_ key: String) -> String? { required(key, string(key)) }
    public func requiredInt(_ key: String, in range: ClosedRange<Int> = .min ... .max) -> Int? {
        required(key, int(key, in: range))
    }
    public func requiredDouble(_ key: String, in range: ClosedRange<Double>? = nil) -> Double? {
        required(key, double(key, in: range))
    }
    public func requiredBool(_ key: String) -> Bool? { required(key, bool(key)) }
    public func requiredMapping(_ key: String) -> YAMLMapping? { required(key, mapping(key)) }
    public func requiredMappings(_ key: String) -> [YAMLMapping]? { required(key, mappings(key)) }
    public func requiredStrings(_ key: String) -> [String]? { required(key, strings(key)) }
    public func requiredChoice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, as type: Choice.Type
    ) -> Choice? where Choice.RawValue == String { required(key, choice(key, as: type)) }

    /// What was read of a key; notes the key's absence.
    public func required<Value>(_ key: String, _ value: Value?) -> Value? {
        if value == nil, places[key] == nil {
            yaml.note("the key '\(key)' is missing", at: mark, keyPath: path(key))
        }
        return value
    }

    // MARK: - Scalars

    /// Any scalar but null, as it is spelt.
    public func string(of node: Yams.Node, _ path: String) -> String? {
        guard let scalar = scalar(node, path, wanted: "text") else { return nil }
        return scalar.string
    }

    /// A decimal integer without leading zeros; `_` may group digits.
    public func int(of node: Yams.Node, _ path: String, in range: ClosedRange<Int>) -> Int? {
        let wanted = "an integer"
        guard let text = plain(node, path, wanted: wanted) else { return nil }
        if hasLeadingZero(text) { return refuse(node, path, "'\(text)' has a leading zero") }
        guard let value = Int(text.filter { $0 != "_" }), text.first != "+", text.first != "_" else {
            return refuse(node, path, "\(describe(node)), where \(wanted) is wanted")
        }
        guard range.contains(value) else {
            return refuse(node, path, "\(value) is not in \(words(range.lowerBound, range.upperBound))")
        }
        return value
    }

    /// A finite decimal number without leading zeros; `_` may group digits.
    public func double(of node: Yams.Node, _ path: String, in range: ClosedRange<Double>?) -> Double? {
        let wanted = "a number"
        guard let text = plain(node, path, wanted: wanted) else { return nil }
        if hasLeadingZero(text) { return refuse(node, path, "'\(text)' has a leading zero") }
        let lowered = text.lowercased()
        if [".nan", ".inf", "+.inf", "-.inf", "nan", "inf", "-inf"].contains(lowered) {
            return refuse(node, path, "'\(text)' is not finite")
        }
        let digits = text.filter { $0 != "_" }
        guard !lowered.contains("x"), !lowered.contains("n"), text.first != "_", let value = Double(digits) else {
            return refuse(node, path, "\(describe(node)), where \(wanted) is wanted")
        }
        guard value.isFinite else { return refuse(node, path, "'\(text)' is not finite") }
        if let range, !range.contains(value) {
            return refuse(node, path, "\(value) is not in \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }

    /// `true` or `false`; YAML 1.1's other spellings are refused.
    public func bool(of node: Yams.Node, _ path: String) -> Bool? {
        guard let text = plain(node, path, wanted: "true or false") else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default: return refuse(node, path, "\(describe(node)), where true or false is wanted")
        }
    }

    private func scalar(_ node: Yams.Node, _ path: String, wanted: String) -> Yams.Node.Scalar? {
        guard case .scalar(let scalar) = node, !(scalar.style == .plain && isNull(scalar.string)) else {
            return refuse(node, path, "\(describe(node)), where \(wanted) is wanted")
        }
        return scalar
    }

    private func plain(_ node: Yams.Node, _ path: String, wanted: String) -> String? {
        guard let scalar = scalar(node, path, wanted: wanted) else { return nil }
        guard scalar.style == .plain || scalar.style == .any else {
            return refuse(node, path, "the text '\(scalar.string.prefix(60))' in quotes, where \(wanted) is wanted")
        }
        return scalar.string
    }

    private func refuse<Value>(_ node: Yams.Node, _ path: String, _ reason: String) -> Value? {
        yaml.note(reason, at: node.mark, keyPath: path)
        return nil
    }

    private func hasLeadingZero(_ text: String) -> Bool {
        let digits = text.drop { $0 == "-" || $0 == "+" }
        return digits.first == "0" && digits.dropFirst().first?.isNumber == true
    }

    private func words(_ low: Int, _ high: Int) -> String {
        if high == .max { return "\(low) or more" }
        return low == .min ? "\(high) or less" : "\(low)...\(high)"
    }
}

/// The candidate that `word` was probably meant to be: fewest edits, at most a third of its length (2 at least).
public func nearest(to word: String, in candidates: [String]) -> String? {
    let limit = max(2, word.count / 3)
    let best = candidates.map { (edits(word, $0), $0) }.min { ($0.0, $0.1) < ($1.0, $1.1) }
    return best.flatMap { $0.0 <= limit ? $0.1 : nil }
}

/// The Damerau-Levenshtein distance (adjacent swaps count one) of two short words.
private func edits(_ first: String, _ second: String) -> Int {
    let first = Array(first.unicodeScalars.prefix(64)), second = Array(second.unicodeScalars.prefix(64))
    var rows = [Array(0...second.count)]
    for i in 0..<first.count {
        var row = [i + 1]
        for j in 0..<second.count {
            var cost = min(rows[i][j] + (first[i] == second[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                cost = min(cost, rows[i - 1][j - 1] + 1)
            }
            row.append(cost)
        }
        rows.append(row)
    }
    return rows[first.count][second.count]
}
