internal import ArgumentParser
internal import Pipeline
internal import Search
internal import SuperNetwork
internal import Torch
internal import Training
internal import Transformer

/// `shear candidates`: what a search pays for a candidate.
struct Candidates: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what measuring sub-networks as views of a model takes, beside cutting them out.",
        discussion: """
            Random sub-networks run on random tokens: all as views of the model's weights while memory is watched, then \
            each as a view and as a model of its own in turn.
            """)

    @OptionGroup var chosen: ChosenModel
    @Option(parsing: .upToNextOption, help: "Numbers of layers to choose from; all, 4 and 8 fewer when not stated.")
    var layers: [Int] = []
    @Option(parsing: .upToNextOption, help: "Intermediate sizes to choose from; all and half when not stated.")
    var widths: [Int] = []
    @Option(help: "Sub-networks.")
    var count = 30
    @Option(help: "Sequences of a forward pass.")
    var rows = 4
    @Option(help: "Tokens of a sequence.")
    var columns = 512
    @Option(help: "Passes of each kind whose median counts; 0 watches memory alone.")
    var repeats = 3
    @Option(help: "Decides the sub-networks and the tokens.")
    var seed: UInt64 = 17
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        for (name, value, least) in [
            ("count", count, 1), ("rows", rows, 1), ("columns", columns, 1), ("repeats", repeats, 0),
        ]
        where value < least { throw ValidationError("--\(name) is \(value); it must be at least \(least)") }
    }

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            let model = try chosen.load().model
            let blocks = model.architecture.blocks
            let space = ElasticSpace(
                layerCounts: layers.isEmpty
                    ? [blocks.count - 8, blocks.count - 4, blocks.count].filter { $0 > 0 } : layers.sorted(),
                intermediateSizes: blocks.map { block in
                    widths.isEmpty ? [block.intermediateSize / 2, block.intermediateSize] : widths.sorted()
                })
            let cost: CandidateCost
            do throws(SuperNetworkError) {
                cost = try CandidateCost.measure(
                    model, space: space, count: count, rows: rows, columns: columns, repeats: repeats, seed: seed)
            } catch { throw .superNetwork(error) }
            if json {
                print(String(decoding: CanonicalJSON.readable(cost).dropLast(), as: UTF8.self))
            } else {
                print(text(cost, space))
            }
        }
    }

    private func text(_ cost: CandidateCost, _ space: ElasticSpace) -> String {
        var blocks: [String] = []
        if !cost.candidates.isEmpty {
            var table = [["layers", "parameters", "as a view, ms", "cut out, ms", "ratio"]]
            for candidate in cost.candidates {
                table.append([
                    "\(space.layerCounts[candidate.genome[0]])", Rendering.grouped(candidate.parameters),
                    Rendering.fixed(1e3 * candidate.viewSeconds, 1), Rendering.fixed(1e3 * candidate.sliceSeconds, 1),
                    Rendering.fixed(candidate.viewSeconds / candidate.sliceSeconds, 3),
                ])
            }
            blocks.append(Rendering.table(table))
        }
        if let ratio = cost.timeRatio {
            blocks.append(
                "\(rows) x \(columns) tokens, \(chosen.dtype): views take \(Rendering.fixed(ratio, 3)) of the time of slices."
            )
        }
        blocks.append(
            "Memory grew from \(Rendering.bytes(cost.residentBytesBefore)) to "
                + "\(Rendering.bytes(cost.residentBytesAfter)) over \(count) sub-networks: "
                + "\(Rendering.fixed(100 * cost.growth, 2)) percent.")
        return blocks.joined(separator: "\n\n")
    }
}
