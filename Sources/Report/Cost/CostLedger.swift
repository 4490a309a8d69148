/// What every arm of a comparison took, from the source on: each stage it rests on counts once, with all its attempts.
public struct CostLedger: Codable, Sendable, Equatable {
    /// Every stage, those before others first.
    public var stages: [LedgerStage]
    public var arms: [ArmCost]
    /// Stages that two arms or more rest on: each such arm carries the whole of them, the file carries them once.
    public var shared: [String]
    /// All stages of the file once, those of no arm (evaluation) included.
    public var file: CostSum

    /// What one arm took.
    public struct ArmCost: Codable, Sendable, Equatable {
        public var arm: String
        /// The stages it rests on, its own model's last.
        public var stages: [String]
        /// Of the stages that no other arm rests on.
        public var own: CostSum
        /// Of the stages that other arms rest on too.
        public var common: CostSum

        /// All of it.
        public var total: CostSum {
            var sum = own
            sum += common
            return sum
        }
    }

    /// Adds up what the arms took.
    /// - Parameters:
    ///   - stages: all stages, each once; inputs that are not among them came from outside and cost nothing here.
    ///   - arms: name and the stage whose model the arm ends with.
    public init(stages: [LedgerStage], arms: [(name: String, model: String)]) {
        let byID = Dictionary(stages.map { ($0.id, $0) }) { first, _ in first }
        let order = CostLedger.sorted(stages.map(\.id), byID)
        let lineages = arms.map { arm in CostLedger.lineage(of: arm.model, byID) }
        let counts = lineages.joined().reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        self.stages = order.compactMap { byID[$0] }
        shared = order.filter { counts[$0, default: 0] > 1 }
        file = CostLedger.sum(self.stages)
        self.arms = zip(arms, lineages).map { arm, lineage in
            let own = order.filter { lineage.contains($0) }
            return ArmCost(
                arm: arm.name, stages: own,
                own: CostLedger.sum(own.filter { counts[$0] == 1 }.compactMap { byID[$0] }),
                common: CostLedger.sum(own.filter { counts[$0] != 1 }.compactMap { byID[$0] }))
        }
    }

    /// The stages that a stage rests on, itself included.
    public func lineage(of stage: String) -> Set<String> {
        CostLedger.lineage(of: stage, Dictionary(stages.map { ($0.id, $0) }) { first, _ in first })
    }

    /// What the stages between a model and an earlier one of the same arm took: the recovery.
    public func cost(from earlier: String, to model: String) -> CostSum {
        let known = lineage(of: earlier)
        let between = lineage(of: model).subtracting(known)
        return CostLedger.sum(stages.filter { between.contains($0.id) })
    }

    /// The stages that a model's weights went through, the first one first.
    public func chain(to model: String) -> [String] {
        var chain: [String] = []
        var next = stages.first { $0.id == model }
        while let stage = next, !chain.contains(stage.id) {
            chain.insert(stage.id, at: 0)
            next = stages.first { $0.id == stage.start }
        }
        return chain
    }

    private static func sum(_ stages: [LedgerStage]) -> CostSum {
        stages.reduce(into: CostSum()) { $0 += $1.cost }
    }

    private static func lineage(of stage: String, _ byID: [String: LedgerStage]) -> Set<String> {
        var found: Set<String> = []
        var open = [stage]
        while let next = open.popLast() {
            guard let entry = byID[next], found.insert(next).inserted else { continue }
            open += entry.inputs
        }
        return found
    }

    /// Each stage after all it reads, otherwise in the order given.
    private static func sorted(_ ids: [String], _ byID: [String: LedgerStage]) -> [String] {
        var sorted: [String] = []
        var seen: Set<String> = []
        func visit(_ id: String) {
            guard let stage = byID[id], seen.insert(id).inserted else { return }
            for input in stage.inputs { visit(input) }
            sorted.append(id)
        }
        for id in ids { visit(id) }
        return sorted
    }
}
