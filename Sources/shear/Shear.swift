@main struct Shear { static func main() {} }
