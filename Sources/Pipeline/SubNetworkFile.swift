internal import Search
internal import SuperNetwork
internal import Transformer

/// `subnet.json`: which part of which super-network the model beside it is.
struct SubNetworkFile: Codable, Equatable {
    static let name = "subnet.json"
    /// Version of this file's own form.
    static let schema = 1

    var schema = SubNetworkFile.schema
    /// The sub-network in the super-network's space.
    var genome: Genome
    /// Each layer of the super-network.
    var layers: [Layer]
    /// Layers that are gone, in the order in which smaller networks give them up.
    var dropped: [Int]
    var parameters: Int
    /// The super-network it was cut from.
    var superNetwork: StageRecord.Ancestor
    /// How it was chosen.
    var chosenBy: String

    /// What became of one layer.
    struct Layer: Codable, Equatable {
        var keep: Bool
        /// Neurons that are left; 0 in a layer that is gone.
        var intermediateSize: Int

        enum CodingKeys: String, CodingKey {
            case keep
            case intermediateSize = "intermediate_size"
        }
    }

    enum CodingKeys: String, CodingKey {
        case schema, genome, layers, dropped, parameters
        case superNetwork = "super_network"
        case chosenBy = "chosen_by"
    }

    /// The record of a genome of a space.
    /// - Throws: `.superNetwork` when it names no sub-network.
    init(
        _ genome: Genome, of space: ElasticSpace, source: Architecture, superNetwork: StageRecord, chosenBy: String
    ) throws(PipelineError) {
        let (canonical, view) = try withSuperNetwork { () throws(SuperNetworkError) in
            (try space.searchSpace().canonical(genome), try space.view(of: genome))
        }
        self.genome = canonical
        layers = view.intermediateSizes.enumerated().map { index, size in
            let keep = view.layers.contains(index)
            return Layer(keep: keep, intermediateSize: keep ? size : 0)
        }
        dropped = space.dropOrder.filter { !view.layers.contains($0) }
        parameters = source.viewed(by: view).parameterCount
        self.superNetwork = .init(
            id: superNetwork.id, kind: superNetwork.kind, fingerprint: superNetwork.fingerprint)
        self.chosenBy = chosenBy
    }
}
