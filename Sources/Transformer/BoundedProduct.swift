/// The product of sizes that files state, each of at least 0; 2^52 stands for all that is larger, so that estimates from
/// absurd sizes can still be added up.
public func boundedProduct(_ sizes: Int...) -> Int {
    let most = 1 << 52
    return sizes.reduce(1) { product, size in
        let (next, isBeyond) = product.multipliedReportingOverflow(by: size)
        return isBeyond ? most : min(next, most)
    }
}
