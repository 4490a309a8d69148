import Foundation
import Testing

@testable import Corpus

@Suite struct RandomStreamTests {
    /// The outputs of the authors' C code for the state 1, 2, 3, 4.
    @Test func theGeneratorIsXoshiro256StarStar() {
        var stream = RandomStream(state: (1, 2, 3, 4))
        let expected: [UInt64] = [
            11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
            16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777,
            2_904_607_092_377_533_576,
        ]
        #expect(expected.map { _ in stream.next() } == expected)
    }

    /// Computed once with Python's hashlib and integers from the definition; they must never change.
    @Test(
        arguments: [
            (0, "", [0xaa16_c196_cab6_6459, 0x969a_fbf7_18bb_1d82, 0x0a9a_ebd1_0eb4_1ad2]),
            (17, "mixture/cc/epoch-0", [0xaaed_3b76_64ea_2b22, 0x739e_2cbf_7067_aad9, 0x14f3_1e02_516e_b4f7]),
            (17, "mixture/cc/epoch-1", [0xf6e1_f342_bb5a_0adb, 0x0994_da17_b40e_9294, 0x1d47_9a0f_92ff_3831]),
            (.max, "masks/heads/step-3", [0xe440_e253_5ffd_70d0, 0xbfe1_2f58_bb43_dc46, 0x37ec_0b05_b8c0_84b1]),
        ] as [(UInt64, String, [UInt64])])
    func aSeedAndANameDecideTheStream(seed: UInt64, name: String, expected: [UInt64]) {
        var stream = RandomStream(seed: seed, name: name)
        #expect(expected.map { _ in stream.next() } == expected)
    }

    @Test func fractionsAndIntegersAreTheRecordedOnes() {
        var fractions = RandomStream(seed: 17, name: "uniform")
        #expect(
            (0..<3).map { _ in fractions.uniform() } == [0.9118417185587797, 0.05162496000246464, 0.5545982655086711])
        var integers = RandomStream(seed: 17, name: "integers")
        #expect((0..<12).map { _ in integers.integer(below: 10) } == [3, 0, 7, 0, 2, 0, 1, 4, 1, 5, 8, 0])
        let large = (0..<3).map { _ in integers.integer(below: 3 << 62) }
        #expect(large == [10_391_595_813_000_728_764, 7_530_169_858_494_083_454, 9_946_004_272_637_242_044])
    }

    @Test func integersAreEquallyLikely() {
        var stream = RandomStream(seed: 3, name: "dice")
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[Int(stream.integer(below: 7))] += 1 }
        let excess = counts.reduce(0.0) { $0 + Double(($1 - 10_000) * ($1 - 10_000)) / 10_000 }
        #expect(excess < 30, "chi-square of 6 degrees of freedom")
    }

    @Test func aStreamGoesOnFromItsWrittenState() throws {
        var stream = RandomStream(seed: 1, name: "written")
        for _ in 0..<5 { _ = stream.next() }
        let written = try JSONEncoder().encode([stream])
        #expect(String(decoding: written, as: UTF8.self).count == 64 + 4)
        var read = try #require(try JSONDecoder().decode([RandomStream].self, from: written).first)
        #expect(read == stream)
        #expect(read.next() == stream.next())
    }

    @Test(arguments: ["", "00", String(repeating: "0", count: 64), String(repeating: "g", count: 64)])
    func aDamagedStateIsRefused(text: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([RandomStream].self, from: Data("[\"\(text)\"]".utf8))
        }
    }
}

@Suite struct PermutationTests {
    /// Computed once with Python's integers from the definition; they must never change.
    @Test func theOrderIsTheRecordedOne() {
        let small = Permutation(count: 11, stream: RandomStream(seed: 17, name: "mixture/cc/epoch-0"))
        #expect((0..<11).map { small[$0] } == [6, 1, 10, 8, 5, 0, 7, 3, 4, 2, 9])
        let large = Permutation(count: 1000, stream: RandomStream(seed: 17, name: "x"))
        #expect((0..<8).map { large[$0] } == [797, 282, 40, 607, 409, 354, 659, 432])
    }

    @Test func everyNumberStandsAtOnePlace() {
        for count in Array(1...130) + [1000, 1023, 1024, 1025, 4097, 50_000] {
            let order = Permutation(count: count, stream: RandomStream(seed: UInt64(count), name: "each once"))
            #expect(Set((0..<count).map { order[$0] }) == Set(0..<count))
        }
        #expect(Permutation(count: 0, stream: RandomStream(seed: 0, name: "none")).count == 0)
    }

    @Test func allOrdersOfFourAreEquallyLikely() {
        var counts: [[Int]: Int] = [:]
        for seed in 0..<12_000 {
            let order = Permutation(count: 4, stream: RandomStream(seed: UInt64(seed), name: "orders"))
            counts[(0..<4).map { order[$0] }, default: 0] += 1
        }
        let excess = counts.values.reduce(0.0) { $0 + Double(($1 - 500) * ($1 - 500)) / 500 }
        #expect(counts.count == 24)
        #expect(excess < 56, "chi-square of 23 degrees of freedom")
    }

    @Test func neighboursAreTornApart() {
        let order = Permutation(count: 10_000, stream: RandomStream(seed: 9, name: "neighbours"))
        let steps = (1..<10_000).map { order[$0] - order[$0 - 1] }
        #expect(steps.count { abs($0) == 1 } < 12, "two by chance")
        let mean = steps.reduce(0.0) { $0 + Double(abs($1)) } / 9_999
        #expect(abs(mean - 3_333) < 100)
    }
}
