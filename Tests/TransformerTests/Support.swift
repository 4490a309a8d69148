import Fixtures
import Testing
import Torch

/// Runs `body` with the path of a new folder that is removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = try TemporaryDirectory()
    try withExtendedLifetime(folder) { try body(folder.path) }
}

/// The largest difference of two tensors over the largest value of the second.
func relativeDifference(_ found: Tensor, _ expected: Tensor) throws -> Double {
    #expect(found.shape == expected.shape)
    let a = try found.detached().to(.float32)
    let b = try expected.detached().to(.float32)
    return try (a - b).abs().maximum().item() / b.abs().maximum().item()
}
