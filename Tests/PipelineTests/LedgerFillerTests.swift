import Foundation
import Kafka
import Ledger
import Logging
import Replay
import Testing

@testable import Pipeline

extension PipelineServiceTests {
    /// What an import writes where a ledger had an offset without a frame.
    @Suite struct LedgerFillerTests {
        private typealias Fixture = PipelineFixture

        @Test func whoeverReadsTheLedgerPassesOverFillers() throws {
            let fixture = try Fixture(ledgerPartitions: 1, sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let configuration = PipelineConfiguration(
                kafka: fixture.kafka, topics: fixture.topics, policy: fixture.policy)
            let writer = try LedgerTopicWriter(fixture.kafka, topic: fixture.topics.ledger)
            // More than a ledger may have of strays before its first frame.
            let before = LedgerFirstFrame.maximumStrays + 4
            for offset in 0..<before { try writer.fill(offset, of: 0) }
            try writer.flush()
            try LedgerBeginning(
                configuration: configuration, stop: StopFlag(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ).run(partitions: 1)
            let folder = FileManager.default.temporaryDirectory.appending(path: "filler-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let subjects = Fixture.subjects(3)
            try fixture.running(fixture.service(policy: nil) { $0.data = LocalData(folder.path) }) { service in
                // And while a member reads.
                for offset in before + 1..<before + 3 { try writer.fill(offset, of: 0) }
                try writer.flush()
                try fixture.send(subjects.map { Fixture.enrolment(of: $0) })
                try fixture.waitForFold(of: subjects.count, by: service)
            }
            let archive = ArchiveFrames(LocalData(folder.path).archive(0))
            let topic = try LedgerTopicFrames(fixture.kafka, topic: fixture.topics.ledger, partition: 0)
            var offsets: [Int64] = []
            while let frame = try topic.next() {
                offsets.append(frame.offset)
                #expect(try archive.next()?.offset == frame.offset)
            }
            #expect(offsets.first == before && offsets.dropFirst().first == before + 3)
            #expect(try archive.next() == nil)
        }
    }
}
