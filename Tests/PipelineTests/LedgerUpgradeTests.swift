import Events
import Foundation
import Kafka
import Ledger
import Logging
import Pipeline
import Replay
import Testing

extension PipelineServiceTests {
    /// A ledger that was begun before ledgers had names moves to the newest fold version.
    @Suite struct LedgerUpgradeTests {
        private typealias Fixture = PipelineFixture

        /// The members of a fact that tell one fold version from another.
        private struct Form: Decodable, Equatable {
            let source: String
            let hasTextSequence: Bool

            private enum Key: String, CodingKey { case source, sequence }

            init(source: String, hasTextSequence: Bool) {
                (self.source, self.hasTextSequence) = (source, hasTextSequence)
            }

            init(from decoder: any Decoder) throws {
                let values = try decoder.container(keyedBy: Key.self)
                source = try values.decode(String.self, forKey: .source)
                hasTextSequence = (try? values.decode(String.self, forKey: .sequence)) != nil
            }
        }

        private static let before = Form(source: "/standing/hamlet", hasTextSequence: false)
        private static let after = Form(source: "/standing/old-town/hamlet", hasTextSequence: true)

        /// A frame of one entry that Standing has written.
        private func frame(_ type: String, session: UInt64, _ data: [String: Any]) throws -> [UInt8] {
            let texts = [Array("entry".utf8), Array("/standing".utf8), Array(type.utf8)]
            let json = Array(try JSONSerialization.data(withJSONObject: data))
            var builder = FrameBuilder()
            texts[0].withUnsafeBytes { id in
                texts[1].withUnsafeBytes { source in
                    texts[2].withUnsafeBytes { type in
                        json.withUnsafeBytes { data in
                            var event = EventView.empty
                            (event.id, event.source, event.type, event.data) = (id, source, type, data)
                            event.time = .distantPast
                            builder.append(system: event)
                        }
                    }
                }
            }
            return builder.finish(session: session, number: 0) { Array($0) }
        }

        private func beginning() throws -> [UInt8] {
            try frame("standing.policy.activated", session: 7, ["policy": Fixture.policyText])
        }

        /// Waits for as many facts of the score, and gives them by subject.
        private func forms(_ fixture: Fixture, count: Int) throws -> [String: [Form]] {
            var facts: [Fixture.Read] = []
            try fixture.wait("\(count) facts") {
                facts = try fixture.read(fixture.topics.facts[0])
                return facts.count >= count
            }
            var forms: [String: [Form]] = [:]
            for fact in facts {
                let subject = String(decoding: fact.key ?? [], as: UTF8.self)
                forms[subject, default: []].append(
                    try JSONDecoder().decode(Form.self, from: Data(try #require(fact.value))))
            }
            return forms
        }

        private func upgrade(_ fixture: Fixture) -> LedgerUpgrade {
            LedgerUpgrade(PipelineConfiguration(kafka: fixture.kafka, topics: fixture.topics))
        }

        private func refusal(_ fixture: Fixture, name: String) throws -> String {
            let refused = #expect(throws: LedgerUpgrade.Refused.self) {
                try upgrade(fixture).run(name: name, id: "u0")
            }
            return try #require(refused).description
        }

        @Test func everyPartitionMovesAtAnEntryOfItsOwn() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            for partition in 0..<Int32(fixture.ledgerPartitions) {
                try fixture.append([try beginning()], toLedger: partition)
            }
            let first = Fixture.subjects(6)
            let second = Fixture.subjects(12).suffix(6)
            try fixture.running(fixture.service(policy: nil)) { service in
                try fixture.send(first.map { Fixture.enrolment(of: $0) })
                try fixture.waitForFold(of: 6, by: service)
                let old = try forms(fixture, count: first.count)
                for subject in first { #expect(old[subject] == [Self.before]) }

                // Beside a member that runs.
                let outcome = try upgrade(fixture).run(name: "old-town", id: "u1")
                #expect(outcome.foldVersion == 9 && outcome.partitions == 2 && outcome.upgraded == [0, 1])
                #expect(try upgrade(fixture).run(name: "old-town", id: "u2").upgraded == [])
                #expect(try refusal(fixture, name: "new-town").hasSuffix("has the name old-town for good"))

                try fixture.send(second.map { Fixture.enrolment(of: $0) })
                try fixture.waitForFold(of: 12, by: service)
                let all = try forms(fixture, count: first.count + second.count)
                for subject in first { #expect(all[subject] == [Self.before]) }
                for subject in second { #expect(all[subject] == [Self.after]) }
            }
        }

        /// Under an older fold version the entry of the act would count for nothing.
        @Test func aSourceIsWithdrawnOnlyAfterIt() async throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            for partition in 0..<Int32(fixture.ledgerPartitions) {
                try fixture.append([try beginning()], toLedger: partition)
            }
            let logger = Logger(label: "upgrade-tests", factory: { _ in SwiftLogNoOpLogHandler() })
            let service = fixture.service(policy: nil) { $0.clock = .wall }
            let acts = try ControlActs(service, kafka: fixture.kafka, signer: nil, logger: logger)
            defer { acts.close() }
            func refusal(_ kind: ControlAct.Kind) async throws -> ControlRefusal? {
                let body = Array(#"{"topic":"bills","reason":"the contract ended"}"#.utf8)
                let request = try ControlRequest(kind, subject: nil, body: body, actor: "ana", key: "k")
                do {
                    try await acts.check(request)
                    return nil
                } catch {
                    return error
                }
            }
            guard case .refused(let reason) = await acts.review(withdrawing: "bills", wait: Fixture.patience) else {
                Issue.record("it is counted")
                return
            }
            #expect(reason.contains("`standing ledger upgrade` moves it"), "\(reason)")
            for kind in [ControlAct.Kind.withdrawSource, .restoreSource] {
                let refused = try #require(try await refusal(kind))
                #expect(refused.status == 409 && refused.code == "older-ledger")
                #expect(refused.detail.contains("`standing ledger upgrade` moves it"), "\(refused.detail)")
            }
            #expect(try upgrade(fixture).run(name: "old-town", id: "u1").foldVersion == 9)
            #expect(try await refusal(.withdrawSource) == nil)
            #expect(try await refusal(.restoreSource)?.code == "not-withdrawn")
            #expect(try fixture.read(Fixture.control).isEmpty)
        }

        @Test func oneThatWasInterruptedIsEnded() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let moved = try frame(
                "standing.ledger.upgraded", session: 8, ["ledger": "old-town", "fold-version": 9])
            try fixture.append([try beginning(), moved], toLedger: 0)
            // Nothing is moved while a part of the ledger is empty.
            #expect(try refusal(fixture, name: "old-town").hasPrefix("ledger partition 1 is empty: `standing serve"))
            try fixture.append([try beginning()], toLedger: 1)
            #expect(try refusal(fixture, name: "new-town").contains("ledger partition 0"))
            #expect(try fixture.read(fixture.topics.ledger).count == 3)
            let progress = ReplayProgress()
            #expect(try upgrade(fixture).run(name: "old-town", id: "u1", progress: progress).upgraded == [1])
            #expect(progress.total == 3 && progress.offsets == 3)
            #expect(try fixture.read(fixture.topics.ledger).count == 4)
        }

        @Test func whatIsEmptyOrUnknownIsRefused() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            #expect(try refusal(fixture, name: "old-town").contains("is empty: `standing serve --policy FILE`"))
            let strange = try frame(
                "standing.policy.activated", session: 7,
                ["policy": Fixture.policyText, "ledger": "city", "fold-version": 99])
            try fixture.append([strange], toLedger: 0)
            #expect(try refusal(fixture, name: "old-town").contains("fold version 99"))
            #expect(try fixture.read(fixture.topics.ledger).count == 1)
        }
    }
}
