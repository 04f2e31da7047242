import Events
import Foundation
import Ledger
import Logging
import Testing

@testable import Pipeline

extension PipelineServiceTests {
    /// Acts about sources that some ledger partitions have, and others not.
    @Suite struct SourceActLogTests {
        private typealias Fixture = PipelineFixture

        private static let source = "/standing/test"

        /// The first frame of a ledger partition.
        private func beginning(version: Int) throws -> [UInt8] {
            let data: [String: Any] =
                version > 1
                ? ["policy": Fixture.policyText, "ledger": "town", "fold-version": version]
                : ["policy": Fixture.policyText]
            let json = Array(try JSONSerialization.data(withJSONObject: data))
            var builder = FrameBuilder()
            lend("entry", "standing.policy.activated", json, at: .distantPast) { builder.append(system: $0) }
            return builder.finish(session: 7, number: 0) { Array($0) }
        }

        /// A frame with an act, which has the id `act-NUMBER` and the same origin in every partition.
        private func act(_ type: String, _ topic: String = Fixture.bills, number: Int64 = 0) -> [UInt8] {
            var builder = FrameBuilder()
            let data = Array(#"{"topic":"\#(topic)","reason":"the contract ended"}"#.utf8)
            let time = Timestamp(microseconds: 1_700_000_000_000_000)
            lend("act-\(number)", type, data, at: time) { event in
                Array(Fixture.control.utf8).withUnsafeBytes {
                    builder.append(event, topic: $0, partition: 0, offset: number)
                }
            }
            return builder.finish(session: 8 + UInt64(number), number: 0) { Array($0) }
        }

        private func lend(
            _ id: String, _ type: String, _ data: [UInt8], at time: Timestamp, _ body: (EventView) -> Void
        ) {
            let texts = [id, Self.source, type].map { Array($0.utf8) }
            texts[0].withUnsafeBytes { id in
                texts[1].withUnsafeBytes { source in
                    texts[2].withUnsafeBytes { type in
                        data.withUnsafeBytes { data in
                            var event = EventView.empty
                            (event.id, event.source, event.type, event.data) = (id, source, type, data)
                            event.time = time
                            body(event)
                        }
                    }
                }
            }
        }

        private func log(_ fixture: Fixture) -> SourceActLog {
            let configuration = PipelineConfiguration(kafka: fixture.kafka, topics: fixture.topics)
            return SourceActLog(configuration, first: PolicyLog(configuration))
        }

        private func read(_ log: SourceActLog, id: String = "act-0") throws -> SourceActLog.Acts {
            let reading = try log.read(
                about: Fixture.bills, event: (Self.source, id), until: .now + Fixture.patience)
            guard case .acts(let acts) = reading else {
                Issue.record("the reading takes long")
                return SourceActLog.Acts()
            }
            return acts
        }

        @Test func everyPartitionIsReadAndReadOn() throws {
            let fixture = try Fixture(ledgerPartitions: 3)
            defer { withExtendedLifetime(fixture) {} }
            for partition in 0..<3 as Range<Int32> {
                try fixture.append([try beginning(version: 8)], toLedger: partition)
            }
            let log = log(fixture)
            let before = try read(log)
            #expect(before.foldVersion == 8 && before.withoutPolicy.isEmpty && before.withdrawn.topics.isEmpty)
            #expect(before.ignoringEvent == [0, 1, 2] && !before.hasSource)
            for partition in [2, 1] as [Int32] {
                try fixture.append([act("standing.source.withdrawn")], toLedger: partition)
            }
            let after = try read(log)
            #expect(after.withdrawn.extent(of: Fixture.bills)?.partitions == [1, 2])
            #expect(after.ignoringEvent == [0] && after.activePolicy == PolicyHash.of(Fixture.policyText))
            try fixture.append([act("standing.source.restored", number: 1)], toLedger: 1)
            #expect(try read(log, id: "act-1").withdrawn.extent(of: Fixture.bills)?.partitions == [2])
        }

        @Test func aPartitionOfAnOlderFoldVersionIgnoresAnAct() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            for (partition, version) in [(0, 8), (1, 1)] as [(Int32, Int)] {
                try fixture.append(
                    [try beginning(version: version), act("standing.source.withdrawn")], toLedger: partition)
            }
            let acts = try read(log(fixture))
            #expect(acts.foldVersion == 1 && acts.ignoringEvent == [1])
            #expect(acts.withdrawn.extent(of: Fixture.bills)?.partitions == [0])
        }

        @Test func aReadingThatTakesTooLongIsContinued() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            for partition in 0..<2 as Range<Int32> {
                try fixture.append([try beginning(version: 8)], toLedger: partition)
            }
            let log = log(fixture)
            guard case .underWay = try log.read(about: Fixture.bills, event: (Self.source, "act-0"), until: .now) else {
                Issue.record("it has no deadline")
                return
            }
            #expect(try read(log).withdrawn.partitions.count == 2)
        }

        /// An act is refused only where it would change nothing in any partition.
        @Test func anActThatOnlySomePartitionsHaveIsDoneInTheOthers() async throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let logger = Logger(label: "source-act-tests", factory: { _ in SwiftLogNoOpLogHandler() })
            let acts = try ControlActs(
                fixture.service(policy: nil) { $0.clock = .wall }, kafka: fixture.kafka, signer: nil, logger: logger)
            defer { acts.close() }
            func refusal(_ kind: ControlAct.Kind) async throws -> String? {
                let body = Array(#"{"topic":"bills","reason":"the contract ended"}"#.utf8)
                let request = try ControlRequest(kind, subject: nil, body: body, actor: "ana", key: "k")
                do {
                    try await acts.check(request)
                    return nil
                } catch {
                    return error.code
                }
            }
            try fixture.append([try beginning(version: 8)], toLedger: 0)
            #expect(try await refusal(.withdrawSource) == "partition-without-policy")
            try fixture.append([try beginning(version: 8)], toLedger: 1)
            #expect(try await refusal(.withdrawSource) == nil)
            #expect(try await refusal(.restoreSource) == "not-withdrawn")

            try fixture.append([act("standing.source.withdrawn")], toLedger: 1)
            #expect(try await refusal(.withdrawSource) == nil, "the first partition does not have it")
            #expect(try await refusal(.restoreSource) == nil)

            try fixture.append([act("standing.source.withdrawn")], toLedger: 0)
            #expect(try await refusal(.withdrawSource) == "withdrawn-already")
            #expect(try await refusal(.restoreSource) == nil)
            #expect(try fixture.read(Fixture.control).isEmpty)
        }
    }
}
