import Events
import Foundation
import Policy
import Replay
import Scoring
import TestFiles
import Testing

@Suite struct FileReplayTests {
    private func standings(_ replay: borrowing FileReplay) throws -> [String] {
        var writer = StandingsWriter()
        writer.add(replay.fold)
        var text: [UInt8] = []
        writer.write { text += $0 }
        return text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    private func line(_ type: String, _ subject: String, day: Int, data: String = "{}") -> String {
        #"{"specversion":"1.0","id":"\#(type)-\#(day)","source":"/town","type":"\#(type)","subject":"\#(subject)","#
            + #""time":"2026-01-0\#(day)T00:00:00Z","data":\#(data)}"#
    }

    private func enrolled(_ subject: String, day: Int) -> String {
        line("standing.subject.enrolled", subject, day: day, data: #"{"kind":"individual","terms":"1"}"#)
    }

    // MARK: Files

    @Test func whatIsNoEventIsRejectedWithItsLocationAndTheRestIsFolded() throws {
        let folder = try TemporaryFolder()
        let text = [
            enrolled("anna", day: 1), "", "no JSON", " \t\r", line("bill.paid", "anna", day: 2),
            line("standing.unheard-of", "anna", day: 3), line("standing.subject.enrolled", "bert", day: 3),
            line("bill.paid", "anna", day: 4),
        ].joined(separator: "\n")
        let path = try folder.write(text, to: "events.jsonl")
        var replay = FileReplay(policy: try ScoringPolicy(yaml: TestPolicy.text, file: "town.yaml"))
        var rejected: [String] = []
        try replay.run(file: path, fact: nil) { rejected.append("\($0)".replacing(path, with: "events.jsonl")) }
        #expect(
            rejected == [
                "events.jsonl:3: error: event must be a JSON object",
                "events.jsonl:6: error: type is under \"standing.\" but is no control event of this version",
                "events.jsonl:7: error: data.kind must be individual, business or official",
            ])
        let counts = (read: replay.read, rejected: replay.rejected)
        #expect(counts == (6, 3))
        #expect(
            try standings(replay) == [
                #"{"subject":"anna","kind":"individual","score":630,"band":"B","dimensions":{"payment":30},"#
                    + #""sanctions":[],"perks":["bikes","counter"]}"#
            ])
    }

    @Test func aLineThatIsTooLongIsRejectedAndTheRestIsFolded() throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "x", count: EventDecoder.maximumEventBytes + 1)
        let path = try folder.write(
            [enrolled("anna", day: 1), long, line("bill.paid", "anna", day: 2)].joined(separator: "\n"),
            to: "events.jsonl")
        var replay = FileReplay(policy: try ScoringPolicy(yaml: TestPolicy.text, file: "town.yaml"))
        var rejected: [Int] = []
        try replay.run(file: path, fact: nil) { rejected.append($0.line) }
        #expect(rejected == [2])
        let scored = replay.fold.counters.scored
        #expect(scored == 1)
    }

    @Test func aPolicyIsActivatedWhereItStands() throws {
        let folder = try TemporaryFolder()
        let next = TestPolicy.text.replacing("version: 2", with: "version: 3").replacing(
            "points: 15", with: "points: 50")
        var text = ByteWriter()
        text.append(jsonString: next)
        let activation =
            #"{"specversion":"1.0","id":"p","source":"/council","type":"standing.policy.activated","#
            + #""time":"2026-01-03T00:00:00Z","data":{"policy":\#(String(decoding: text.bytes, as: UTF8.self))}}"#
        let paths = [
            try folder.write(
                [enrolled("anna", day: 1), line("bill.paid", "anna", day: 1)].joined(separator: "\n"), to: "1"),
            try folder.write(
                [line("bill.paid", "anna", day: 2), activation, activation].joined(separator: "\n"), to: "2"),
            try folder.write(line("bill.paid", "anna", day: 4), to: "3"),
        ]
        var replay = FileReplay(policy: try ScoringPolicy(yaml: TestPolicy.text, file: "town.yaml"))
        var facts: [String] = []
        for path in paths {
            try replay.run(file: path, fact: { facts.append(String(decoding: $0, as: UTF8.self)) }) {
                Issue.record("\($0)")
            }
        }
        let scores = facts.compactMap { fact in
            fact.firstRange(of: "\"before\"").map { String(fact[$0.lowerBound...]) }
        }.filter { !$0.contains("perk") }
        #expect(
            scores == [
                #""before":null,"after":{"score":600,"band":"B"}}}"#,
                #""before":{"score":600,"band":"B"},"after":{"score":615,"band":"B"}}}"#,
                #""before":{"score":615,"band":"B"},"after":{"score":630,"band":"B"}}}"#,
                #""before":{"score":630,"band":"B"},"after":{"score":700,"band":"A"}}}"#,
                #""before":{"score":700,"band":"A"},"after":{"score":750,"band":"A"}}}"#,
            ])
        #expect(
            facts.filter { $0.contains(#""cause":{"source":"/council","id":"p","type":"standing.policy.activated"}"#) }
                .count == 1)
        #expect(facts.last?.contains(#""policy":{"id":"town","version":3}"#) == true)
    }

    @Test func aPolicyThatDoesNotPassItsChecksIsARejectedLine() throws {
        let folder = try TemporaryFolder()
        let activation =
            #"{"specversion":"1.0","id":"p","source":"/council","type":"standing.policy.activated","#
            + #""time":"2026-01-02T00:00:00Z","data":{"policy":"policy: other"}}"#
        let path = try folder.write([enrolled("anna", day: 1), activation].joined(separator: "\n"), to: "events.jsonl")
        var replay = FileReplay(policy: try ScoringPolicy(yaml: TestPolicy.text, file: "town.yaml"))
        var rejected: [String] = []
        try replay.run(file: path, fact: nil) { rejected.append("\($0.line) \($0.defect.code)") }
        #expect(rejected == ["2 data/invalid-policy"])
    }

    @Test func filesAreFoldedInTheOrderGivenAsOnePartition() throws {
        let folder = try TemporaryFolder()
        let paths = [
            try folder.write(enrolled("anna", day: 1) + "\n" + enrolled("Bert", day: 1), to: "1.jsonl"),
            try folder.write(line("bill.missed", "anna", day: 2) + "\n" + enrolled("aaron", day: 3), to: "2.jsonl"),
        ]
        func run(_ paths: [String], asOf time: String?) throws -> (facts: [String], standings: [String]) {
            var replay = FileReplay(policy: try ScoringPolicy(yaml: TestPolicy.text, file: "town.yaml"))
            var facts: [String] = []
            func take(_ json: UnsafeRawBufferPointer) throws {
                let fact = try #require(JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
                let words = ["id", "type", "sequence", "subject"].map { "\(fact[$0] ?? "")" }
                facts.append(words.joined(separator: " "))
            }
            for path in paths { try replay.run(file: path, fact: take) { Issue.record("\($0)") } }
            try replay.finish(asOf: time.flatMap { Timestamp($0) }, fact: take)
            return (facts, try standings(replay))
        }
        let forth = try run(paths, asOf: nil)
        #expect(
            forth.facts == [
                "0-0-0-0 standing.score.changed 1 anna", "0-0-0-1 standing.perk.granted 1 anna",
                "0-0-0-2 standing.perk.granted 2 anna", "0-1-0-0 standing.score.changed 2 Bert",
                "0-1-0-1 standing.perk.granted 3 Bert", "0-1-0-2 standing.perk.granted 4 Bert",
                "0-2-0-0 standing.score.changed 3 anna", "0-2-0-1 standing.perk.revoked 5 anna",
                "0-3-0-0 standing.perk.revoked 6 anna", "0-3-0-1 standing.score.changed 4 aaron",
                "0-3-0-2 standing.perk.granted 7 aaron", "0-3-0-3 standing.perk.granted 8 aaron",
            ])
        let subjects = forth.standings.map { $0.split(separator: "\"")[3] }
        #expect(subjects == ["Bert", "aaron", "anna"], "sorted by bytes")
        let back = try run(paths.reversed(), asOf: nil)
        #expect(back.facts.count == 9, "who is not enrolled is not scored")
    }

    @Test func asOfMovesTheClockThere() throws {
        let folder = try TemporaryFolder()
        let text = enrolled("anna", day: 1) + "\n" + line("bill.missed", "anna", day: 2)
        let path = try folder.write(text, to: "events.jsonl")
        for (time, perks) in [
            (nil, 1), ("2026-01-02T23:59:59Z", 1), ("2026-01-03T00:00:00Z", 0), ("2025-01-01T00:00:00Z", 1),
        ] {
            var replay = FileReplay(policy: try ScoringPolicy(yaml: TestPolicy.text, file: "town.yaml"))
            try replay.run(file: path, fact: nil) { Issue.record("\($0)") }
            try replay.finish(asOf: time.flatMap { Timestamp($0) }, fact: nil)
            var counts: [Int] = []
            replay.fold.forEachStanding { counts.append($0.perks.count) }
            #expect(counts == [perks], "as of \(time ?? "the end")")
        }
    }

    @Test func aFileThatIsNotThereIsAnError() throws {
        var replay = FileReplay(policy: try ScoringPolicy(yaml: TestPolicy.text, file: "town.yaml"))
        var message = ""
        do {
            try replay.run(file: "/nowhere/events.jsonl", fact: nil) { _ in }
        } catch {
            message = "\(error)"
        }
        #expect(message == "/nowhere/events.jsonl: error: cannot be opened")
    }
}
