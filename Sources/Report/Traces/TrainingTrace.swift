internal import FoundationEssentials

/// What a training stage logged, step by step (`metrics.jsonl`).
public struct TrainingTrace: Sendable, Equatable {
    public var stage: String
    public var kind: String
    public var points: [Point]
    /// The loss each domain was expected to reach; empty where the mixture was fixed.
    public var references: [String: Double]

    /// One logged step.
    public struct Point: Sendable, Equatable {
        public var step: Int
        /// Tokens of all rows read so far.
        public var tokens: Int
        /// Numbers by their names in the log.
        public var values: [String: Double]

        public init(step: Int, tokens: Int, values: [String: Double]) {
            self.step = step
            self.tokens = tokens
            self.values = values
        }
    }

    public init(stage: String, kind: String, points: [Point], references: [String: Double] = [:]) {
        self.stage = stage
        self.kind = kind
        self.points = points
        self.references = references
    }

    /// Reads a log: every line with an evaluation, and as many others, evenly spread, as a picture can show.
    /// - Parameter bytes: of `metrics.jsonl`; lines that are no JSON objects with a step are left out.
    public init(
        stage: String, kind: String, log bytes: [UInt8], references: [String: Double] = [:], most: Int = 600
    ) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        let stride = max(1, lines.count / max(most, 1))
        let mark = Array("\"eval/loss\"".utf8)
        let decoder = JSONDecoder()
        let points = lines.enumerated().compactMap { index, line -> Point? in
            guard index % stride == 0 || index == lines.count - 1 || line.contains(mark) else { return nil }
            return (try? decoder.decode(Line.self, from: Data(line)))?.point
        }
        self.init(stage: stage, kind: kind, points: points, references: references)
    }

    /// The names below a prefix, sorted: domains of `data/weight/`, families of `mask/`.
    func names(below prefix: String) -> [String] {
        Set(
            points.flatMap { point in
                point.values.keys.filter { $0.hasPrefix(prefix) }.compactMap { key in
                    key.dropFirst(prefix.utf8.count).split(separator: "/").first.map(String.init)
                }
            }
        ).sorted()
    }

    /// A line: `step` and `tokens` are integers, everything else that is a number is a value.
    private struct Line: Decodable {
        let point: Point

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            var values: [String: Double] = [:]
            for key in container.allKeys {
                if let value = try? container.decode(Double.self, forKey: key) { values[key.stringValue] = value }
            }
            guard let step = values.removeValue(forKey: "step"), let tokens = values.removeValue(forKey: "tokens"),
                let wholeStep = Int(exactly: step), let wholeTokens = Int(exactly: tokens)
            else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "a line of metrics has step and tokens"))
            }
            values["ts"] = nil
            point = Point(step: wholeStep, tokens: wholeTokens, values: values)
        }
    }
}
