internal import CTorch

// How tensors of GPUs travel: from GPU to GPU (NCCL) where every rank can, else through the hosts' memory.
extension ProcessGroup {
    /// Whether tensors of a device go to the other ranks' devices without the hosts' memory.
    public func isDirect(_ device: Device) -> Bool { direct?.device == device }

    /// Lets tensors of this rank's `device` go straight to the devices of the other ranks from now on, where each has a GPU
    /// and NCCL. All ranks call it, each with the device it computes on; again where that changes.
    /// - Returns: Which way tensors of GPUs take, where that is new; nil where it is as before or no rank has a GPU.
    /// - Throws: `.rankLost`, also with what NCCL said where it cannot connect.
    public func connect(_ device: Device) throws(TorchError) -> String? {
        // All say whether they can before any begins: NCCL alone would wait for ever.
        let all = try texts(isDirect(device) ? Obstacle.isConnected : obstacle(on: device))
        if [Obstacle.isConnected, Obstacle.noGPU].contains(where: { word in all.allSatisfy { $0 == word } }) {
            return nil
        }
        freeDirect(isAbandoned: false)
        if let rank = all.firstIndex(where: { $0 != Obstacle.isConnected && $0 != Obstacle.none }) {
            let obstacle = "rank \(rank): \(all[rank])"
            defer { toldObstacle = obstacle }
            return obstacle == toldObstacle ? nil : "Tensors of GPUs go through the hosts' memory (Gloo). \(obstacle)"
        }
        try makeDirect(device)
        return "Tensors go from GPU to GPU (NCCL)."
    }

    /// What ranks say to each other about their devices, beside what is in the way in words.
    private enum Obstacle {
        static let none = ""
        static let isConnected = "connected"
        static let noGPU = "it computes on the CPU"
    }

    private func obstacle(on device: Device) -> String {
        guard case .cuda = device else { return Obstacle.noGPU }
        if !ranks.usesNCCL { return "\(Ranks.ncclVariable) is 0" }
        do throws(TorchError) { try Engine.requireNCCL(on: device) } catch { return error.message }
        return Obstacle.none
    }

    /// Meets the other ranks on GPUs.
    private func makeDirect(_ device: Device) throws(TorchError) {
        directCount += 1
        let place = try ProcessGroup.meetingPlace("nccl/\(directCount)", ranks, store, limits)
        defer { withExtendedLifetime(place) {} }
        var out: OpaquePointer?
        try check(
            ct_group_make_nccl(place.handle, Int32(rank), Int32(count), device.code, limits.waitSeconds, &out))
        guard let out else {
            throw TorchError(code: .internalFault, operation: "connect", message: "no group came out")
        }
        direct = (device, out)
        let ones = try Tensor.ones([1], on: device)
        do throws(TorchError) { try sum(ones) } catch {
            throw TorchError(
                code: error.code, operation: "connect",
                message: "\(error.message) (\(Ranks.ncclVariable)=0 lets GPUs do without NCCL)")
        }
        let found = try ones.item()
        guard found == Double(count) else {
            throw TorchError(
                code: .internalFault, operation: "connect", message: "NCCL counts \(found) ranks, not \(count)")
        }
    }

    /// - Parameter isAbandoned: Operations may be under way that never end.
    func freeDirect(isAbandoned: Bool) {
        guard let direct else { return }
        ct_group_free(direct.group, isAbandoned)
        self.direct = nil
    }
}

extension Engine {
    /// Makes sure that a CUDA device can exchange with those of other processes by NCCL.
    /// - Throws: `.unsupported`, with the reason and the way out, where CUDA, the device or our library for NCCL is missing.
    public static func requireNCCL(on device: Device = .cuda(0)) throws(TorchError) {
        try check(ct_nccl_open(device.code))
    }
}
