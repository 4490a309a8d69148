/// The version of this package, as `shear --version` and every artifact's record say it.
public let shearlingVersion = "0.1.0"
