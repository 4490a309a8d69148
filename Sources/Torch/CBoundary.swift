internal import CBoundary
internal import CTorch

// The only reader of statuses and messages. A message belongs to the thread's last failure, so it is read right here.

/// Throws what a status stands for; `CT_OK` passes.
func check(_ status: ct_status, _ operation: StaticString = #function) throws(TorchError) {
    try check(status, named: "\(operation)")
}

/// The same for an operation whose name is made at run time.
func check(_ status: ct_status, named operation: @autoclosure () -> String) throws(TorchError) {
    if status == CT_OK { return }
    let code: TorchError.Code =
        switch status {
        case CT_INVALID_ARGUMENT: .invalidArgument
        case CT_INDEX: .index
        case CT_OUT_OF_MEMORY: .outOfMemory
        case CT_IO: .io
        case CT_UNSUPPORTED: .unsupported
        default: .internalFault
        }
    throw TorchError(code: code, operation: operation(), message: String(cString: ct_last_message()))
}

/// Runs a C function that makes one tensor.
func produce(
    _ operation: StaticString = #function, _ body: (UnsafeMutablePointer<OpaquePointer?>) -> ct_status
) throws(TorchError) -> Tensor {
    var handle: OpaquePointer?
    let status = body(&handle)
    try check(status, operation)
    guard let handle else {
        throw TorchError(code: .internalFault, operation: "\(operation)", message: "no tensor came out")
    }
    return Tensor(adopting: handle)
}

/// Runs a C function that makes two tensors.
func producePair(
    _ operation: StaticString = #function,
    _ body: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<OpaquePointer?>) -> ct_status
) throws(TorchError) -> (Tensor, Tensor) {
    var first: OpaquePointer?
    var second: OpaquePointer?
    let status = body(&first, &second)
    try check(status, operation)
    guard let first, let second else {
        throw TorchError(code: .internalFault, operation: "\(operation)", message: "no tensors came out")
    }
    return (Tensor(adopting: first), Tensor(adopting: second))
}

/// Calls `body` with the handles of a list, which stays alive meanwhile.
func withHandles<R>(_ tensors: [Tensor], _ body: ([OpaquePointer]) -> R) -> R {
    withExtendedLifetime(tensors) { body(tensors.map(\.handle)) }
}

/// Calls `body` with a pointer to the value, or nil.
func withOptional<R>(_ value: Double?, _ body: (UnsafePointer<Double>?) -> R) -> R {
    guard let value else { return body(nil) }
    return withUnsafePointer(to: value) { body($0) }
}

/// Calls `body` with the text as C reads it, or nil.
func withOptional<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
}
