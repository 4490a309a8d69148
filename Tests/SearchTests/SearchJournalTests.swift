import Foundation
import Glibc
import Testing

@testable import Search

@Suite struct SearchJournalTests {
    /// A path in a folder of its own that is removed with what is in it.
    private func withPath(_ body: (String) throws -> Void) throws {
        var template = Array("\(NSTemporaryDirectory())/journal-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SearchError.io(path: "", operation: "mkdtemp", code: errno) }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder + "/journal.csv")
    }

    /// A run to `count` evaluations that goes on from the journal and writes it.
    private func run(_ method: SearchMethod, to count: Int, journal path: String) throws -> [MeasuredCandidate] {
        var evaluator = SmallSearch()
        var search = try SmallSearch.search(method)
        let journal = try SearchJournal(path: path, objectives: search.objectives)
        try search.resume(journal.evaluations, with: evaluator)
        var written: [MeasuredCandidate] = []
        search.run(evaluations: count, with: &evaluator) { written.append($0) }
        for evaluation in written { try journal.append(evaluation) }
        return search.archive
    }

    @Test(arguments: SearchMethod.allCases)
    func aSearchKilledAfterAnyEvaluationEndsWithTheSameRows(method: SearchMethod) throws {
        try withPath { path in
            let whole = try run(method, to: 31, journal: path)
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 32)
            for count in 0...31 {
                // What a kill leaves: some rows, and perhaps the beginning of the next one.
                let torn = count < 31 ? String(lines[count + 1].prefix(count % 9)) : ""
                try (lines[...count].joined(separator: "\n") + "\n" + torn)
                    .write(toFile: path, atomically: false, encoding: .utf8)
                #expect(try run(method, to: 31, journal: path).map(\.row) == whole.map(\.row), "killed after \(count)")
                let objectives = try SmallSearch.search(method).objectives
                #expect(try SearchJournal.read(path, objectives: objectives).map(\.row) == whole.map(\.row))
            }
        }
    }

    @Test func numbersKeepTheirBits() throws {
        try withPath { path in
            let objectives = try SmallSearch.search(.random).objectives
            let evaluations = [[0.1 + 0.2, .nan], [-.infinity, .leastNonzeroMagnitude], [1e300, -0.0]].enumerated().map
            { id, scores in
                MeasuredCandidate(
                    id: id, genome: Genome([2, 0]), scores: scores, round: id, method: .refill, seconds: 0.125)
            }
            do {
                let journal = try SearchJournal(path: path, objectives: objectives)
                #expect(journal.evaluations.isEmpty)
                for evaluation in evaluations { try journal.append(evaluation) }
            }
            let read = try SearchJournal(path: path, objectives: objectives).evaluations
            #expect(read.map { $0.scores.map(\.bitPattern) } == evaluations.map { $0.scores.map(\.bitPattern) })
            #expect(read[1] == evaluations[1])
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(
                text.hasPrefix(
                    "id,genome,size,loss,round,method,seconds\n0,2-0,0.30000000000000004,nan,0,refill,0.125\n"))
        }
    }

    @Test func aTornHeadingIsWrittenAgain() throws {
        try withPath { path in
            try "id,geno".write(toFile: path, atomically: false, encoding: .utf8)
            #expect(try run(.random, to: 3, journal: path).count == 3)
            #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == 4)
        }
    }

    @Test(
        arguments: [
            ("0,0-1", 2), ("0,0-1,1,x,0,random,0", 2), ("1,0-1,1,2,0,random,0", 2), ("0,a,1,2,0,random,0", 2),
            ("0,0-1,1,2,0,chance,0", 2), ("0,0-1,1,2,-1,random,0", 2), ("", 2),
            ("0,0-1,1,2,0,random,0\n0,0-1,1,2,0,random,0", 3),
        ])
    func aDamagedRowIsNamed(rows: String, line: Int) throws {
        try withPath { path in
            let text = "id,genome,size,loss,round,method,seconds\n\(rows)\n"
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            let objectives = try SmallSearch.search(.random).objectives
            let error = #expect(throws: SearchError.self) {
                try SearchJournal.read(path, objectives: objectives)
            }
            guard case .journal(let found, let place, _) = error else {
                throw SearchError.foreignEvaluation(id: 0, found: "\(error as Any)", expected: "damage")
            }
            #expect(found == path && place == line)
            #expect(throws: SearchError.self) { _ = try SearchJournal(path: path, objectives: objectives).evaluations }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == text, "left as it was")
        }
    }

    @Test func anotherSearchIsRefused() throws {
        var evaluator = SmallSearch()
        var search = try SmallSearch.search(.linas)
        search.run(evaluations: 20, with: &evaluator)
        let rows = search.archive
        for (method, seed, layers) in [(SearchMethod.linas, 4, 12), (.nsga2, 3, 12), (.linas, 3, 11)]
            as [(SearchMethod, UInt64, Int)]
        {
            var other = try SmallSearch.search(method, seed: seed, layers: layers)
            let evaluator = SmallSearch(layers: layers)
            #expect(throws: SearchError.self) { try other.resume(rows, with: evaluator) }
        }
        var other = try SmallSearch.search(.linas)
        let resized = MeasuredCandidate(
            id: 7, genome: rows[7].genome, scores: [rows[7].scores[0] + 1, 0], round: 1, method: rows[7].method,
            seconds: 0)
        #expect(throws: SearchError.self) {
            try other.resume(rows[..<7] + [resized] + rows[8...], with: evaluator)
        }
        #expect(throws: SearchError.self) { try other.resume(rows[..<7] + [rows[3]], with: evaluator) }
        try withPath { path in
            _ = try run(.linas, to: 2, journal: path)
            let others = [search.objectives[0], SearchObjective("accuracy", .maximise, .measured)]
            #expect(throws: SearchError.self) { _ = try SearchJournal(path: path, objectives: others).evaluations }
        }
        #expect(throws: SearchError.self) {
            _ = try SearchJournal(path: "/nowhere/journal.csv", objectives: search.objectives).evaluations
        }
    }
}
