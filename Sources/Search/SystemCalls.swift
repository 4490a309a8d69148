internal import Glibc

/// The system's words for an `errno` value.
func systemMessage(_ code: Int32) -> String {
    guard let words = strerror(code) else { return "unknown error" }
    return String(cString: words)
}
