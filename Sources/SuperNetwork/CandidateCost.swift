internal import Corpus
internal import Evaluation
internal import Glibc
public import Search
internal import Torch
public import Transformer

/// What it takes to measure candidates as views of one super-network, beside the same sub-networks cut out of it.
public struct CandidateCost: Codable, Sendable, Equatable {
    /// One candidate; times are medians, in seconds, of a forward pass with its loss.
    public struct Candidate: Codable, Sendable, Equatable {
        public var genome: Genome
        public var parameters: Int
        /// As a view of the super-network.
        public var viewSeconds: Double
        /// Cut out into a model of its own.
        public var sliceSeconds: Double
    }

    /// Bytes of this process after the whole super-network has run once, and after all candidates have as views.
    public var residentBytesBefore: Int
    public var residentBytesAfter: Int
    /// Empty where only memory was asked for.
    public var candidates: [Candidate]

    /// How much memory grew over the candidates, as a share of what it was.
    public var growth: Double {
        Double(residentBytesAfter - residentBytesBefore) / Double(max(residentBytesBefore, 1))
    }

    /// The time of all views over that of all slices.
    public var timeRatio: Double? {
        let total = candidates.reduce(into: (view: 0.0, slice: 0.0)) { sum, candidate in
            sum.view += candidate.viewSeconds
            sum.slice += candidate.sliceSeconds
        }
        return total.slice > 0 ? total.view / total.slice : nil
    }

    /// Runs random sub-networks on random tokens, first all as views and then each as view and slice in turn.
    /// - Parameters:
    ///   - count: Sub-networks.
    ///   - rows: Sequences of a pass, of `columns` tokens each; a positive number of both.
    ///   - repeats: Passes of each kind whose median counts, after one that does not; 0 leaves times out.
    /// - Throws: `SuperNetworkError.space`, `.evaluation`, `.torch`, `.transformer`.
    public static func measure(
        _ model: LanguageModel, space: ElasticSpace, count: Int, rows: Int, columns: Int, repeats: Int, seed: UInt64
    ) throws(SuperNetworkError) -> CandidateCost {
        let sizes = try SubNetworkSizes(space, of: model.architecture)
        var stream = RandomStream(seed: seed, name: "candidates")
        let genomes = (0..<count).map { _ in space.randomGenome(&stream) }
        let vocabulary = UInt64(model.architecture.vocabularySize)
        let tokens = (0..<rows * columns).map { _ in Int64(stream.integer(below: vocabulary)) }
        let pass = try withTorch { () throws(TorchError) in
            Pass(tokens_BT: try Tensor(tokens, shape: [rows, columns], on: model.device))
        }
        _ = try pass.seconds(model, nil)
        let before = MemoryUse.residentBytes
        for genome in genomes { _ = try pass.seconds(model, try space.view(of: genome)) }
        var cost = CandidateCost(
            residentBytesBefore: before, residentBytesAfter: MemoryUse.residentBytes, candidates: [])
        guard repeats > 0 else { return cost }
        for genome in genomes {
            let view = try space.view(of: genome)
            let slice: LanguageModel
            do throws(TransformerError) { slice = try model.sliced(by: view) } catch { throw .transformer(error) }
            var times: (view: [Double], slice: [Double]) = ([], [])
            for _ in 0...repeats {
                times.view.append(try pass.seconds(model, view))
                times.slice.append(try pass.seconds(slice, nil))
            }
            cost.candidates.append(
                Candidate(
                    genome: genome, parameters: try sizes(genome).parameters,
                    viewSeconds: median(times.view.dropFirst()),
                    sliceSeconds: median(times.slice.dropFirst())))
        }
        return cost
    }

    private static func median(_ values: some Sequence<Double>) -> Double {
        let sorted = values.sorted()
        return (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
    }

    /// A forward pass whose time is taken.
    private struct Pass {
        let tokens_BT: Tensor

        func seconds(_ model: LanguageModel, _ view: SubNetworkView?) throws(SuperNetworkError) -> Double {
            try withTorch { () throws(TorchError) in
                try withoutGradients { () throws(TorchError) in
                    let start = ContinuousClock.now
                    let hidden = try model.hidden(tokens_BT, in: ForwardContext(view: view))
                    _ = try model.rowLosses(hidden, tokens_BT).floats()
                    return (ContinuousClock.now - start) / .seconds(1)
                }
            }
        }
    }
}
