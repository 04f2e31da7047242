import Events
import Foundation
import Ledger
import Scoring
import Simulation
import Testing

@testable import Replay

/// What `standing trace` says of one event.
@Suite struct EventTraceTests {
    private static let policy = """
        policy: town
        version: 1
        early: 1 hour
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 15}
          - {id: large, dimension: payment, event: bill.large, when: data.billed > 100, points: 5}
        bands: [{name: C, from: 350}, {name: A, from: 610}]

        """

    private static let enrolment = #"{"kind":"individual","terms":"t"}"#

    /// Of anna, in topic `town`: its id is `town-0-OFFSET`, its time so many seconds after 1970.
    private func happened(_ type: String, _ offset: Int64, data: String = "{}", second: Int64? = nil) -> LedgerEntry {
        .event(type: type, subject: "anna", offset: offset, second: second, data: data)
    }

    private func frames(_ entries: [LedgerEntry]) -> [(offset: Int64, bytes: [UInt8])] {
        [
            (offset: 0, bytes: LedgerEntry.frame(session: 9, [.policy(Self.policy)])),
            (offset: 1, bytes: LedgerEntry.frame(session: 1, entries)),
        ]
    }

    private func trace(_ entries: [LedgerEntry], _ offset: Int64, subject: String = "anna") throws -> EventTrace {
        let history = try SubjectEntries(of: Array(subject.utf8), in: MemoryFrames(frames(entries)))
        return try EventTrace(history, source: Array("/town".utf8), id: Array("town-0-\(offset)".utf8))
    }

    private func outcome(_ entries: [LedgerEntry], _ offset: Int64) throws -> EventOutcome? {
        let found = try trace(entries, offset).occurrences
        #expect(found.count == 1)
        return found.first?.outcome
    }

    @Test func anEventThatCountsHasItsPositionItsOriginAndItsChange() throws {
        let trace = try trace(
            [happened("standing.subject.enrolled", 0, data: Self.enrolment), happened("bill.paid", 7)], 7)
        let found = try #require(trace.occurrences.first)
        #expect(found.outcome == .counted && found.position == .init(offset: 1, entry: 1))
        let origin = try #require(found.entry.origin)
        #expect(origin.topic == "town" && origin.partition == 0 && origin.offset == 7)
        let change = try #require(found.changes.first)
        #expect(change.kind == .scoreChanged && change.before == "600 C" && change.after == "615 A")
        #expect(change.reasons.map(\.rule) == ["paid"] && found.errors.isEmpty)
        var writer = JSONWriter()
        writer.open()
        found.writePositions(of: trace.subject, ledgerPartition: 4, to: &writer)
        found.writeMembers(to: &writer)
        writer.close()
        let json = try #require(JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
        #expect(json["result"] as? String == "counted" && json["voidedBy"] is NSNull)
        #expect((json["ledger"] as? [String: Int]) == ["partition": 4, "offset": 1, "entry": 1])
        #expect((json["changes"] as? [[String: Any]])?.first?["after"] as? String == "615 A")
    }

    @Test func whyAnEventDidNothing() throws {
        let enrolled = happened("standing.subject.enrolled", 0, data: Self.enrolment)
        #expect(try outcome([enrolled, happened("tea.drunk", 3)], 3) == .notNamed)
        #expect(try outcome([enrolled, happened("bill.large", 3, data: #"{"billed":5}"#)], 3) == .noMatch)
        #expect(try outcome([enrolled, happened("bill.large", 3)], 3) == .evaluationError)
        #expect(try outcome([enrolled, happened("bill.large", 3, data: #"{"billed":500}"#)], 3) == .counted)
        #expect(try outcome([happened("standing.subject.withdrawn", 3)], 3) == .notEnrolled)
        #expect(
            try outcome([happened("standing.subject.enrolled", 3, data: #"{"kind":"official"}"#)], 3) == .kindNotScored)
        #expect(try outcome([enrolled], 0) == .enrolled)
        #expect(try outcome([enrolled, happened("standing.subject.withdrawn", 3)], 3) == .withdrawn)
        let appeal = #"{"sanction":"none","statement":"s"}"#
        #expect(try outcome([enrolled, happened("standing.appeal.filed", 3, data: appeal)], 3) == .appealIgnored)
        #expect(try trace([enrolled], 4).occurrences.isEmpty)
    }

    @Test func anEvaluationThatGaveNothingIsNamed() throws {
        let enrolled = happened("standing.subject.enrolled", 0, data: Self.enrolment)
        let found = try trace([enrolled, happened("bill.large", 3)], 3).occurrences
        #expect(found.first?.errors.map(\.id) == ["large"])
    }

    @Test func anEarlyEventNamesTheEnrolmentThatLetItCount() throws {
        let enrolled = happened("standing.subject.enrolled", 5, data: Self.enrolment, second: 10)
        let early = try trace([happened("bill.paid", 3, second: 20), enrolled], 3).occurrences
        #expect(early.first?.outcome == .early && early.first?.countedBy == .init(offset: 1, entry: 1))
        let tooOld = try trace([happened("bill.paid", 3, second: 1), enrolled], 3).occurrences
        #expect(tooOld.first?.outcome == .earlyOlder && tooOld.first?.countedBy == nil)
    }

    @Test func anEarlyEventThatDidNotCountSaysWhy() throws {
        let enrolled = happened("standing.subject.enrolled", 400, data: Self.enrolment, second: 10)
        let (early, other) = (happened("bill.paid", 3, second: 20), happened("bill.paid", 4, second: 20 + 3600))
        #expect(try outcome([early], 3) == .earlyWaits)
        #expect(try outcome([early, other], 3) == .earlyExpired)
        #expect(try outcome([early, other, enrolled], 3) == .earlyExpired)
        let void = happened("standing.event.voided", 8, data: #"{"source":"/town","id":"town-0-3","reason":"r"}"#)
        let voided = try trace([early, void, enrolled], 3).occurrences.first
        #expect(voided?.outcome == .voidedBefore && voided?.countedBy == nil)
        #expect(voided?.voidedBy == .init(offset: 1, entry: 1))
        let many = (0..<256).map { happened("bill.paid", 4 + $0, second: 20) }
        let (fitting, tooMany) = ([early] + many.dropLast() + [enrolled], [early] + many + [enrolled])
        #expect(try outcome(fitting, 3) == .early)
        #expect(try outcome(tooMany, 3) == .earlyBeyondLimit)
    }

    @Test func aVoidIsNamedWhetherItCameAfterTheEventOrBefore() throws {
        let enrolled = happened("standing.subject.enrolled", 0, data: Self.enrolment)
        /// An origin's offsets ascend in the ledger.
        func void(_ offset: Int64) -> LedgerEntry {
            happened("standing.event.voided", offset, data: #"{"source":"/town","id":"town-0-3","reason":"r"}"#)
        }
        let paid = happened("bill.paid", 3)
        let after = try trace([enrolled, paid, void(8)], 3).occurrences
        #expect(after.first?.outcome == .counted && after.first?.voidedBy == .init(offset: 1, entry: 2))
        #expect(try outcome([enrolled, paid, void(8)], 8) == .voids)
        #expect(try outcome([enrolled, void(2), paid], 2) == .voidWaits)
        let before = try #require(try trace([enrolled, void(2), paid], 3).occurrences.first)
        #expect(before.changes.isEmpty && before.voidedBy == nil && before.outcome == .voidedBefore)
    }

    @Test func whatOnlyAnEventCanDoComesBeforeWhatFallsDueWithIt() {
        var news = FoldCounters()
        (news.scored, news.notEnrolled, news.voidsIgnored) = (1, 2, 1)
        #expect(EventOutcome(of: news, isNamed: true, hasFailed: true) == .counted)
        (news.scored, news.duplicates) = (0, 1)
        #expect(EventOutcome(of: news, isNamed: true, hasFailed: false) == .duplicate)
        #expect(EventOutcome(of: FoldCounters(), isNamed: true, hasFailed: false) == .applied)
        #expect(Set(EventOutcome.allCases.map(\.sentence)).count == EventOutcome.allCases.count)
    }

    /// Entries that are read from frames are those that an archive's indexes give.
    @Test(arguments: 1...3) func framesAndIndexesGiveTheSameEntries(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed)
        let history = try SubjectFileTests.archive(ledger.frames)
        for subject in (0..<7).map({ Array("s\($0)".utf8) }) {
            let indexed = try SubjectEntries(of: subject, in: history)
            let read = try SubjectEntries(of: subject, in: MemoryFrames(ledger.frames))
            #expect(read.clock == indexed.clock && read.isOfSubject == indexed.isOfSubject)
            #expect(read.entries.map(\.offset) == indexed.entries.map(\.offset))
            #expect(read.entries.map(\.entry) == indexed.entries.map(\.entry))
            #expect(read.entries.map(\.clock) == indexed.entries.map(\.clock))
        }
    }

    // MARK: Without the subject

    @Test func theSearchFindsEveryEntryOfTheEventAndNoOther() throws {
        var frames = frames([
            .event(type: "bill.paid", subject: "anna", offset: 3, data: "{}"),
            .event(type: "bill.paid", subject: "bert", offset: 4, data: "{}"),
        ])
        // The same record, appended once more by another session, and a record that is no frame.
        frames.append((offset: 2, bytes: Array("no frame".utf8)))
        frames.append(
            (
                offset: 3,
                bytes: LedgerEntry.frame(
                    session: 2, [.tick(9), .event(type: "bill.paid", subject: "anna", offset: 3, data: "{}")])
            ))
        var search = EventSearch(source: Array("/town".utf8), id: Array("town-0-3".utf8))
        try search.search(MemoryFrames(frames), of: 4)
        #expect(
            search.found == [
                .init(partition: 4, offset: 1, entry: 0, subject: Array("anna".utf8)),
                .init(partition: 4, offset: 3, entry: 1, subject: Array("anna".utf8)),
            ])
        var other = EventSearch(source: Array("/other".utf8), id: Array("town-0-3".utf8))
        try other.search(MemoryFrames(frames), of: 4)
        #expect(other.found.isEmpty)
    }

    @Test func theSearchEndsAtItsLimit() throws {
        let entries = (0..<100).map { LedgerEntry.event(type: "a", subject: "s\($0)", offset: 3, data: "{}") }
        var search = EventSearch(source: Array("/town".utf8), id: Array("town-0-3".utf8))
        try search.search(MemoryFrames(frames(entries)), of: 0)
        #expect(search.found.count == EventSearch.maximumFound)
    }
}
