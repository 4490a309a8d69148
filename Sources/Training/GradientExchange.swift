internal import Torch

/// Makes each rank's gradients the sums over all ranks.
///
/// They travel as flat buckets of Float32 that cross the borders of tensors, so that neither many small tensors nor one
/// large one decide how many exchanges there are. A parameter that took part on some ranks only counts as zeros on the
/// others. The sums have the same bits on all ranks.
struct GradientExchange {
    /// The size of a bucket.
    static let bucketBytes = 25 << 20

    let group: ProcessGroup
    let bucketElements: Int

    init(_ group: ProcessGroup, bucketBytes: Int = GradientExchange.bucketBytes) {
        self.group = group
        bucketElements = max(bucketBytes / 4, 1)
    }

    /// - Throws: `.rankLost`.
    func sum(_ optimizers: [GroupOptimizer]) throws(TorchError) {
        try withoutGradients { () throws(TorchError) in
            let presence = try group.sums(optimizers.flatMap(\.presence))
            var number = 0
            var tensors: [Tensor] = []
            for optimizer in optimizers {
                for index in optimizer.group.parameters.indices {
                    if presence[number] > 0 { tensors.append(try optimizer.gradient(ofTaking: index)) }
                    number += 1
                }
            }
            try sum(tensors)
        }
    }

    /// Float32 tensors of the same shapes on all ranks.
    func sum(_ tensors: [Tensor]) throws(TorchError) {
        let memory = try FlatMemory(tensors)
        for start in stride(from: 0, to: memory.count, by: bucketElements) {
            let range = start..<min(start + bucketElements, memory.count)
            let pieces = try memory.pieces(range)
            if pieces.count == 1 {
                try group.sum(pieces[0])
            } else {
                let bucket = try Tensor.concatenated(pieces)
                try group.sum(bucket)
                try memory.copy(from: bucket, to: range)
            }
        }
        try memory.restore(to: tensors)
    }
}
