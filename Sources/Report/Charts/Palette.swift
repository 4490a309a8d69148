/// Eight colours by number; the style sheet gives each a value for light and one for dark.
///
/// Chosen so that any two stay apart for readers with protanopia, deuteranopia and tritanopia (simulated after Machado
/// et al. 2009, distances in OKLab) and reach a contrast of 3 to 1 with the page; every chart also tells them apart by
/// mark, dash or label.
enum Palette {
    static let light = ["#174f96", "#b0440a", "#3f9a68", "#a442b8", "#998f06", "#389cce", "#7e1f2e", "#4a4f59"]
    static let dark = ["#65a3fc", "#e58b3e", "#a6f3c8", "#b878c2", "#dacd4e", "#8fd1e6", "#d2535b", "#9096a0"]

    /// The mark of a colour, one of as many; arms beyond the last colour take colours again, with other marks.
    static func mark(_ colour: Int) -> Int { (colour + 3 * (colour / light.count)) % light.count }

    /// The class that gives its content a colour; nil is the grey of the background.
    static func style(_ colour: Int?) -> String { colour.map { "s s\($0 % light.count)" } ?? "s sq" }

    /// The variables of one scheme.
    static func variables(_ colours: [String]) -> String {
        colours.enumerated().map { "--s\($0.offset):\($0.element);" }.joined()
    }
}
