import Events
import Testing

@testable import Pipeline

/// Bodies of acts, without a broker.
@Suite struct ControlRequestTests {
    private static func request(
        _ kind: ControlAct.Kind, _ body: String, subject: String? = "ada", actor: String = "nora", key: String? = "k1"
    ) throws -> ControlRequest {
        try ControlRequest(
            kind, subject: subject.map { Array($0.utf8) }, body: Array(body.utf8), actor: actor, key: key)
    }

    private static func refusal(
        _ kind: ControlAct.Kind, _ body: String, subject: String? = "ada", actor: String = "nora", key: String? = "k1"
    ) -> String? {
        do {
            _ = try request(kind, body, subject: subject, actor: actor, key: key)
            return nil
        } catch {
            return (error as? ControlRefusal)?.detail
        }
    }

    @Test func eachActReadsItsMembers() throws {
        #expect(
            try Self.request(.enrol, #"{"kind":"business","terms":"2026","attributes":{"fleet": 12.0}}"#).act
                == .enrol(kind: .business, terms: "2026", attributes: #"{"fleet": 12.0}"#))
        #expect(try Self.request(.withdraw, "").act == .withdraw)
        #expect(
            try Self.request(.void, #"{"source":"/bank","id":"7","reason":"a mistake"}"#).act
                == .void(source: "/bank", id: "7"))
        #expect(
            try Self.request(.fileAppeal, #"{"sanction":"ban","statement":"Not\nme."}"#).act
                == .fileAppeal(sanction: "ban", statement: "Not\nme."))
        let decision = try Self.request(.decideAppeal, #"{"sanction":"ban","outcome":"upheld","reason":"x"}"#)
        #expect(decision.act == .decideAppeal(sanction: "ban", outcome: .upheld) && decision.reason == "x")
        #expect(
            try Self.request(.redrive, #"{"letters":["2:17","0:0"],"reason":"x"}"#, subject: nil).act
                == .redrive(
                    letters: [.init(partition: 2, offset: 17), .init(partition: 0, offset: 0)], allowsControl: false))
        #expect(try Self.request(.rollback, #"{"reason":"x"}"#).act == .rollback(to: nil))
        #expect(try Self.request(.rollback, #"{"to":"town/1","reason":"x"}"#).subject == nil)
    }

    @Test(arguments: [
        (ControlAct.Kind.enrol, #"{"kind":"individual","terms":"1","term":"2"}"#, "term is no member of this act"),
        (.enrol, #"{"kind":"robot","terms":"1"}"#, "kind is individual"),
        (.enrol, #"{"kind":"individual"}"#, "terms is missing"),
        (.enrol, #"{"kind":"individual","terms":""}"#, "terms is empty"),
        (.enrol, #"{"kind":"individual","terms":1}"#, "terms is no string"),
        (.enrol, #"{"kind":"individual","terms":"1","attributes":[1]}"#, "attributes is no object"),
        (.enrol, #"{"kind":"individual","kind":"official","terms":"1"}"#, "same key twice"),
        (.enrol, #"{"kind":"individual","terms":"1""#, "no JSON object"),
        (.enrol, #"["kind"]"#, "no JSON object"),
        (.void, #"{"source":"/bank","id":"7"}"#, "reason is missing"),
        (.void, #"{"source":"/bank","id":"7","reason":"a\u0000b"}"#, "reason has a control character"),
        (.decideAppeal, #"{"sanction":"ban","outcome":"maybe","reason":"x"}"#, "outcome is upheld or rejected"),
        (.redrive, #"{"letters":[],"reason":"x"}"#, "letters has 1 to"),
        (.redrive, #"{"letters":["2-17"],"reason":"x"}"#, "is not PARTITION:OFFSET"),
        (.activate, #"{"proposal":{},"reason":"x"}"#, "not a proposal"),
        (.activate, #"{"reason":"x"}"#, "proposal is missing"),
        (.stopShadow, #"{"policy":"x"}"#, "policy is no member"),
    ])
    func aBodyThatIsWrongIsRefusedWithItsMember(kind: ControlAct.Kind, body: String, message: String) {
        let refusal = Self.refusal(kind, body) ?? "none"
        #expect(refusal.contains(message), "\(refusal)")
    }

    @Test func subjectsActorsAndKeysHaveLimits() {
        let long = String(repeating: "a", count: 1025)
        #expect(Self.refusal(.withdraw, "{}", subject: nil) != nil)
        #expect(Self.refusal(.withdraw, "{}", subject: "") != nil)
        #expect(Self.refusal(.withdraw, "{}", subject: "a\u{7F}b") != nil)
        #expect(Self.refusal(.withdraw, "{}", subject: long) != nil)
        #expect(Self.refusal(.withdraw, "{}", subject: String(long.dropLast())) == nil)
        #expect(Self.refusal(.withdraw, "{}", actor: "") != nil)
        #expect(Self.refusal(.withdraw, "{}", key: "") != nil)
        #expect(Self.refusal(.withdraw, "{}", key: String(repeating: "k", count: 256)) != nil)
        #expect(Self.refusal(.withdraw, "{}", key: String(repeating: "k", count: 255)) == nil)
        let reason = String(repeating: "r", count: 1025)
        #expect(Self.refusal(.withdraw, #"{"reason":"\#(reason)"}"#)?.contains("more than 1024") == true)
    }

    @Test func theIdFollowsFromTheActorAndTheKey() throws {
        let one = try Self.request(.withdraw, "{}")
        #expect(one.eventID == (try Self.request(.withdraw, "{}")).eventID)
        #expect(one.eventID != (try Self.request(.withdraw, "{}", key: "k2")).eventID)
        #expect(one.eventID != (try Self.request(.withdraw, "{}", actor: "mark")).eventID)
        // Another body is another request under the same id.
        let other = try Self.request(.withdraw, #"{"reason":"x"}"#)
        #expect(one.eventID == other.eventID && one.digest != other.digest)
        #expect(one.digest != (try Self.request(.withdraw, "{}", subject: "bob")).digest)
        // Without a key each request is one of its own.
        #expect(try Self.request(.withdraw, "{}", key: nil).eventID != Self.request(.withdraw, "{}", key: nil).eventID)
    }
}
