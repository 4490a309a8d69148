import Evaluation
import Glibc
import Testing

@testable import Training

/// Reference losses of Sheared-LLaMA (arXiv 2310.06694 and its code): LLaMA-2 7B, 13B, 70B as measured, and what the published runs used.
@Suite struct ReferenceLossTests {
    private let domains = ["cc", "github", "book", "stackexchange", "wiki", "arxiv", "c4"]
    private let sizes = [6_738_415_616.0, 13_015_864_320, 68_976_648_192]
    private let measured = [
        [1.7520, 0.6216, 1.9063, 1.4482, 1.4844, 1.2637, 1.9219],
        [1.6680, 0.5791, 1.8242, 1.3936, 1.3945, 1.2109, 1.8486],
        [1.4621, 0.4890, 1.6450, 1.2805, 1.2118, 1.1148, 1.6848],
    ]

    private var models: [String: [ScalingFit.Point]] {
        Dictionary(
            uniqueKeysWithValues: domains.enumerated().map { domain, name in
                (name, sizes.indices.map { ScalingFit.Point(parameters: sizes[$0], loss: measured[$0][domain]) })
            })
    }

    @Test(arguments: [
        (1_345_423_360, [1.9643, 0.7459, 2.1393, 1.6117, 1.7590, 1.4449, 2.1251]),
        (2_701_560_320, [1.8712, 0.6883, 2.0325, 1.5353, 1.6297, 1.3560, 2.0328]),
        (373_867_520, [2.1401, 0.8694, 2.3625, 1.7791, 2.047, 1.6637, 2.3139]),
    ])
    func theFitReproducesThePublishedReferences(parameters: Int, published: [Double]) throws {
        var warnings: [String] = []
        let found = try ReferenceLoss.fitted(models)
            .losses(for: domains, parameters: parameters, source: []) { warnings.append($0) }
        for (found, published) in zip(found, published) { #expect(abs((found ?? 0) - published) <= 1e-4) }
        #expect(warnings.count == 1 && warnings[0].contains("cc") && warnings[0].contains("below 0"))
    }

    @Test func theFitGoesThroughItsPoints() throws {
        for (domain, points) in models {
            let fit = try ScalingFit(through: points.reversed(), domain: domain)
            for point in points { #expect(abs(fit.loss(at: Int(point.parameters)) - point.loss) < 1e-9) }
        }
    }

    @Test func theFitFindsTheLawThatMadeThePoints() throws {
        let law = { (size: Double) in 406.4 * Double.power(size, -0.336) + 0.69 }
        let fit = try ScalingFit(
            through: [1e9, 4e9, 5e10].map { ScalingFit.Point(parameters: $0, loss: law($0)) }, domain: "x")
        #expect(abs(fit.exponent - 0.336) < 1e-6 && abs(fit.asymptote - 0.69) < 1e-6)
        #expect(abs(fit.amplitude - 406.4) < 1e-2 && fit.isPhysical)
    }

    @Test func pointsWithoutALawAreRefused() {
        func refused(_ points: [(Double, Double)]) -> Bool {
            (try? ScalingFit(through: points.map { .init(parameters: $0.0, loss: $0.1) }, domain: "x")) == nil
        }
        #expect(refused([(1, 3), (2, 2)]))
        #expect(refused([(1, 3), (1, 2), (3, 1)]))
        #expect(refused([(1, 1), (2, 2), (3, 3)]))
        #expect(refused([(1, 3), (2, 2.9), (4, 1)]))
    }

    @Test func measuredReferencesLeaveAbsentDomainsOut() throws {
        var warnings = 0
        let scores = [
            DomainScore(domain: "b", lossNats: 2, standardError: nil, tokens: 9, rows: 1),
            DomainScore(domain: "a", lossNats: nil, standardError: nil, tokens: 0, rows: 0),
        ]
        let found = try ReferenceLoss.measured.losses(for: ["a", "b"], parameters: 1, source: scores) { _ in
            warnings += 1
        }
        #expect(found == [nil, 2] && warnings == 1)
    }

    @Test func aMissingGivenReferenceIsNamed() {
        #expect {
            _ = try ReferenceLoss.given(["a": 1]).losses(for: ["a", "b"], parameters: 1, source: []) { _ in }
        } throws: { "\($0)".contains("b") && "\($0)".contains("not among") }
    }
}

extension Double {
    /// `base` to the `exponent`, by the C library.
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}
