import Events
import Foundation
import Scoring
import Testing

@testable import Pipeline

/// What an overview of several members says.
struct ProgrammeOverviewTests {
    /// Of a member that owns some of four ledger partitions, with a hundred subjects for each.
    private func overview(_ name: String, _ partitions: [Int32]) -> ProgrammeOverview {
        let count = partitions.count
        let activity = Activity(seconds: 60, events: 10, entries: 20, facts: 30, deadLetters: 1)
        return ProgrammeOverview(
            time: Timestamp(microseconds: 1_000_000),
            members: [.init(name: name, isReady: true, partitions: partitions, behindSeconds: Double(count))],
            missing: (0..<4).filter { !partitions.contains($0) },
            clocks: Timestamp(microseconds: Int64(count))...Timestamp(microseconds: Int64(count + 10)),
            ownedPartitions: count, currentPartitions: count, partitions: 4, sourcePartitions: 2,
            bands: [.init(band: "C", subjects: 60 * count), .init(band: "A", subjects: 40 * count)], enrolments: 5,
            withdrawals: 1, lastMinute: activity, lastHour: activity,
            minutes: [Activity](repeating: activity, count: count), behindSeconds: Double(count), lag: nil,
            policies: [.init(id: "town", version: 3, partitions: count)], switching: [],
            shadow: .init(id: "town", version: 4, live: count, partitions: count), sanctions: OpenSanctions(),
            overdueSanctions: 2, appeals: AppealsQueue(limit: 5, after: nil),
            deadLetters: [.init(reason: "event/not-json", records: 3)], notEnrolled: 7,
            attention: [
                .init(
                    .warning, "dead-letters", "1 record became a dead letter in the last hour.", page: "/dead-letters"),
                .init(.critical, "source-lost-records", "The source topic a has lost records.", page: "/sources"),
            ], changes: [])
    }

    @Test func itIsTheSumOverTheMembers() {
        var sum = overview("a", [0, 1])
        sum.merge(overview("b", [2, 3]).bytes)
        sum.noteMissing()
        #expect(sum.members.map(\.name) == ["a", "b"] && sum.missing.isEmpty && sum.subjects == 400)
        #expect(sum.bands == [.init(band: "C", subjects: 240), .init(band: "A", subjects: 160)])
        #expect(sum.ownedPartitions == 4 && sum.partitions == 4 && sum.sourcePartitions == 4)
        #expect(sum.enrolments == 10 && sum.withdrawals == 2 && sum.notEnrolled == 14 && sum.overdueSanctions == 4)
        #expect(sum.policies == [.init(id: "town", version: 3, partitions: 4)])
        #expect(sum.shadow == .init(id: "town", version: 4, live: 4, partitions: 4))
        #expect(sum.deadLetters == [.init(reason: "event/not-json", records: 6)])
        #expect(sum.lastMinute?.events == 20 && sum.lastMinute?.seconds == 60 && sum.behindSeconds == 2)
    }

    /// A member answers for its own partitions, and one of an older program does not know what is withdrawn.
    @Test func withdrawnSourcesAreThoseOfThePartitionsThatAMemberOwns() {
        func withdrawn(_ partitions: [Int32]) -> WithdrawnSources {
            var sources = WithdrawnSources()
            for partition in partitions { sources.add(["bills"], of: partition) }
            return sources
        }
        var sum = overview("a", [0, 1])
        sum.withdrawnSources = withdrawn([0])
        var second = overview("b", [2])
        second.withdrawnSources = withdrawn([1, 2, 3])
        sum.merge(second.bytes)
        sum.merge(overview("c", [3]).bytes)
        #expect(sum.withdrawnSources == withdrawn([0, 2]))
        #expect(sum.withdrawnSources?.missing(of: 4) == [1, 3])
    }

    @Test func whatAMemberWithoutPartitionsReadsIsInTheSum() {
        var sum = overview("a", [0, 1, 2, 3])
        sum.merge(overview("b", []).bytes)
        sum.noteMissing()
        #expect(sum.members.map(\.name) == ["a", "b"] && sum.missing.isEmpty && sum.ownedPartitions == 4)
        #expect(sum.sourcePartitions == 4 && sum.lastMinute?.events == 20 && sum.lastHour?.deadLetters == 2)
        #expect(sum.deadLetters == [.init(reason: "event/not-json", records: 6)])
    }

    /// The newest minute is the last one, also of a member that started later.
    @Test func minutesOfTheSameAgeAreAdded() {
        var sum = overview("a", [0])
        sum.merge(overview("b", [1, 2, 3]).bytes)
        #expect(sum.minutes.map(\.events) == [10, 10, 20])
        #expect(sum.clocks == Timestamp(microseconds: 1)...Timestamp(microseconds: 13))
    }

    @Test func whatConcernsOneMemberNamesIt() {
        var sum = overview("a", [0, 1])
        sum.attention.removeFirst()
        sum.merge(overview("b", [2, 3]).bytes)
        #expect(sum.attention.map(\.code) == ["source-lost-records", "dead-letters"])
        #expect(sum.attention.last?.text == "Member b: 1 record became a dead letter in the last hour.")
    }

    @Test func aMemberThatIsAwayIsNamedByItsPartitions() {
        var sum = overview("a", [0, 1])
        sum.merge(overview("b", [2]).bytes)
        sum.noteMissing()
        #expect(sum.missing == [3])
        let attention = sum.attention.first { $0.code == "members-away" }
        #expect(attention?.severity == .warning && attention?.text.contains("partitions 3:") == true)
        var writer = JSONWriter()
        sum.write(to: &writer, showsSubjects: false)
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text.contains(#""missing":[3]"#) && text.contains(#"{"member":"b","ready":true,"partitions":[2]"#))
    }

    @Test func aMemberWithoutPartitionsThatIsAwayIsNamed() {
        var sum = overview("a", [0, 1, 2, 3])
        sum.noteUnheard([])
        #expect(!sum.attention.contains { $0.code == "idle-members-away" })
        sum.noteUnheard(["h:1"])
        #expect(sum.attention.last?.code == "idle-members-away" && sum.attention.last?.severity == .information)
        #expect(sum.attention.last?.text.hasPrefix("The member h:1, which owns no ledger partition, ") == true)
        sum.noteUnheard((1...25).map { "h:\($0)" })
        let text = sum.attention.last?.text ?? ""
        #expect(text.hasPrefix("25 members ") && text.contains("h:20, …)") && !text.contains("h:21"), "\(text)")
    }

    @Test func nothingOfAnAnswerIsTrusted() {
        let good = String(decoding: overview("b", [2, 3]).bytes, as: UTF8.self)
        let bad = [
            "", "{}", good.replacing(#""enrolments":5"#, with: #""enrolments":-5"#),
            good.replacing(#""subjects":120"#, with: #""subjects":9223372036854775807"#),
            good.replacing(#""enrolments":5"#, with: #""enrolments":true"#),
        ]
        for text in bad {
            #expect(text != good, "the case changes nothing")
            var sum = overview("a", [0, 1])
            let isTaken = sum.merge(Array(text.utf8))
            #expect(!isTaken && sum.subjects == 200 && sum.members.count == 1, "\(text)")
        }
    }

    @Test func anAnswerWithTooManyWithdrawnSourcesIsNotTaken() {
        var (many, wide) = (WithdrawnSources(), WithdrawnSources())
        for partition in 0..<10_001 as Range<Int32> { many.add([], of: partition) }
        wide.add((0..<10_001).map { "t\($0)" }, of: 2)
        for withdrawn in [many, wide] {
            var (sum, other) = (overview("a", [0, 1]), overview("b", [2, 3]))
            other.withdrawnSources = withdrawn
            let isTaken = sum.merge(other.bytes)
            #expect(!isTaken && sum.members.count == 1)
        }
    }

    /// A change of another member is shown as that member has masked it, byte for byte.
    @Test func changesOfSeveralMembersAreByTime() throws {
        func change(_ subject: String, at time: Int64) throws -> ProgrammeOverview.Change {
            let json = Array(
                (#"{"specversion":"1.0","id":"3-1-0-0","source":"/standing/town/card","type":"standing.score.changed","#
                    + #""subject":"\#(subject)","time":"2026-01-02T03:04:05Z","sequence":"1","#
                    + #""data":{"policy":{"id":"card","version":3},"cause":{"type":"bill.paid"},"#
                    + #""reasons":[],"before":null,"after":{"score":600,"band":"B"}}}"#).utf8)
            return ProgrammeOverview.Change(
                sentAt: Timestamp(microseconds: time), subject: subject, fact: try #require(FactText(json[...])),
                json: json)
        }
        var (sum, other) = (overview("a", [0, 1]), overview("b", [2, 3]))
        sum.changes = [try change("~1", at: 30), try change("~2", at: 10)]
        other.changes = [try change("~3", at: 20)]
        sum.merge(other.bytes)
        #expect(sum.changes.map(\.subject) == ["~1", "~3", "~2"])
        #expect(sum.changes[1].json == other.changes[0].json && sum.changes[1].fact.after?.score == 600)
    }
}
