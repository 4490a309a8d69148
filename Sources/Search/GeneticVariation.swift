internal import Corpus

/// How individuals of one kind are drawn, crossed and mutated.
///
/// Genomes lie one after another in one array; an individual is named by the place where its genes start.
protocol GeneticVariation: Sendable {
    associatedtype Gene: Equatable & Sendable

    /// The number of genes of an individual.
    var geneCount: Int { get }
    /// A gene that makes room for others.
    static var blank: Gene { get }

    /// Sets the genes at `start` at random.
    func draw(_ genes: inout [Gene], at start: Int, using stream: inout RandomStream)
    /// Turns two parents into their two children, in place.
    func cross(_ genes: inout [Gene], at one: Int, _ other: Int, using stream: inout RandomStream)
    /// Changes a child, in place.
    func mutate(_ genes: inout [Gene], at start: Int, using stream: inout RandomStream)
}
