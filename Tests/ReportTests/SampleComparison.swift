import Corpus
import Report
import Statistics

/// A comparison of arms whose rows, answers and logs are drawn from a seeded stream: enough to fill every section.
enum SampleComparison {
    static let domains = ["arxiv", "book", "c4-rp", "cc", "github", "stackexchange", "wiki"]

    /// - Parameter names: the arms, the reference first: targeted, NAS, one-shot, random weights and the dense source.
    static func input(
        names: [String] = ["sheared", "nas-pick", "one-shot", "scratch", "source"], seed: UInt64 = 17,
        resamples: Int = 400, rows: Int = 12
    ) -> ComparisonInput {
        var input = ComparisonInput(
            title: "smollm2-135m-compare", seed: seed, arms: arms(names), reference: names[0])
        input.resamples = resamples
        input.cacheTokens = 512
        input.matches = [(.parameters, 0.01), (.memory, 0.01), (.latency, 0.05)]
        input.measured = measured(seed: seed, rows: rows)
        input.stages = stages
        input.settings = ["sheared-full": ["rate": "0.0005"], "nas-full": ["rate": "0.0005"]]
        input.traces = traces(seed: seed)
        input.searches = searches(seed: seed)
        return input
    }

    static func arms(_ names: [String]) -> [ComparedArm] {
        [
            ComparedArm(
                name: names[0], method: .targeted, model: "sheared-full", before: "sheared", short: "sheared-short"),
            ComparedArm(name: names[1], method: .nas, model: "nas-full", before: "pick", short: "nas-short"),
            ComparedArm(name: names[2], method: .oneshot, model: "cut-full", before: "cut", short: "cut-short"),
            ComparedArm(name: names[3], method: .scratch, model: "scratch-full", before: "scratch"),
            ComparedArm(name: names[4], method: .dense, model: "source"),
        ]
    }

    /// Levels of each model: parameters, mean loss, share of right answers, decoded tokens per second.
    private static let levels: [(stage: String, parameters: Int, loss: Double, share: Double, speed: Double)] = [
        ("source", 134_515_008, 3.02, 0.46, 38), ("sheared", 86_534_656, 4.38, 0.33, 61),
        ("sheared-short", 86_534_656, 3.94, 0.35, 61), ("sheared-full", 86_534_656, 3.61, 0.37, 61),
        ("pick", 86_311_424, 4.12, 0.31, 55), ("nas-short", 86_311_424, 3.97, 0.34, 55),
        ("nas-full", 86_311_424, 3.64, 0.37, 55), ("cut", 86_534_656, 6.71, 0.26, 60.2),
        ("cut-short", 86_534_656, 4.61, 0.29, 60.2), ("cut-full", 86_534_656, 4.02, 0.31, 60.2),
        ("scratch", 86_534_656, 10.8, 0.25, 60.8), ("scratch-full", 86_534_656, 7.25, 0.26, 60.8),
    ]

    static func measured(seed: UInt64, rows: Int) -> [String: MeasuredModel] {
        var hardness = RandomStream(seed: seed, name: "rows")
        let common = domains.map { _ in (0..<rows).map { _ in 2.4 * hardness.uniform() - 1.2 } }
        let tokens = (0..<rows).map { 256 - ($0 % 3) * 40 }
        let questions = (0..<3).map { _ in (0..<240).map { _ in hardness.uniform() } }
        var measured: [String: MeasuredModel] = [:]
        for level in levels {
            var stream = RandomStream(seed: seed, name: level.stage)
            var model = MeasuredModel(stage: level.stage, parameters: level.parameters)
            model.sizes = .init(
                halfPrecisionBytes: level.parameters * 2, int8Bytes: level.parameters * 11 / 10,
                storedBytes: level.parameters * 4)
            model.domains = domains.enumerated().map { index, name in
                let sums = (0..<rows).map { row in
                    (level.loss + common[index][row] + 0.1 * (stream.uniform() - 0.5)) * Double(tokens[row])
                }
                return MeasuredModel.Domain(name: name, rowSums: sums, rowTokens: tokens)
            }
            model.tasks = [("arc_easy", 0.25, 1.0), ("piqa", 0.5, 1.35), ("arc_challenge", 0.25, 0.5)].enumerated().map
            {
                index, task in
                let answers = questions[index].enumerated().map { number, draw in
                    (
                        id: "q\(number)",
                        isRight: draw + 0.3 * (stream.uniform() - 0.5) < max(level.share * task.2, task.1)
                    )
                }
                return MeasuredModel.Task(name: task.0, metric: "acc_norm", chance: task.1, answers: answers)
            }
            model.speed = .init(
                prefillTokensPerSecond: level.speed * 40, decodeTokensPerSecond: level.speed, rows: 1, columns: 256,
                decoded: 64, repeats: 5, spread: 0.03)
            model.peakMemoryBytes = level.parameters * 4 + 200 << 20
            model.cacheBytesPerToken = level.stage.hasPrefix("nas") ? 23_040 : 19_968
            measured[level.stage] = model
        }
        return measured
    }

    static var stages: [LedgerStage] {
        func stage(
            _ id: String, _ kind: String, _ inputs: [String], from start: String? = nil, trained: Int = 0,
            read: Int = 0,
            operations: Double = 0, seconds: Double
        ) -> LedgerStage {
            var cost = CostSum()
            cost.trainedTokens = trained
            cost.readTokens = read
            cost.floatingPointOperations = operations
            cost.wallSeconds = seconds
            cost.processorSeconds = seconds * 1.9
            cost.peakMemoryBytes = 900 << 20 + read
            return LedgerStage(id: id, kind: kind, inputs: inputs, start: start, trains: trained > 0, cost: cost)
        }
        return [
            stage("source", "import", [], seconds: 4),
            stage("packed", "pack", ["source"], seconds: 12),
            stage(
                "sheared", "prune", ["source", "packed"], from: "source", trained: 122_880, operations: 1.1e14,
                seconds: 240),
            stage(
                "sheared-short", "pretrain", ["sheared", "packed"], from: "sheared", trained: 51_200,
                operations: 2.7e13,
                seconds: 60),
            stage(
                "sheared-full", "pretrain", ["sheared-short", "packed"], from: "sheared-short", trained: 204_800,
                operations: 1.1e14, seconds: 244),
            stage(
                "network", "super_network", ["source", "packed"], from: "source", trained: 245_760, operations: 2.1e14,
                seconds: 420),
            stage("search", "search", ["network", "packed"], read: 1_024_000, operations: 2.4e14, seconds: 520),
            stage("pick", "extract", ["search", "network"], from: "network", seconds: 3),
            stage(
                "nas-short", "pretrain", ["pick", "packed"], from: "pick", trained: 51_200, operations: 2.7e13,
                seconds: 62),
            stage(
                "nas-full", "pretrain", ["nas-short", "packed"], from: "nas-short", trained: 204_800,
                operations: 1.1e14,
                seconds: 250),
            stage("cut", "prune", ["source", "packed"], from: "source", read: 8192, operations: 6e12, seconds: 20),
            stage(
                "cut-short", "pretrain", ["cut", "packed"], from: "cut", trained: 51_200, operations: 2.7e13,
                seconds: 60),
            stage(
                "cut-full", "pretrain", ["cut-short", "packed"], from: "cut-short", trained: 204_800,
                operations: 1.1e14,
                seconds: 240),
            stage("scratch", "import", ["source"], seconds: 2),
            stage(
                "scratch-full", "pretrain", ["scratch", "packed"], from: "scratch", trained: 256_000,
                operations: 1.4e14,
                seconds: 300),
            stage(
                "scores", "evaluate", ["sheared-full", "nas-full", "source", "packed"], read: 900_000,
                operations: 1.6e14,
                seconds: 400),
        ]
    }

    static func traces(seed: UInt64) -> [TrainingTrace] {
        func trace(
            _ stage: String, _ kind: String, steps: Int, from high: Double, to low: Double, isMixed: Bool = false
        ) -> TrainingTrace {
            var stream = RandomStream(seed: seed, name: "trace/\(stage)")
            let points = (1...steps).map { step in
                let share = Double(step) / Double(steps)
                let loss = low + (high - low) * (1 - share) * (1 - share)
                var values = ["train/loss": loss + 0.4 * stream.uniform()]
                if step % 10 == 0 {
                    values["eval/loss"] = loss
                    for (index, domain) in domains.enumerated() where isMixed {
                        values["eval/loss/\(domain)"] = loss + 0.2 * Double(index) - 0.6
                    }
                }
                for (index, domain) in domains.enumerated() where isMixed {
                    values["data/weight/\(domain)"] = (1 + 0.5 * share * Double(index - 3) / 3) / 7
                }
                if kind == "prune" {
                    for (index, family) in ["head", "hidden", "intermediate", "layer"].enumerated() {
                        let target = 0.15 + 0.09 * Double(index)
                        values["mask/\(family)/target"] = min(1, 2 * share) * target
                        values["mask/\(family)/expected"] = min(1, 1.9 * share + 0.02 * stream.uniform()) * target
                    }
                }
                return TrainingTrace.Point(step: step, tokens: step * 2048, values: values)
            }
            let references = Dictionary(uniqueKeysWithValues: domains.map { ($0, 3.0) })
            return TrainingTrace(stage: stage, kind: kind, points: points, references: isMixed ? references : [:])
        }
        return [
            trace("sheared", "prune", steps: 60, from: 6.3, to: 4.4, isMixed: true),
            trace("sheared-short", "pretrain", steps: 25, from: 4.4, to: 3.94, isMixed: true),
            trace("sheared-full", "pretrain", steps: 100, from: 3.94, to: 3.61, isMixed: true),
            trace("network", "super_network", steps: 120, from: 3.6, to: 3.3),
            trace("nas-short", "pretrain", steps: 25, from: 4.12, to: 3.97, isMixed: true),
            trace("nas-full", "pretrain", steps: 100, from: 3.97, to: 3.64, isMixed: true),
            trace("cut-short", "pretrain", steps: 25, from: 6.7, to: 4.61),
            trace("cut-full", "pretrain", steps: 100, from: 4.61, to: 4.02),
            trace("scratch-full", "pretrain", steps: 125, from: 10.8, to: 7.25),
        ]
    }

    static func searches(seed: UInt64) -> [SearchTrace] {
        ["linas", "random"].map { algorithm in
            var stream = RandomStream(seed: seed, name: "search/\(algorithm)")
            let scores = (0..<120).map { index in
                let size = 78 + 50 * stream.uniform()
                let skill = algorithm == "linas" ? min(1, Double(index) / 60) : 0.2
                return [3.2 + 60 / (size - 40) + (1.2 - skill) * stream.uniform(), size * 1e6]
            }
            func front(_ scores: [[Double]]) -> [Int] {
                scores.indices.filter { one in
                    !scores.indices.contains { other in
                        other != one && scores[other][0] <= scores[one][0] && scores[other][1] <= scores[one][1]
                    }
                }
            }
            let volumes = scores.indices.map { last -> Double in
                let members = front(Array(scores[...last])).map { scores[$0] }.sorted { $0[1] < $1[1] }
                var lowest = 6.5
                return members.reduce(0.0) { sum, member in
                    guard member[0] < lowest else { return sum }
                    defer { lowest = member[0] }
                    return sum + (lowest - member[0]) * (135e6 - member[1])
                }
            }
            return SearchTrace(
                stage: algorithm == "linas" ? "search" : "search-random", algorithm: algorithm,
                objectives: [
                    .init(name: "loss", isMaximised: false), .init(name: "parameters", isMaximised: false),
                ], scores: scores, front: front(scores), reference: [6.5, 135e6], hypervolumes: volumes)
        }
    }
}
