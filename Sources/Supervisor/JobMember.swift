/// One process of a job, before it is started.
public struct JobMember: Sendable, Equatable {
    /// Its number in the whole job.
    public var rank: Int
    /// The path of its program.
    public var program: String
    /// Without the program's own name.
    public var arguments: [String]
    /// All its variables.
    public var environment: [String: String]
    /// What stands before each line it prints, all of which then goes to `Job.say`; nil: it prints where the launcher does.
    public var prefix: String?

    public init(
        rank: Int, program: String, arguments: [String], environment: [String: String], prefix: String? = nil
    ) {
        self.rank = rank
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.prefix = prefix
    }
}
