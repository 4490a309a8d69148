internal import CTorch

/// Where the time of one thread went: by phase of its work, and within each by operation.
///
/// An operation's seconds are its own, without those of the operations that it called, so that a phase's operations add up
/// to at most the phase; what is missing passed between them.
public struct OperationProfile: Sendable {
    /// A name, how often and how long.
    public struct Row: Sendable, Equatable {
        public let name: String
        public let calls: Int
        public let seconds: Double
    }

    /// A part of the work, such as the forward pass.
    public struct Phase: Sendable {
        /// The phase as a whole.
        public let total: Row
        /// Its operations, those that took longest first.
        public let operations: [Row]
    }

    /// The phases, those that took longest first.
    public let phases: [Phase]

    /// Begins to time the operations of this thread.
    /// - Throws: `.invalidArgument` when that has begun already.
    public static func begin() throws(TorchError) { try check(ct_profile_begin()) }

    /// Says that what follows on this thread belongs to a phase; costs next to nothing where no profile is taken.
    /// - Throws: `.outOfMemory`.
    public static func enter(_ phase: String) throws(TorchError) { try check(ct_profile_phase(phase)) }

    /// Ends what `begin` began.
    /// - Throws: `.invalidArgument` when nothing was begun.
    public static func end() throws(TorchError) -> OperationProfile {
        let collected = Collected()
        try check(ct_profile_end(Unmanaged.passUnretained(collected).toOpaque(), takeProfileRow))
        withExtendedLifetime(collected) {}
        let isLonger = { (one: Row, other: Row) in one.seconds > other.seconds }
        return OperationProfile(
            phases: collected.phases.sorted(by: isLonger).map {
                Phase(total: $0, operations: (collected.operations[$0.name] ?? []).sorted(by: isLonger))
            })
    }

    fileprivate final class Collected {
        var phases: [Row] = []
        var operations: [String: [Row]] = [:]

        func take(_ phase: String, _ operation: String?, _ calls: Int, _ seconds: Double) {
            guard let operation else {
                return phases.append(Row(name: phase, calls: calls, seconds: seconds))
            }
            operations[phase, default: []].append(Row(name: Self.shortened(operation), calls: calls, seconds: seconds))
        }

        /// Backward passes of ours carry the whole name of a C++ type, such as
        /// `torch::autograd::CppNode<(anonymous namespace)::SwiGLU>`.
        private static func shortened(_ name: String) -> String {
            guard name.contains("CppNode<"), let end = name.lastIndex(of: ">") else { return name }
            let type = name[..<end]
            let start = type.lastIndex { $0 == ":" || $0 == "<" }.map(type.index(after:)) ?? type.startIndex
            return type[start...] + "Backward"
        }
    }
}

private func takeProfileRow(
    _ context: UnsafeMutableRawPointer, _ phase: UnsafePointer<CChar>, _ operation: UnsafePointer<CChar>?,
    _ calls: Int64,
    _ seconds: Double
) {
    let collected = Unmanaged<OperationProfile.Collected>.fromOpaque(context).takeUnretainedValue()
    collected.take(String(cString: phase), operation.map { String(cString: $0) }, Int(calls), seconds)
}
