internal import FoundationEssentials
internal import Glibc
internal import Torch
internal import Training

extension Workbench {
    /// Whether this rank writes the artifact and tells how it goes; it does where there is one alone.
    var speaks: Bool { group?.isFirst ?? true }

    /// Lets the GPUs of the ranks exchange directly where they can; all call it as they begin.
    func connectDevices() throws(PipelineError) {
        guard let group else { return }
        let news = try withTorch { () throws(TorchError) in try group.connect(device) }
        if let news, speaks { note(news) }
    }

    /// Ends the stage on all ranks where one of them was asked to stop; all call it at the same place.
    /// - Parameter step: how far it has come.
    /// - Throws: `.interrupted`.
    func endIfAnyStopped(at step: Int) throws(PipelineError) {
        guard let group else { return try endIfStopped(at: step) }
        let wish = stop.isRaised ? Double(stop.signal ?? SIGINT) : 0
        let signal = try withTorch { () throws(TorchError) in try group.maxima([wish]) }[0]
        if signal > 0 { throw .interrupted(signal: Int32(signal), step: step) }
    }

    /// Waits for rank 0, which did something alone, however long that took.
    func waitForFirst() throws(PipelineError) {
        guard let group else { return }
        try withTorch { () throws(TorchError) in try group.waitForFirst() }
    }

    /// Lets rank 0 do something alone, however long that takes; a signal that ends it ends the stage on all ranks.
    /// - Returns: nil on the other ranks.
    func alone<Value>(_ work: () throws(PipelineError) -> Value) throws(PipelineError) -> Value? {
        guard let group else { return try work() }
        var value: Value?
        var wish = 0.0
        if speaks {
            do throws(PipelineError) { value = try work() } catch {
                guard case .interrupted(let signal, _, _) = error else { throw error }
                wish = Double(signal)
            }
        }
        try waitForFirst()
        let signal = try withTorch { () throws(TorchError) in try group.maxima([wish]) }[0]
        if signal > 0 { throw .interrupted(signal: Int32(signal), step: 0) }
        return value
    }

    /// Counts what all ranks have taken, at the end of a stage that they share.
    func countAll() throws(PipelineError) {
        if let group { try meter.countOthers(group) }
    }

    /// A value that is made once per attempt chain: `name` in the stage's folder keeps it for a resumed one. Of several
    /// ranks the first finds or makes it, however long that takes, and the others get the same.
    func once<Value: Codable>(
        _ name: String, in folder: String, _ make: () throws(PipelineError) -> Value
    ) throws(PipelineError) -> Value {
        guard let group else { return try kept(name, folder, make) }
        let own = try speaks ? kept(name, folder, make) : nil
        let text = try withTorch { () throws(TorchError) in
            try group.waitForFirst()
            return try group.shared(own.map { String(decoding: CanonicalJSON.bytes(of: $0), as: UTF8.self) })
        }
        if let own { return own }
        do { return try CanonicalJSON.value(Value.self, from: Data(text.utf8)) } catch {
            throw .damagedArtifact(path: folder + "/" + name, problem: "rank 0 gave something else")
        }
    }

    private func kept<Value: Codable>(
        _ name: String, _ folder: String, _ make: () throws(PipelineError) -> Value
    ) throws(PipelineError) -> Value {
        let path = folder + "/" + name
        if let known = try? CanonicalJSON.value(Value.self, from: Folder.read(path)) { return known }
        let made = try make()
        try Folder.write(CanonicalJSON.bytes(of: made), to: path)
        return made
    }
}
