internal import FoundationEssentials
internal import Glibc
internal import Pipeline

/// A measurement's conversation with the program that it takes turns with: a line asks for a slice, a line of JSON is one.
enum Turns {
    /// Writes one line.
    static func say(_ value: some Encodable) {
        print(String(decoding: CanonicalJSON.bytes(of: value), as: UTF8.self))
        fflush(nil)
    }

    /// Waits until a slice is asked for; false at the end of the input.
    static func isAsked() -> Bool { readLine() != nil }

    /// Says what is measured, then gives slices as they are asked for.
    static func take<Slice: Encodable, Failure: Error>(
        _ facts: some Encodable, slice: () throws(Failure) -> Slice
    ) throws(Failure) {
        say(facts)
        while isAsked() { say(try slice()) }
    }
}
