internal import Corpus

extension RandomStream {
    /// 0 ..< `count` in an order that is equally likely to be any (Fisher and Yates).
    mutating func order(of count: Int) -> [Int] {
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, Int(integer(below: UInt64(last) + 1))) }
        return order
    }
}
