import Foundation
import Quickstart
import Testing

@Suite struct TownTests {
    private static let start: Int64 = 1_767_225_600_000_000  // 2026-01-01T00:00:00Z
    private static let day: Int64 = 86_400_000_000
    private static let citizens = 400

    private func town(seed: UInt64 = 7) -> Town {
        Town(seed: seed, individuals: 300, businesses: 80, officials: 20, start: Self.start)
    }

    private func records(_ count: Int, of town: Town) -> [TownRecord] {
        var town = town
        return (0..<count).map { _ in town.next() }
    }

    /// A reader's result for a record: an event, or the reason why it has none.
    private enum Reading {
        case event(id: String, source: String, type: String, subject: String, time: String, data: [String: Any])
        case notJSON, noSubject, wrongVersion, unknownKind
    }

    private func read(_ record: TownRecord) throws -> Reading {
        guard let event = try? JSONSerialization.jsonObject(with: Data(record.value)) as? [String: Any] else {
            return .notJSON
        }
        guard event["specversion"] as? String == "1.0" else { return .wrongVersion }
        guard let subject = event["subject"] as? String else { return .noSubject }
        let data = try #require(event["data"] as? [String: Any])
        if let kind = data["kind"] as? String, !["individual", "business", "official"].contains(kind) {
            return .unknownKind
        }
        return .event(
            id: try #require(event["id"] as? String), source: try #require(event["source"] as? String),
            type: try #require(event["type"] as? String), subject: subject,
            time: try #require(event["time"] as? String), data: data)
    }

    @Test func sameSeedSameBytes() {
        #expect(records(20_000, of: town()) == records(20_000, of: town()))
    }

    /// Pins the bytes themselves: they are the same on every machine and in every version of Swift.
    @Test func firstRecord() throws {
        let first = try #require(records(1, of: town()).first)
        #expect(first.topic == "standing.control")
        #expect(first.time == Self.start)
        #expect(String(decoding: first.key, as: UTF8.self) == "anna-1")
        #expect(
            String(decoding: first.value, as: UTF8.self)
                == #"{"specversion":"1.0","id":"7-1","source":"/city/register","type":"standing.subject.enrolled","#
                + #""subject":"anna-1","time":"2026-01-01T00:00:00.000Z","data":{"kind":"individual","terms":"town-1"}}"#
        )
    }

    @Test func differentSeedDifferentBytes() {
        let one = Set(records(2_000, of: town(seed: 7)).map(\.value))
        let other = Set(records(2_000, of: town(seed: 8)).map(\.value))
        #expect(one.isDisjoint(with: other))
    }

    @Test func timeNeverRunsBackwards() {
        let times = records(50_000, of: town()).map(\.time)
        #expect(times.allSatisfy { $0 >= Self.start && $0 % 1000 == 0 })
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
        (1_735_689_599_999_999, "2024-12-31T23:59:59.999Z"), (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z"),
    ])
    func timesAreWrittenInRFC3339(start: Int64, written: String) {
        // This seed's first citizen enrols, at the start itself.
        let first = records(1, of: Town(seed: 7, individuals: 1, businesses: 0, officials: 0, start: start))[0]
        #expect(String(decoding: first.value, as: UTF8.self).contains("\"time\":\"\(written)\""))
    }

    @Test func everyRecordIsAnEventOrBadInAKnownWay() throws {
        var topics: Set<String> = []
        var bad: [String: Int] = [:]
        let records = records(60_000, of: town())
        for record in records {
            topics.insert(record.topic)
            switch try read(record) {
            case .event(_, let source, let type, let subject, let time, let data):
                #expect(Array(subject.utf8) == record.key)
                #expect(source.hasPrefix("/") && time.hasSuffix("Z"))
                #expect(type.hasPrefix("standing.") == (record.topic == Town.controlTopic))
                #expect(data.isEmpty == (type == "standing.subject.withdrawn"))
            case .notJSON: bad["not JSON", default: 0] += 1
            case .noSubject: bad["no subject", default: 0] += 1
            case .wrongVersion: bad["wrong version", default: 0] += 1
            case .unknownKind: bad["unknown kind", default: 0] += 1
            }
        }
        #expect(topics == Set(Town.topics))
        #expect(bad.count == 4)
        #expect((records.count / 500...records.count / 320).contains(bad.values.reduce(0, +)))
    }

    @Test func duplicatesAreExactAndTheirShareIsInRange() throws {
        let records = records(60_000, of: town())
        var seen: [String: [UInt8]] = [:]
        var duplicates = 0
        for record in records {
            guard case .event(let id, let source, _, _, _, _) = try read(record) else { continue }
            if let first = seen.updateValue(record.value, forKey: "\(source) \(id)") {
                #expect(first == record.value)
                duplicates += 1
            }
        }
        #expect((records.count / 360...records.count / 250).contains(duplicates))
    }

    @Test func someNeverEnrolAndSomeComeAndGo() throws {
        var enrolled: Set<String> = []
        var everEnrolled: Set<String> = []
        var seen: Set<String> = []
        var withdrawals = 0
        var kinds: Set<String> = []
        for record in records(300_000, of: town()) {
            guard case .event(_, _, let type, let subject, _, let data) = try read(record) else { continue }
            switch type {
            case "standing.subject.enrolled":
                #expect(everEnrolled.insert(subject).inserted, "a name is given once")
                enrolled.insert(subject)
                kinds.insert(try #require(data["kind"] as? String))
                #expect(data["terms"] is String)
            case "standing.subject.withdrawn":
                #expect(enrolled.remove(subject) != nil)
                withdrawals += 1
            default: seen.insert(subject)
            }
        }
        #expect(kinds == ["individual", "business", "official"])
        #expect((10...120).contains(withdrawals))
        #expect(everEnrolled.count > Self.citizens)
        #expect(enrolled.count <= Self.citizens)
        let never = seen.subtracting(everEnrolled).count
        #expect((seen.count * 2 / 100...seen.count * 9 / 100).contains(never))
    }

    @Test(arguments: [1, 20, 400])
    func aboutTwoEventsACitizenAndDay(citizens: Int) throws {
        let count = 30 * 2 * citizens
        let last = try #require(
            records(count, of: Town(seed: 7, individuals: citizens, businesses: 0, officials: 0, start: Self.start))
                .last)
        #expect((20...40).contains((last.time - Self.start) / Self.day))
    }

    @Test func standingsMoveBothWays() throws {
        let good: Set = ["bill.paid", "loan.repaid", "fare.paid", "volunteer.hours", "blood.donated"]
        let poor: Set = ["bill.missed", "fare.evaded", "parking.fined", "noise.complaint"]
        var tally: [String: (good: Int, poor: Int)] = [:]
        for record in records(150_000, of: town()) {
            guard case .event(_, _, let type, let subject, _, _) = try read(record) else { continue }
            if good.contains(type) { tally[subject, default: (0, 0)].good += 1 }
            if poor.contains(type) { tally[subject, default: (0, 0)].poor += 1 }
        }
        let long = tally.values.filter { $0.good + $0.poor > 100 }
        #expect(long.count > 200)
        #expect(long.allSatisfy { $0.good > 0 && $0.poor > 0 && $0.good > $0.poor })
    }
}
