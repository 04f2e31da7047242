import Foundation
import Quickstart
import Testing

/// What follows a deed days or months later, in a town of 200 over about two years.
@Suite struct TownConsequencesTests {
    private static let start: Int64 = 1_767_225_600_000_000  // 2026-01-01T00:00:00Z
    private static let day: Int64 = 86_400_000_000

    private struct Event: Decodable {
        struct Content: Decodable {
            var source, id, reason, sanction, statement, outcome, carriage: String?
            var amount, grade, district: Int?
        }
        let specversion, id, source, type, subject: String
        let data: Content
    }

    private struct Sent {
        let event: Event
        let topic: String
        let time: Int64
        var type: String { event.type }
        var subject: String { event.subject }
        var data: Event.Content { event.data }
    }

    /// The events of a town, each once, in the order of sending.
    private static let story: [Sent] = {
        var town = Town(seed: 11, individuals: 130, businesses: 40, officials: 30, start: start)
        let decoder = JSONDecoder()
        var seen: Set<String> = []
        return (0..<300_000).compactMap { _ in
            let record = town.next()
            guard let event = try? decoder.decode(Event.self, from: Data(record.value)), event.specversion == "1.0",
                seen.insert("\(event.source) \(event.id)").inserted
            else { return nil }
            return Sent(event: event, topic: record.topic, time: record.time)
        }
    }()

    private func sent(_ type: String) -> [Sent] { Self.story.filter { $0.type == type } }

    @Test func everyKindOfEventOccursOnItsTopic() {
        let topics = Dictionary(grouping: Self.story, by: \.type).mapValues { Set($0.map(\.topic)) }
        #expect(
            topics
                == [
                    "bill.paid": [Town.paymentsTopic], "bill.missed": [Town.paymentsTopic],
                    "loan.repaid": [Town.paymentsTopic],
                    "fare.paid": [Town.transportTopic], "fare.evaded": [Town.transportTopic],
                    "parking.fined": [Town.transportTopic], "train.smoking": [Town.transportTopic],
                    "volunteer.hours": [Town.communityTopic], "blood.donated": [Town.communityTopic],
                    "noise.complaint": [Town.communityTopic], "gathering.disturbed": [Town.communityTopic],
                    "order.delivered": [Town.commerceTopic], "order.cancelled": [Town.commerceTopic],
                    "review.praised": [Town.commerceTopic], "review.complained": [Town.commerceTopic],
                    "audit.passed": [Town.communityTopic], "office.misconduct": [Town.communityTopic],
                    "court.judgment-defaulted": [Town.communityTopic],
                    "court.judgment-satisfied": [Town.communityTopic],
                    "standing.subject.enrolled": [Town.controlTopic], "standing.subject.withdrawn": [Town.controlTopic],
                    "standing.event.voided": [Town.controlTopic], "standing.appeal.filed": [Town.controlTopic],
                    "standing.appeal.decided": [Town.controlTopic],
                ])
    }

    @Test func graveDeedsAreRareAndSayWhatAPolicyAsks() {
        #expect(Set(sent("train.smoking").compactMap(\.data.carriage)) == ["sleeper", "high-speed", "regional"])
        #expect(sent("gathering.disturbed").allSatisfy { $0.data.district != nil })
        #expect(Set(sent("office.misconduct").compactMap(\.data.grade)) == [1, 2, 3])
        for type in ["train.smoking", "gathering.disturbed", "court.judgment-defaulted"] {
            #expect((10...Self.story.count / 1000).contains(sent(type).count), "\(type)")
        }
    }

    @Test func mostJudgmentsArePaidMonthsLater() throws {
        let debts = Dictionary(grouping: sent("court.judgment-defaulted"), by: \.subject)
        let payments = sent("court.judgment-satisfied")
        for payment in payments {
            #expect(payment.event.source == "/court/district")
            let debt = try #require(debts[payment.subject]?.first { $0.data.amount == payment.data.amount })
            #expect((44...210).contains((payment.time - debt.time) / Self.day))
        }
        let end = try #require(Self.story.last).time
        let old = debts.values.joined().filter { $0.time < end - 210 * Self.day }
        let paid = Set(payments.map { "\($0.subject) \($0.data.amount ?? 0)" })
        let settled = old.filter { paid.contains("\($0.subject) \($0.data.amount ?? 0)") }
        #expect((old.count / 2..<old.count).contains(settled.count))
    }

    @Test func someAdverseEventsAreVoidedDaysLater() throws {
        let adverse: Set = [
            "bill.missed", "fare.evaded", "parking.fined", "train.smoking", "noise.complaint", "gathering.disturbed",
            "order.cancelled", "review.complained", "office.misconduct", "court.judgment-defaulted",
        ]
        let events = Dictionary(
            uniqueKeysWithValues: Self.story.filter { adverse.contains($0.type) }.map {
                ("\($0.subject) \($0.event.source) \($0.event.id)", $0)
            })
        var voided: Set<String> = []
        for void in sent("standing.event.voided") {
            let (source, id) = (try #require(void.data.source), try #require(void.data.id))
            #expect(void.data.reason?.isEmpty == false)
            let key = "\(void.subject) \(source) \(id)"
            #expect(voided.insert(key).inserted, "an event is voided once")
            let event = try #require(events[key], "what is voided was sent before, by the same subject")
            #expect((0...12).contains((void.time - event.time) / Self.day) && void.time > event.time)
        }
        #expect((events.count / 100...events.count / 50).contains(voided.count))
    }

    /// The deeds that can bring each sanction of the town's policy.
    private static let deeds: [String: Set<String>] = [
        "rail-ban": ["fare.evaded", "parking.fined", "train.smoking"],
        "no-gatherings": ["gathering.disturbed"],
        "delisted": ["order.cancelled", "review.complained"],
        "office-suspension": ["office.misconduct"],
        "judgment-defaulter": ["court.judgment-defaulted"],
    ]

    @Test func appealsFollowADeedAndDecisionsAnAppeal() throws {
        var lastDeed: [String: Int64] = [:]
        var enrolled: Set<String> = []
        var pending: [String: Int64] = [:]
        var appeals: [String: Int] = [:]
        var decisions: [String: Int] = [:]
        for sent in Self.story {
            switch sent.type {
            case "standing.subject.enrolled": enrolled.insert(sent.subject)
            case "standing.subject.withdrawn": enrolled.remove(sent.subject)
            case "standing.appeal.filed":
                let sanction = try #require(sent.data.sanction)
                #expect(sent.data.statement?.isEmpty == false)
                #expect(enrolled.contains(sent.subject))
                let deeds = try #require(Self.deeds[sanction], "a sanction of the policy")
                let deed = try #require(deeds.compactMap { lastDeed["\(sent.subject) \($0)"] }.max())
                #expect(deed < sent.time && sent.time < deed + 8 * Self.day)
                pending["\(sent.subject) \(sanction)"] = sent.time
                appeals[sanction, default: 0] += 1
            case "standing.appeal.decided":
                let (sanction, outcome) = (try #require(sent.data.sanction), try #require(sent.data.outcome))
                #expect(sent.data.reason?.isEmpty == false)
                #expect(enrolled.contains(sent.subject))
                let appeal = pending.removeValue(forKey: "\(sent.subject) \(sanction)")
                let filed = try #require(appeal, "a decision answers one appeal")
                #expect(filed < sent.time && sent.time < filed + 30 * Self.day)
                decisions[outcome, default: 0] += 1
            default: lastDeed["\(sent.subject) \(sent.type)"] = sent.time
            }
        }
        #expect(Set(appeals.keys).isSubset(of: Self.deeds.keys) && appeals.count >= 4)
        #expect(Set(decisions.keys) == ["upheld", "rejected"])
        let (filed, decided) = (appeals.values.reduce(0, +), decisions.values.reduce(0, +))
        #expect((filed * 7 / 10..<filed).contains(decided), "most are decided, some lapse")
        #expect((20...Self.story.count / 1000).contains(filed))
    }

    /// `data` of the control events has what `topics/schemas/control.json` asks for, and no more.
    @Test func controlEventsAreComplete() throws {
        let members = [
            "standing.subject.enrolled": ["kind", "terms"], "standing.subject.withdrawn": [],
            "standing.event.voided": ["id", "reason", "source"], "standing.appeal.filed": ["sanction", "statement"],
            "standing.appeal.decided": ["outcome", "reason", "sanction"],
        ]
        var town = Town(seed: 11, individuals: 130, businesses: 40, officials: 30, start: Self.start)
        for _ in 0..<100_000 {
            let record = town.next()
            guard record.topic == Town.controlTopic else { continue }
            let event = try #require(try JSONSerialization.jsonObject(with: Data(record.value)) as? [String: Any])
            let data = try #require(event["data"] as? [String: Any])
            #expect(Set(event.keys) == ["specversion", "id", "source", "type", "subject", "time", "data"])
            #expect(data.keys.sorted() == members[try #require(event["type"] as? String)])
        }
    }
}
