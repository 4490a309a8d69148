internal import FoundationEssentials
internal import Torch

extension Workbench {
    /// Whether this rank writes the artifact and tells how it goes; it does where there is one alone.
    var speaks: Bool { group?.isFirst ?? true }

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
