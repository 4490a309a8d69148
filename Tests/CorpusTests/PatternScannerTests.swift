import Testing

@testable import Corpus

@Suite struct PatternScannerTests {
    static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    static let gpt4 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    @Test func knownPatternsAreRecognised() {
        #expect(PatternScanner(expression: Self.gpt2) == .gpt2)
        #expect(PatternScanner(expression: Self.gpt4) == .gpt4(digits: 3))
        #expect(PatternScanner(expression: Self.gpt4.replacing("{1,3}", with: "")) == .gpt4(digits: 1))
        #expect(PatternScanner(expression: Self.gpt4 + " ") == nil)
    }

    /// The scanner by hand cuts as the regular expression does (over characters that both Unicode versions know).
    @Test(arguments: [gpt2, gpt4, gpt4.replacing("{1,3}", with: "")], 0..<3)
    func handScanningEqualsTheExpression(expression: String, seed: Int) throws {
        let scanner = try #require(PatternScanner(expression: expression))
        let splitter = try PatternSplitter(expression, isLiteral: false, behaviour: .isolated, isInverted: false)
        let matcher = try PatternSplitter.Matcher(splitter)
        let alphabet = Array(
            "aZsSrReEvVlLmMdDtTſß'''’  \n\r\t\u{85}\u{A0}\u{3000}0123٣½Ⅷ.,!?-_<>漢é\u{301}🚀\u{200D}\u{200B}"
        ).map { $0.unicodeScalars.first ?? " " }
        var random = RandomStream(seed: UInt64(seed), name: "patterns")
        for _ in 0..<1500 {
            var text = ""
            for _ in 0..<Int.random(in: 1...24, using: &random) {
                guard let scalar = alphabet.randomElement(using: &random) else { continue }
                for _ in 0..<(Int.random(in: 0..<6, using: &random) == 0 ? 4 : 1) { text.unicodeScalars.append(scalar) }
            }
            let bytes = Array(text.utf8)
            try bytes.withUnsafeBufferPointer { buffer in
                let base = try #require(buffer.baseAddress)
                var ends: [Int] = []
                while (ends.last ?? 0) < buffer.count {
                    ends.append(scanner.pieceEnd(base, ends.last ?? 0, buffer.count, .shared))
                }
                #expect(try matcher.pieces(buffer).map(\.upperBound) == ends, "\(text.debugDescription)")
            }
        }
    }

    @Test func classesAgreeWithUnicode() {
        let classes = CharacterClasses.shared
        for value in UInt32(0)..<0x3000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let properties = scalar.properties
            // What every Unicode version in use knows.
            guard let age = properties.age, age.major <= 15 else { continue }
            let category = properties.generalCategory
            let isLetter = [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter]
                .contains(category)
            let isNumber = [.decimalNumber, .letterNumber, .otherNumber].contains(category)
            let bits = classes.of(value)
            #expect((bits & CharacterClasses.letter != 0) == isLetter, "U+\(String(value, radix: 16))")
            #expect((bits & CharacterClasses.number != 0) == isNumber, "U+\(String(value, radix: 16))")
            #expect((bits & CharacterClasses.space != 0) == properties.isWhitespace, "U+\(String(value, radix: 16))")
        }
    }
}
