import Events
import Foundation
import Policy
import Scoring
import Testing

/// The bytes of SPEC section 7.
@Suite struct FactEncoderTests {
    @Test func aScoreAtEnrolment() throws {
        let story = Story(try TownPolicy.scores())
        let expected = #"""
            {"specversion":"1.0","id":"3-7-0-0","source":"/standing/city/town","type":"standing.score.changed",\#
            "subject":"anna","time":"2026-01-01T00:00:00Z","sequence":"1","data":{"policy":{"id":"town",\#
            "version":1},"cause":{"source":"/register","id":"e1","type":"standing.subject.enrolled"},\#
            "reasons":[],"before":null,"after":{"score":600,"band":"B"}}}
            """#
        #expect(story.encoded(enrolled("anna", id: "e1")) == [expected])
    }

    @Test func aScoreWithReasons() throws {
        let story = Story(try TownPolicy.scores())
        story.given(enrolled("shop", kind: "business"))
        let expected = #"""
            {"specversion":"1.0","id":"3-7-0-0","source":"/standing/city/town","type":"standing.score.changed",\#
            "subject":"shop","time":"2026-01-02T12:00:00Z","sequence":"1","data":{"policy":{"id":"town",\#
            "version":1},"cause":{"source":"/city","id":"e2","type":"bill.paid"},"reasons":[{"rule":\#
            "fair","dimension":"payment","points":30},{"rule":"paid","dimension":"payment","points":15}],\#
            "before":{"score":600,"band":"B"},"after":{"score":645,"band":"A"}}}
            """#
        #expect(story.encoded(happened("bill.paid", "shop", on: 1.5, id: "e2")) == [expected])
    }

    @Test func aPerkGrantedAndOneRevokedByATimer() throws {
        var policy = try TownPolicy.policy()
        policy.perks = Array(policy.perks[1...1])
        let story = Story(policy)
        story.given(enrolled("anna"), happened("bill.missed", "anna", on: 1))
        let revoked = #"""
            {"specversion":"1.0","id":"3-7-0-0","source":"/standing/city/town","type":"standing.perk.revoked",\#
            "subject":"anna","time":"2026-01-16T00:00:00Z","sequence":"1","data":{"policy":{"id":"town",\#
            "version":1},"cause":{"timer":"bikes"},"reasons":[],"before":{"score":540,"band":"C"},\#
            "after":{"score":540,"band":"C"},"perk":"bikes"}}
            """#
        #expect(story.encoded(tick(on: 20)) == [revoked])
        let facts = story.encoded(happened("bill.paid", "anna", on: 21, id: "e9"))
        #expect(facts.count == 2)
        let granted = #"""
            {"specversion":"1.0","id":"3-7-0-1","source":"/standing/city/town","type":"standing.perk.granted",\#
            "subject":"anna","time":"2026-01-22T00:00:00Z","sequence":"2","data":{"policy":{"id":"town",\#
            "version":1},"cause":{"source":"/city","id":"e9","type":"bill.paid"},"reasons":[{"rule":"paid",\#
            "dimension":"payment","points":15}],"before":{"score":540,"band":"C"},\#
            "after":{"score":555,"band":"B"},"perk":"bikes"}}
            """#
        #expect(facts.last == granted)
    }

    @Test func textsAreEscaped() throws {
        var policy = try TownPolicy.scores()
        policy.bands[1].name = "\"B\"\\"
        let story = Story(policy)
        let fact = try #require(story.encoded(enrolled("a\"n\\nä", id: "e\"1")).first)
        #expect(fact.contains(#""subject":"a\"n\\nä","#))
        #expect(fact.contains(#""id":"e\"1","#))
        #expect(fact.contains(#""band":"\"B\"\\"}"#))
        let object = try JSONSerialization.jsonObject(with: Data(fact.utf8)) as? [String: Any]
        #expect(object?["subject"] as? String == "a\"n\\nä")
    }

    /// An entry's facts are numbered from 0, those of its timers first.
    @Test func anIDIsPartitionOffsetEntryAndNumber() throws {
        let story = Story(try TownPolicy.policy())
        story.given(enrolled("anna"), happened("bill.missed", "anna", on: 1))
        let ids = try story.encoded(enrolled("bert", on: 2), happened("life.saved", "anna", on: 20)).map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])["id"] as? String
        }
        #expect(
            ids == [
                "3-7-0-0", "3-7-0-1", "3-7-0-2", "3-7-1-0", "3-7-1-1", "3-7-1-2", "3-7-1-3", "3-7-1-4", "3-7-1-5",
            ])
    }

    @Test func everyFactIsJSON() throws {
        let story = Story(try TownPolicy.policy())
        var lives = Lives(seed: 5, subjects: 50, daysAnEvent: 0.5)
        let facts = story.encoded(lives.next(2_000), isBatch: true)
        #expect(facts.count > 100)
        for fact in facts {
            let object = try JSONSerialization.jsonObject(with: Data(fact.utf8)) as? [String: Any]
            #expect(object?["specversion"] as? String == "1.0")
        }
    }
}
