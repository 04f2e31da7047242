import Foundation
import Testing

/// The shipped schemas against events written by hand.
@Suite struct SchemaTests {
    private func errors(_ text: String, _ schema: String) throws -> [String] {
        try ShippedTopics.schema(schema).errors(in: text)
    }

    private static func envelope(_ type: String, _ rest: String) -> String {
        #"{"specversion":"1.0","id":"e1","source":"/city/bus","type":"\#(type)","time":"2026-01-02T03:04:05Z"\#(rest)}"#
    }

    @Test func events() throws {
        let good = Self.envelope("fare.paid", #","subject":"anna","data":{"amount":2.5},"traceparent":"x""#)
        #expect(try errors(good, "event.json") == [])
        #expect(try errors(Self.envelope("fare.paid", #","subject":"anna""#), "event.json") == [])
        #expect(try errors(Self.envelope("fare.paid", ""), "event.json") == ["$: `subject` is missing"])
        #expect(try errors(Self.envelope("fare.paid", #","subject":"anna","data":[]"#), "event.json").count == 1)
        #expect(try errors(good.replacing("05Z", with: "05"), "event.json").count == 1)
        #expect(try errors(good.replacing("fare.paid", with: "standing.paid"), "event.json").count == 1)
        #expect(try errors(good.replacing("1.0", with: "0.3"), "event.json").count == 1)
    }

    @Test(arguments: [
        ("subject.enrolled", #","subject":"anna","data":{"kind":"individual","terms":"1"}"#),
        ("subject.enrolled", #","subject":"anna","data":{"kind":"business","terms":"1","attributes":{"fleet":3}}"#),
        ("subject.enrolled", #","subject":"anna","data":{"kind":"business","terms":"1","attributes":null}"#),
        ("subject.withdrawn", #","subject":"anna""#),
        ("event.voided", #","subject":"anna","data":{"source":"/s","id":"e0","reason":"-"}"#),
        ("appeal.filed", #","subject":"anna","data":{"sanction":"rail-ban","statement":""}"#),
        ("appeal.decided", #","subject":"anna","data":{"sanction":"rail-ban","outcome":"upheld","reason":"-"}"#),
        ("policy.activated", #","data":{"policy":"policy: town\nversion: 1\n"}"#),
        (
            "policy.activated",
            #","data":{"policy":"policy: town\n","replaces":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}"#
        ),
        ("source.reset", #","data":{"topic":"behaviour.transport"}"#),
        ("source.acknowledged", #","data":{"topic":"behaviour.transport","reason":"-"}"#),
        ("source.withdrawn", #","data":{"topic":"behaviour.transport","reason":"-","by":"anna"}"#),
        ("source.restored", #","data":{"topic":"behaviour.transport","reason":"-"}"#),
    ])
    func controlEvents(_ type: String, _ rest: String) throws {
        let event = Self.envelope("standing.\(type)", rest)
        #expect(try errors(event, "control.json") == [])
        #expect(try errors(event, "event.json") != [])
        #expect(try errors(event.replacing("standing.\(type)", with: "fare.paid"), "control.json") != [])
        if rest.contains("data") {
            let bare = String(rest.prefix(upTo: rest.firstRange(of: #","data""#)?.lowerBound ?? rest.endIndex))
            #expect(try errors(Self.envelope("standing.\(type)", bare), "control.json") != [])
            #expect(try errors(Self.envelope("standing.\(type)", bare + #","data":{}"#), "control.json") != [])
        }
    }

    private static func fact(_ type: String, before: String = #"{"score":1000,"band":"A"}"#, _ rest: String) -> String {
        #"{"specversion":"1.0","id":"3-120-17-0","source":"/standing/town","type":"standing.\#(type)","#
            + #""subject":"anna","time":"2026-01-02T03:04:05Z","sequence":41,"#
            + #""data":{"policy":{"id":"town","version":1},"#
            + #""cause":{"source":"/city/bus","id":"e17","type":"fare.paid"},"#
            + #""reasons":[{"rule":"fare","dimension":"transport","points":2}],"#
            + #""before":\#(before),"after":{"score":1002,"band":"AA"}\#(rest)}}"#
    }

    private static let sanction =
        #","sanction":"rail-ban","measures":["rail-high-speed"],"since":"2026-01-02T03:04:05Z","#
        + #""until":"2026-07-01T03:04:05Z""#

    /// A fact of each type, and the schema of its topic.
    private static let facts: [(schema: String, text: String)] = [
        ("fact-score-changed.json", fact("score.changed", "")),
        ("fact-score-changed.json", fact("score.changed", before: "null", "")),
        ("fact-sanction.json", fact("sanction.noticed", sanction)),
        ("fact-sanction.json", fact("sanction.in-force", sanction)),
        ("fact-sanction.json", fact("sanction.stayed", sanction)),
        ("fact-sanction.json", fact("sanction.lifted", sanction + #","reason":"cured""#)),
        ("fact-perk.json", fact("perk.granted", #","perk":"energy-discount""#)),
        ("fact-perk.json", fact("perk.revoked", #","perk":"energy-discount""#)),
    ]

    @Test(arguments: facts.indices) func factsHaveNothingMoreAndNothingLess(_ index: Int) throws {
        let (schema, text) = Self.facts[index]
        #expect(try errors(text, schema) == [])
        for other in Set(Self.facts.map(\.schema)).subtracting([schema]) { #expect(try errors(text, other) != []) }
        let value = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let validator = try ShippedTopics.schema(schema)
        #expect(validator.errors(in: value.merging(["extra": 1]) { $1 }) == ["$.extra: is not allowed"])
        for key in value.keys { #expect(validator.errors(in: value.filter { $0.key != key }) != []) }
        let data = try #require(value["data"] as? [String: Any])
        for key in data.keys {
            let less = value.merging(["data": data.filter { $0.key != key }]) { $1 }
            #expect(validator.errors(in: less) != [], "without data.\(key)")
        }
        let more = value.merging(["data": data.merging(["extra": 1]) { $1 }]) { $1 }
        #expect(validator.errors(in: more) == ["$.data.extra: is not allowed"])
    }

    @Test func aTimerIsACause() throws {
        let text = Self.fact("score.changed", "")
        let event = #"{"source":"/city/bus","id":"e17","type":"fare.paid"}"#
        #expect(try errors(text.replacing(event, with: #"{"timer":"fare"}"#), "fact-score-changed.json") == [])
        #expect(try errors(text.replacing(event, with: "{}"), "fact-score-changed.json") != [])
    }

    @Test func onlyALiftedSanctionHasAReason() throws {
        let reason = #","reason":"cured""#
        #expect(try errors(Self.fact("sanction.noticed", Self.sanction + reason), "fact-sanction.json") != [])
        #expect(try errors(Self.fact("sanction.lifted", Self.sanction), "fact-sanction.json") != [])
    }

    @Test func aMembersRecordIsAnAnnouncementOrAnOrder() throws {
        let announcement = #"{"member":"one","address":"one.example:8080","partitions":[0,3]}"#
        let order = #"{"policy":"policy: town\n","since":"2026-01-02T03:04:05Z"}"#
        for text in [
            announcement, announcement.replacing("}", with: #","full":true}"#), order,
            order.replacing("}", with: #","by":"anna"}"#),
        ] { #expect(try errors(text, "member.json") == [], "\(text)") }
        for text in [
            "{}", announcement.replacing("}", with: #","since":"2026"}"#), order.replacing("since", with: "until"),
            announcement.replacing("[0,3]", with: "[-1]"),
        ] { #expect(try errors(text, "member.json") != [], "\(text)") }
    }

    @Test func aDeadLetterIsAnything() throws {
        for text in ["1", "null", #""""#, "{}"] { #expect(try errors(text, "dead-letter.json") == []) }
    }
}
