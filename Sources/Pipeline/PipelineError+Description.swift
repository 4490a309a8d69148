internal import Files
internal import FoundationEssentials
internal import Glibc

extension PipelineError: CustomStringConvertible {
    /// One clear message: the place, what was found and expected, what to do.
    public var description: String {
        switch self {
        case .specification(let problems): problems.map(\.description).joined(separator: "\n")
        case .missingInput(let input): "the \(input.role) \(input.path) is missing; \(input.remedy)"
        case .missingInputs(let inputs):
            "\(inputs.count) inputs are missing:\n"
                + inputs.map { "  the \($0.role) \($0.path); \($0.remedy)" }.joined(separator: "\n")
        case .locked(let owner, let path):
            "process \(owner.processID) on \(owner.host) works on it since \(PipelineError.time(owner.startedAt)); wait for it or stop it (lock: \(path))"
        case .file(let operation, let path, let code):
            "cannot \(operation) \(path): \(PipelineError.text(ofErrno: code))"
        case .damagedArtifact(let path, let problem): "\(path) is damaged: \(problem); run again with --force"
        case .mismatch(let what, let remedy): "\(what); \(remedy)"
        case .interrupted(let signal, let step, let unit):
            "stopped by \(signal == 15 ? "SIGTERM" : "SIGINT")\(PipelineError.place(step, unit)); "
                + "run the same command again to continue there"
        case .corpus(let error): "\(error)"
        case .torch(let error): "\(error)"
        case .transformer(let error): "\(error)"
        case .evaluation(let error): "\(error)"
        case .training(let error): "\(error)"
        case .shearing(let error): "\(error)"
        case .report(let error): "\(error)"
        case .superNetwork(let error): "\(error)"
        case .search(let error): "\(error)"
        case .stage(let id, let error): "stage \(id): \(error)"
        }
    }
}

extension PipelineError {
    /// The system's words for an `errno`.
    fileprivate static func text(ofErrno code: Int32) -> String {
        let remedy = FileFailure(path: "", operation: "", code: code).remedy
        return systemMessage(code) + (remedy.map { "; \($0); what is finished is kept" } ?? "")
    }

    /// How far a stage had come, as a clause.
    fileprivate static func place(_ count: Int, _ unit: WorkUnit) -> String {
        switch unit {
        case .step: " after step \(count)"
        case .file: count == 0 ? " while packing" : " after packing \(count) file\(count == 1 ? "" : "s")"
        }
    }

    /// A point in time, seconds since 1970, as UTC.
    fileprivate static func time(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }
}
