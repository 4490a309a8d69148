internal import Fixtures
internal import Fuzzing
internal import Glibc

// fuzzer TARGET [libFuzzer's options and folders]    tries inputs
// fuzzer seeds TARGET FOLDER                         writes sound inputs
// fuzzer list                                        names the targets

private typealias Trial = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func LLVMFuzzerRunDriver(
    _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<Arguments>, _ trial: Trial
) -> Int32

/// What a trial, which is a bare C function, works with.
private enum Session {
    nonisolated(unsafe) static var target = FuzzTarget.jsonl
    static let folder = Result { try TemporaryDirectory() }
}

private let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
private let words = CommandLine.arguments

if words.count == 2, words[1] == "list" {
    print(names)
} else if words.count == 4, words[1] == "seeds", let target = FuzzTarget(rawValue: words[2]) {
    for (index, seed) in try target.seeds().enumerated() {
        guard let file = fopen("\(words[3])/seed-\(index)", "wb") else { fatalError("cannot write into \(words[3])") }
        fwrite(seed, 1, seed.count, file)
        fclose(file)
    }
} else if words.count > 1, let target = FuzzTarget(rawValue: words[1]) {
    Session.target = target
    var count = CommandLine.argc - 1
    var arguments: Arguments = CommandLine.unsafeArgv + 1
    exit(
        LLVMFuzzerRunDriver(&count, &arguments) { bytes, size in
            do {
                let input = Array(UnsafeBufferPointer(start: bytes, count: size))
                try Session.target.read(input, in: Session.folder.get())
                return 0
            } catch { fatalError("\(error)") }
        })
} else {
    print("usage: fuzzer TARGET [options of libFuzzer] | seeds TARGET FOLDER | list\ntargets: \(names)")
    exit(64)
}
