internal import Corpus

/// NSGA-II (Deb et al. 2002) as pymoo 0.6 has it, without constraints: a population whose better half survives.
///
/// It asks for scores rather than computing them: `offspring` gives children, `survive` takes them with their scores.
struct GeneticAlgorithm<Variation: GeneticVariation> {
    typealias Gene = Variation.Gene

    let variation: Variation
    /// The most individuals that survive.
    let size: Int
    /// The number of scores of an individual.
    let width: Int
    /// The population: `geneCount` genes and `width` scores per individual, smaller scores better.
    private(set) var genes: [Gene] = []
    private(set) var scores: [Double] = []
    /// The room each individual had in its front when it last survived.
    private(set) var crowding: [Double] = []
    /// Best front first: where each front ends in the population.
    private(set) var frontEnds: [Int] = []

    init(variation: Variation, size: Int, width: Int) {
        self.variation = variation
        self.size = size
        self.width = width
    }

    /// The number of individuals.
    var count: Int { crowding.count }

    /// Keeps the best `size` of the population and of newcomers with finite scores: whole fronts while they fit, then
    /// those of the next front that have most room, equal ones at random. The population is then in that order.
    mutating func survive(
        with newcomers: [Gene], _ newScores: [Double], using stream: inout RandomStream
    ) {
        let pool = (genes: genes + newcomers, scores: scores + newScores)
        let width = width
        let fronts = DominanceSort.fronts(pool.scores, width: width, wanted: size)
        genes.removeAll(keepingCapacity: true)
        scores.removeAll(keepingCapacity: true)
        crowding.removeAll(keepingCapacity: true)
        frontEnds.removeAll(keepingCapacity: true)
        for front in fronts {
            let room = Crowding.distances(of: front, pool.scores, width: width)
            var places = Array(front.indices)
            if front.count > size - count {
                let lot = stream.order(of: front.count)
                places.sort { room[$0] == room[$1] ? lot[$0] < lot[$1] : room[$0] > room[$1] }
                places.removeLast(front.count - (size - count))
            }
            for place in places {
                let individual = front[place]
                genes += pool.genes[(individual * variation.geneCount)..<((individual + 1) * variation.geneCount)]
                scores += pool.scores[(individual * width)..<((individual + 1) * width)]
                crowding.append(room[place])
            }
            frontEnds.append(count)
        }
    }
}
