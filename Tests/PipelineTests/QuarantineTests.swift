import Events
import Foundation
import Kafka
import Ledger
import Pipeline
import Replay
import Scoring
import Simulation
import Testing

extension PipelineServiceTests {
    /// A stray record in a ledger partition stops that partition alone, and `ledger skip` brings it back.
    @Suite struct QuarantineTests {
        private typealias Fixture = PipelineFixture

        /// `frame`: one of the ledger's own.
        private static func strays(_ frame: [UInt8]) throws -> [(bytes: [UInt8]?, message: String)] {
            var damaged = frame
            damaged[damaged.count - 1] ^= 1
            let text = Array("a subject that is too long ".utf8)
            let long = Array(String(repeating: "x", count: EventDecoder.maximumAttributeBytes + 1).utf8)
            var builder = FrameBuilder()
            text.withUnsafeBytes { text in
                long.withUnsafeBytes { long in
                    var event = EventView.empty
                    (event.id, event.source, event.type, event.subject) = (text, text, text, text)
                    event.time = Timestamp(microseconds: 1_577_836_800_000_000)
                    builder.append(event, topic: text, partition: 0, offset: 0)
                    event.subject = long
                    builder.append(event, topic: text, partition: 0, offset: 1)
                }
            }
            let halfFolded = builder.finish(session: 5, number: 0) { Array($0) }
            return [
                (nil, "shorter than a header"), (Array("hello".utf8), "shorter than a header"),
                (Array(repeating: 7, count: 200), "wrong magic"), (damaged, "the checksum does not match"),
                (halfFolded, "an entry is malformed"),
            ]
        }

        /// Those of standings that are of these subjects.
        private func lines(_ standings: String, of subjects: [String]) -> [Substring] {
            standings.split(separator: "\n").filter { line in subjects.contains { line.contains("\"\($0)\"") } }
        }

        private func skip(_ fixture: Fixture, _ partition: Int32, _ offset: Int64) throws -> LedgerSkip.Outcome {
            let progress = ReplayProgress()
            let outcome = try LedgerSkip(PipelineConfiguration(kafka: fixture.kafka, topics: fixture.topics)).run(
                partition: partition, offset: offset, reason: "a test", id: UUID().uuidString, progress: progress)
            // It is to be folded up to the record. A record that was skipped before is not folded.
            #expect(progress.total == (outcome.isNew ? offset + 1 : 0))
            return outcome
        }

        @Test(arguments: [true, false]) func oneStrayRecordStopsItsPartitionAloneUntilItIsSkipped(
            hasArchive: Bool
        ) throws {
            let fixture = try Fixture(ledgerPartitions: 4)
            defer { withExtendedLifetime(fixture) {} }
            let disk = FaultyFileSystem()
            let subjects = Fixture.subjects(40)
            let hurt: Int32 = 2
            let ofHurt = subjects.filter { fixture.partition(of: $0) == Int(hurt) }
            let others = subjects.filter { fixture.partition(of: $0) != Int(hurt) }
            try #require(!ofHurt.isEmpty && !others.isEmpty)
            var sent = subjects.map { Fixture.enrolment(of: $0) }
            let service = fixture.service(policy: fixture.policy) {
                // A slow machine is no failure here.
                $0.readyWithin = 120_000_000
                if hasArchive { $0.data = LocalData("/data", on: disk) }
            }
            try fixture.running(service) { service in
                try fixture.send(sent)
                try fixture.waitForFold(of: sent.count, by: service)
                let last = try fixture.read(fixture.topics.ledger).last { $0.topicPartition.partition == hurt }
                let own: [UInt8] = try #require(last?.value)
                for (round, stray) in try Self.strays(own).enumerated() {
                    try fixture.append([stray.bytes], toLedger: hurt)
                    try fixture.wait("stopped") { service.status.quarantined.first?.partition == hurt }
                    let stopped = try #require(service.status.quarantined.first)
                    #expect(stopped.reason.contains("standing ledger skip \(hurt) \(stopped.offset) --reason"))
                    #expect(stopped.reason.contains(stray.message), "\(stopped.reason)")

                    // The others continue, and answers about this one are as of what was folded before.
                    let more = Fixture.behaviour("\(round)", of: subjects)
                    try fixture.send(more)
                    sent += more
                    let wanted = lines(try fixture.directStandings(sent), of: others)
                    try fixture.wait("the others are folded, and this one is stopped") {
                        lines(fixture.standings(of: service), of: others) == wanted
                            && service.status.quarantined.map(\.offset) == [stopped.offset] && service.isReady
                    }
                    #expect(!service.isCurrent && service.finalFailure == nil)
                    guard case .found(let answer) = service.standing(of: Array(ofHurt[0].utf8)) else {
                        Issue.record("no standing while the partition is stopped")
                        return
                    }
                    #expect(!answer.freshness.isCurrent && answer.freshness.offset == stopped.offset)

                    let outcome = try skip(fixture, stopped.partition, stopped.offset)
                    #expect(outcome.isNew && outcome.defect?.contains(stray.message) == true)
                    try fixture.waitForFold(of: sent.count, by: service)
                    #expect(service.status.quarantined.isEmpty)
                    #expect(try !skip(fixture, stopped.partition, stopped.offset).isNew)
                    try fixture.wait("current") { service.isCurrent }
                    #expect(fixture.standings(of: service) == (try fixture.directStandings(sent)))
                }
            }
            let facts = try fixture.checkedFacts().mapValues { Set($0.map(\.id)) }
            // A member that folds the ledger anew comes to the same, without an act of an operator.
            try fixture.running(fixture.service(policy: nil)) { service in
                try fixture.waitForFold(of: sent.count, by: service)
                #expect(fixture.standings(of: service) == (try fixture.directStandings(sent)))
            }
            #expect(try fixture.checkedFacts().mapValues { Set($0.map(\.id)) } == facts)
        }

        @Test func aRecordWithWhichNothingIsWrongIsNotSkipped() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send([Fixture.enrolment(of: "anna")])
                try fixture.waitForFold(of: 1, by: service)
                let partition = Int32(fixture.partition(of: "anna"))
                for (offset, word) in [(Int64(1), "nothing is wrong"), (99, "no record at offset 99")] {
                    let refused = #expect(throws: LedgerSkip.Refused.self) {
                        try skip(fixture, partition, offset)
                    }
                    #expect(refused?.description.contains(word) == true, "\(refused?.description ?? "")")
                }
                #expect(throws: LedgerSkip.Refused.self) {
                    try skip(fixture, 7, 0)
                }
                #expect(service.status.quarantined.isEmpty && service.isCurrent)
            }
        }

        /// Something wrote to the ledger topic before it was begun.
        @Test func aStrayAtTheBeginningOfAnEmptyLedgerIsSkippedToo() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            for partition in Int32(0)..<2 { try fixture.append([Array("hello".utf8)], toLedger: partition) }
            let service = fixture.service(policy: fixture.policy)
            service.start()
            defer {
                service.requestStop()
                try? service.join()
            }
            var all = service.status.quarantined
            try fixture.wait("stopped") {
                all = service.status.quarantined
                return all.count == 2
            }
            #expect(!service.isReady)
            for stopped in all {
                #expect(try skip(fixture, stopped.partition, stopped.offset).isNew)
            }
            try fixture.send([Fixture.enrolment(of: "anna")])
            try fixture.waitForFold(of: 1, by: service)
        }
    }
}
