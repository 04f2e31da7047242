import Events
import Foundation
import Policy
import Replay
import Scoring
import TestFiles
import Testing

/// Against an independent program written from SPEC: every standing and every fact of its policies.
@Suite(.enabled(if: Shared.has("golden/first.yaml", "data/card.jsonl.gz"), "shared/ is not here"))
struct GoldenTests {
    /// The policy, and the data that it is about.
    private static let sets = [
        ("first", "card"), ("card", "card"), ("otc", "otc"), ("lifecycle", "lifecycle"),
        ("early", "early"), ("drive", "drive"), ("edges", "edges"),
    ]

    private func lines(_ path: String) throws -> [String] {
        let reader = try LineReader(path, maximumBytes: EventDecoder.maximumEventBytes)
        var lines: [String] = []
        while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }

    @Test(arguments: sets) func standingsAndFactsAreTheGoldenOnes(policy name: String, data: String) throws {
        let text = try String(contentsOfFile: Shared.path("golden/\(name).yaml"), encoding: .utf8)
        var replay = FileReplay(policy: try ScoringPolicy(yaml: text, file: "\(name).yaml"))
        var reduced: [String] = []
        var sequences: [String: Int] = [:]
        func take(_ json: UnsafeRawBufferPointer) throws { reduced.append(try Self.reduced(json, &sequences)) }
        try replay.run(file: Shared.path("data/\(data).jsonl.gz"), fact: take) { Issue.record("\($0)") }
        try replay.finish(asOf: nil, fact: take)

        var writer = StandingsWriter()
        writer.add(replay.fold)
        var standings: [UInt8] = []
        writer.write { standings += $0 }
        let found = standings.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        #expect(found == (try lines(Shared.path("golden/\(name)-standings.jsonl.gz"))))

        let expected = try lines(Shared.path("golden/\(name)-facts.jsonl.gz"))
        #expect(reduced.count == expected.count)
        let same = zip(reduced, expected).prefix { $0 == $1 }.count
        #expect(reduced.dropFirst(same).first == expected.dropFirst(same).first, "fact \(same)")
    }

    /// A fact as the golden files have it; its sequence number must be its topic's next.
    private static func reduced(
        _ json: UnsafeRawBufferPointer, _ sequences: inout [String: Int]
    ) throws -> String {
        let fact = try #require(JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
        let data = try #require(fact["data"] as? [String: Any])
        func text(_ name: String, of object: [String: Any]) -> String { object[name] as? String ?? "" }
        func score(_ name: String) -> String {
            ((data[name] as? [String: Any])?["score"] as? Int).map { "\($0)" } ?? "null"
        }
        let type = text("type", of: fact)
        let topic = type.split(separator: ".")[1].description
        sequences[topic, default: 0] += 1
        #expect(fact["sequence"] as? String == "\(sequences[topic]!)")
        let head =
            #"{"type": "\#(type)", "subject": "\#(text("subject", of: fact))", "time": "\#(text("time", of: fact))", "#
        switch topic {
        case "score": return head + #""before": \#(score("before")), "after": \#(score("after"))}"#
        case "sanction":
            let reason = data["reason"].map { #", "reason": "\#($0)""# } ?? ""
            return head + #""sanction": "\#(text("sanction", of: data))"\#(reason)}"#
        default: return head + #""perk": "\#(text("perk", of: data))"}"#
        }
    }
}
