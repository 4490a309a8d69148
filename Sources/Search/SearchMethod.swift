/// How a search chooses what to measure. All methods begin with the same random population of a seed.
public enum SearchMethod: String, Codable, Sendable, CaseIterable {
    /// NSGA-II on predictors that learn from everything measured so far; its last population is measured (LINAS).
    case linas
    /// NSGA-II on measurements alone.
    case nsga2
    /// Different random genomes.
    case random
}
