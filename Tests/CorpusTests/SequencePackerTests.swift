import Testing

@testable import Corpus

@Suite struct SequencePackerTests {
    private struct Sample {
        var documents: [[TokenID]] = []
        var rowLength = 1

        init(seed: Int) {
            var random = RandomStream(seed: UInt64(seed), name: "packer sample")
            rowLength = 1 + Int(random.integer(below: 12))
            var next: TokenID = 0
            for _ in 0..<Int(random.integer(below: 30)) {
                let length = Int(random.integer(below: 25))
                documents.append(
                    (0..<length).map { _ in
                        next += 1
                        return next
                    })
            }
        }

        var all: [TokenID] { documents.flatMap { $0 } }
    }

    private func pack(_ sample: Sample, _ packing: Packing) -> (rows: [PackedRow], packer: SequencePacker) {
        var packer = SequencePacker(packing: packing, rowLength: sample.rowLength)
        var rows: [PackedRow] = []
        for (line, document) in sample.documents.enumerated() {
            packer.append(document, from: RowOrigin(shard: 3, line: line + 1, tokenOffset: 0)) { rows.append($0) }
        }
        packer.finish { rows.append($0) }
        return (rows, packer)
    }

    /// The paper's tokenizer script, line by line: after each document cut while `start + length < count`.
    @Test(arguments: 0..<200) func shearingV1EqualsThePublishedLoop(seed: Int) {
        let sample = Sample(seed: seed)
        var expected: [[TokenID]] = []
        var buffer: [TokenID] = []
        for document in sample.documents {
            buffer += document
            var start = 0
            while start + sample.rowLength < buffer.count {
                expected.append(Array(buffer[start..<(start + sample.rowLength)]))
                start += sample.rowLength
            }
            buffer = Array(buffer[start...])
        }
        let (rows, packer) = pack(sample, .shearingV1)
        #expect(rows.map(\.tokens) == expected)
        #expect(packer.droppedTokens == buffer.count)
        #expect(packer.tokenCount == sample.all.count)
        if packer.tokenCount > 0 { #expect((1...sample.rowLength).contains(packer.droppedTokens)) }
    }

    @Test(arguments: 0..<200) func keepAllLosesNothing(seed: Int) {
        let sample = Sample(seed: seed)
        let (rows, packer) = pack(sample, .keepAll)
        #expect(rows.flatMap(\.tokens) == sample.all)
        #expect(rows.dropLast().allSatisfy { $0.tokens.count == sample.rowLength })
        #expect(packer.droppedTokens == 0)
    }

    @Test(arguments: 0..<100) func rowsKnowWhereTheyComeFrom(seed: Int) {
        let sample = Sample(seed: seed)
        for packing in Packing.allCases {
            for row in pack(sample, packing).rows {
                let document = sample.documents[row.origin.line - 1]
                #expect(row.origin.shard == 3)
                #expect(document[row.origin.tokenOffset] == row.tokens[0])
                let starts = Set(sample.documents.compactMap(\.first))
                let borders = row.tokens.indices.dropFirst().filter { starts.contains(row.tokens[$0]) }
                #expect(row.borders == borders)
            }
        }
    }

    @Test(arguments: 0..<50) func anotherPackerGoesOnWithTheRest(seed: Int) {
        let sample = Sample(seed: seed)
        var first = SequencePacker(packing: .keepAll, rowLength: sample.rowLength)
        var second = first
        var tokens: [TokenID] = []
        for (line, document) in sample.documents.enumerated() {
            first.append(document, from: RowOrigin(shard: 0, line: line, tokenOffset: 0)) { tokens += $0.tokens }
        }
        var rows: [PackedRow] = []
        for (rest, origin) in first.takeRest() {
            #expect(sample.documents[origin.line][origin.tokenOffset] == rest.first)
            second.append(rest, from: origin) { rows.append($0) }
        }
        second.finish { rows.append($0) }
        #expect(tokens + rows.flatMap(\.tokens) == sample.all)
        #expect(first.takeRest().isEmpty)
    }
}
