/// A genome that is to be measured next, and why.
struct Proposal: Codable, Sendable, Equatable {
    let genome: Genome
    let method: MeasuredCandidate.Method
}
