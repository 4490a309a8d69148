internal import FoundationEssentials
internal import SuperNetwork
internal import Transformer

/// `elastic.json`: what can be taken out of the model beside it. The model's neurons stand in the order of
/// `neuron-order.json` already.
struct ElasticFile: Codable, Equatable {
    static let name = "elastic.json"
    static let neuronsName = "neuron-order.json"
    /// Version of this file's own form.
    static let schema = 1

    var schema = ElasticFile.schema
    var space: ElasticSpace
    /// The block influence of each layer of the source, where it was measured.
    var influences: [Float]?
    /// Parameters of the smallest and of the largest sub-network.
    var smallestParameters: Int
    var largestParameters: Int
    /// The number of different sub-networks.
    var subNetworks: Double

    enum CodingKeys: String, CodingKey {
        case schema, space, influences
        case smallestParameters = "smallest_parameters"
        case largestParameters = "largest_parameters"
        case subNetworks = "sub_networks"
    }

    /// - Throws: `.superNetwork` when the space does not fit the source.
    init(_ space: ElasticSpace, of source: Architecture, influences: [Float]?) throws(PipelineError) {
        let range = try withSuperNetwork { () throws(SuperNetworkError) in
            try SubNetworkSizes(space, of: source).parameterRange
        }
        self.space = space
        self.influences = influences
        smallestParameters = range.lowerBound
        largestParameters = range.upperBound
        subNetworks = space.subNetworkCount
    }

    /// The file of an artifact of a super-network.
    /// - Throws: `.damagedArtifact` when it is not what the stage writes, or not of the model beside it.
    static func read(from artifact: Artifact) throws(PipelineError) -> ElasticFile {
        let path = artifact.file(name)
        let bytes = try Folder.read(path)
        guard let file = try? JSONDecoder().decode(ElasticFile.self, from: bytes), file.schema == schema else {
            throw .damagedArtifact(path: path, problem: "it is not a description of an elastic space")
        }
        let architecture = try withTransformer { () throws(TransformerError) in
            try ModelFolder.architecture(artifact.modelPath)
        }
        if let problem = file.space.problems(with: architecture).first {
            throw .damagedArtifact(path: path, problem: problem)
        }
        return file
    }
}
