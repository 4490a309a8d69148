internal import CTorch
public func threadCount() -> Int { var n: Int32 = 0; let s = unsafe_probe(&n); return s ? Int(n) : -1 }
func unsafe_probe(_ n: inout Int32) -> Bool { ct_probe(&n) == CT_OK }
