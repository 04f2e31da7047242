import Events
import Foundation
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Testing

/// A ledger with more partitions has the same standings.
@Suite struct LedgerRepartitionTests {
    private typealias Frames = [(offset: Int64, bytes: [UInt8])]

    private static let name = "city-2"

    private func divided(_ frames: Frames, partition: Int32, of count: Int, from start: Int64 = 0) throws -> Frames {
        let source = LedgerRepartition(
            MemoryFrames(frames), partition: partition, of: count, name: Self.name, from: start)
        var result: Frames = []
        while let frame = try source.next() { result.append((frame.offset, Array(frame.bytes))) }
        return result
    }

    /// A partition's state as its subjects see it: by subject, the explained standing, dates and counts of evidence included.
    private struct Folded: Equatable {
        var standings: [String: String] = [:]
        /// By subject and topic, without what a ledger's offsets and name are in.
        var facts: [String: [String]] = [:]
        var clock = Timestamp.distantPast
        var version: FoldVersion?
        var policy = ""
    }

    private func fold(_ frames: Frames) throws -> Folded {
        var fold = PartitionFold(partition: 0) { end in MemoryFrames(frames.filter { $0.offset < end }) }
        var facts = EncodedFacts()
        var emitted: [String: [String]] = [:]
        for frame in frames {
            facts.removeAll()
            try frame.bytes.withUnsafeBytes {
                try fold.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &facts)
            }
            for item in facts.items {
                let json = Data(facts.value(item))
                var fact = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
                let subject = try #require(fact["subject"] as? String)
                for name in ["id", "sequence", "source"] { fact[name] = nil }
                let rest = try JSONSerialization.data(withJSONObject: fact, options: .sortedKeys)
                emitted["\(subject) \(item.topic)", default: []].append(String(decoding: rest, as: UTF8.self))
            }
        }
        var result = Folded(
            facts: emitted, clock: fold.fold.clock, version: fold.fold.version, policy: fold.policyText)
        let (policy, clock) = (fold.fold.policy, fold.fold.clock)
        fold.fold.forEachStanding { standing in
            var writer = ByteWriter()
            standing.writeExplained(to: &writer, policy: policy, clock: clock)
            result.standings[String(decoding: standing.subject, as: UTF8.self)] =
                String(decoding: writer.bytes, as: UTF8.self)
        }
        return result
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func everySubjectHasTheSameStanding(seed: UInt64) throws {
        let ledger = RandomLedger(seed: 700 + seed, frames: 80)
        let whole = try fold(ledger.frames)
        #expect(whole.standings.count > 1)
        for count in [1, 2, 3, 5] {
            var standings: [String: String] = [:]
            var facts: [String: [String]] = [:]
            for partition in 0..<Int32(count) {
                let part = try divided(ledger.frames, partition: partition, of: count)
                #expect(part.map(\.offset) == Array(0..<Int64(part.count)))
                let folded = try fold(part)
                #expect(folded.clock == whole.clock && folded.version == whole.version && folded.policy == whole.policy)
                for subject in folded.standings.keys {
                    let own = Array(subject.utf8).withUnsafeBytes { Murmur2.partition(of: $0, count: count) }
                    #expect(own == Int(partition))
                }
                standings.merge(folded.standings) { first, _ in first }
                facts.merge(folded.facts) { first, _ in first }
            }
            let different = whole.standings.keys.filter { standings[$0] != whole.standings[$0] }.sorted()
            #expect(standings.count == whole.standings.count && different.isEmpty, "\(count): \(different)")
            #expect(facts == whole.facts, "\(count)")
            if let subject = different.first { #expect(standings[subject] == whole.standings[subject]) }
        }
    }

    /// An interrupted export continues with the same frames.
    @Test func theSameLedgerIsDividedInTheSameWay() throws {
        let ledger = RandomLedger(seed: 9, frames: 60)
        let part = try divided(ledger.frames, partition: 1, of: 2)
        #expect(part.count > 1)
        for start in 0...part.count {
            let rest = try divided(ledger.frames, partition: 1, of: 2, from: Int64(start))
            #expect(rest.map(\.offset) == part.dropFirst(start).map(\.offset))
            #expect(rest.map(\.bytes) == part.dropFirst(start).map(\.bytes))
        }
    }

    /// A clock that advances for decades while nothing happens in a new partition.
    @Test func aClockKeepsUpOverDecades() throws {
        let year: Int64 = 31_556_952
        var entries: [LedgerEntry] = [.enrolled("ada", offset: 0)]
        for number in 1...40 as ClosedRange<Int64> {
            entries.append(
                .event(type: "tea", subject: "bob", offset: number, second: number * 9 / 10 * year, data: "{}"))
            if number % 7 == 0 { entries.append(.tick(number * year)) }
        }
        entries.append(.event(type: "bill.paid", subject: "ada", offset: 99, second: 39 * year, data: "{}"))
        let frames: Frames = [
            (0, LedgerEntry.frame(session: 9, [.policy(TestPolicy.text)])), (1, LedgerEntry.frame(entries)),
        ]
        let whole = try fold(frames)
        for count in [2, 3, 7] {
            for partition in 0..<Int32(count) {
                let folded = try fold(try divided(frames, partition: partition, of: count))
                #expect(folded.clock == whole.clock)
                for (subject, standing) in folded.standings { #expect(standing == whole.standings[subject]) }
            }
        }
    }

    @Test func aLedgerWithoutANameIsNotDivided() {
        let data = #"{"policy":"policy: x"}"#
        let frames: Frames = [
            (0, LedgerEntry.frame([.system(type: "standing.policy.activated", data: data)]))
        ]
        let failure = #expect(throws: LedgerRepartition.Failure.self) { try divided(frames, partition: 0, of: 2) }
        #expect(failure?.description.contains("`standing ledger upgrade` names it") == true)
    }
}
