import Events
import Foundation
import Kafka
import Ledger
import Logging
import Policy
import Scoring
import Testing

@testable import Pipeline

extension PipelineServiceTests {
    /// Acts of people, on librdkafka's broker: each is done once, and who has no key does nothing.
    @Suite struct ControlActsTests {
        private typealias Fixture = PipelineFixture

        private let logger = Logger(label: "acts-tests", factory: { _ in SwiftLogNoOpLogHandler() })

        private func wait(_ what: Comment, until condition: () throws -> Bool) async throws {
            let end = ContinuousClock.now + Fixture.patience
            while try !condition() {
                try #require(ContinuousClock.now < end, what)
                try await Task.sleep(for: .milliseconds(10))
            }
        }

        private func running(
            _ services: [PipelineService], _ body: () async throws -> Void
        ) async throws {
            for service in services { service.start() }
            var failure: (any Error)?
            do {
                try await wait("ready") { services.allSatisfy { $0.isReady || $0.finalFailure != nil } }
                try await body()
            } catch {
                failure = error
            }
            for service in services { service.requestStop() }
            for service in services { _ = await onThread { try service.join() } }
            if let failure { throw failure }
        }

        private func acts(
            _ service: PipelineService, _ fixture: Fixture, signer: ControlSigner? = nil
        ) async throws -> ControlActs {
            let acts = try ControlActs(service, kafka: fixture.kafka, signer: signer, logger: logger)
            try await wait("acts are known") { acts.isReady }
            return acts
        }

        private static func enrolment(
            of subject: String, terms: String = "1", actor: String = "nora", key: String = "k1"
        ) throws -> ControlRequest {
            try ControlRequest(
                .enrol, subject: Array(subject.utf8),
                body: Array(#"{"kind":"individual","terms":"\#(terms)","reason":"asked for"}"#.utf8), actor: actor,
                key: key)
        }

        private static func isEnrolled(_ subject: String, _ service: PipelineService) -> Bool {
            if case .found = service.standing(of: Array(subject.utf8)) { true } else { false }
        }

        private static func code(_ body: () async throws -> Void) async -> String? {
            do {
                try await body()
                return nil
            } catch {
                return (error as? ControlRefusal)?.code ?? "\(error)"
            }
        }

        @Test func anActIsAnsweredWithItsPositionAndItsFactsAndDoneOnce() async throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let service = fixture.service(policy: fixture.policy) { $0.clock = .wall }
            try await running([service]) {
                let acts = try await acts(service, fixture)
                defer { acts.close() }
                let request = try Self.enrolment(of: "anna")
                let result = try await acts.perform(request, wait: .seconds(60), wantsFacts: true)
                #expect(result.status == .done && !result.isRepeat)
                let position = try #require(result.position)
                #expect(Int(position.partition) == fixture.partition(of: "anna"))
                let facts = try #require(result.facts).map { String(decoding: $0, as: UTF8.self) }
                #expect(facts.contains { $0.contains("standing.score.changed") })
                let prefix = "\"id\":\"\(position.partition)-\(position.offset)-\(position.entry)-"
                #expect(facts.allSatisfy { $0.contains(prefix) && $0.contains("\"subject\":\"anna\"") })
                #expect(Self.isEnrolled("anna", service))

                // The same once more, also while another one waits.
                let again = try await acts.perform(request, wait: .seconds(30))
                #expect(again.status == .done && again.isRepeat && again.id == result.id)
                #expect(
                    await Self.code { _ = try await acts.perform(try Self.enrolment(of: "anna", terms: "2")) }
                        == "key-reused")
                #expect(await Self.code { _ = try await acts.perform(try Self.enrolment(of: "bob")) } == "key-reused")
                #expect(!Self.isEnrolled("bob", service))
                // Another person's key is another one.
                let other = try await acts.perform(
                    try Self.enrolment(of: "bob", actor: "mark"), wait: .seconds(60))
                #expect(other.status == .done && !other.isRepeat && other.id != result.id)
            }
            #expect(try fixture.read(Fixture.control).count == 2)
            let event = try #require(
                try fixture.read(Fixture.control).first?.value.map { String(decoding: $0, as: UTF8.self) })
            #expect(event.contains(#""actor":"nora""#) && event.contains(#""reason":"asked for""#))
            #expect(event.contains(#""source":"/standing/api/ledger""#))
        }

        @Test func anActWhoseAnswerWasLostIsNotDoneAgain() async throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let service = fixture.service(policy: fixture.policy) { $0.clock = .wall }
            try await running([service]) {
                let before = try await acts(service, fixture)
                // Sent, and nobody waits for the answer.
                _ = try await before.perform(try Self.enrolment(of: "anna"), wait: .zero)
                before.close()
                let after = try await acts(service, fixture)
                defer { after.close() }
                let result = try await after.perform(try Self.enrolment(of: "anna"), wait: .seconds(60))
                #expect(result.status == .done && result.isRepeat)
                try await wait("enrolled") { Self.isEnrolled("anna", service) }
                #expect(service.foldCounters.enrolments == 1)
            }
            #expect(try fixture.read(Fixture.control).count == 1)
        }

        @Test func aSecondMemberKnowsWhatTheFirstHasDone() async throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let services = (0..<2).map { _ in fixture.service(policy: fixture.policy) { $0.clock = .wall } }
            try await running(services) {
                let (one, two) = (try await acts(services[0], fixture), try await acts(services[1], fixture))
                defer {
                    one.close()
                    two.close()
                }
                for (index, subject) in Fixture.subjects(6).enumerated() {
                    let request = try Self.enrolment(of: subject, key: "k\(index)")
                    // Any owner of the subject's partition.
                    let first = try await one.perform(request, wait: .seconds(60))
                    #expect(first.status == .done && first.position != nil)
                    // The second member has read it once its own event has come after it.
                    try await wait("the act is known") { two.recent[request.eventID] != nil }
                    let second = try await two.perform(request, wait: .seconds(60))
                    #expect(second.status == .done && second.isRepeat && second.id == first.id)
                    let other = try Self.enrolment(of: subject, terms: "2", key: "k\(index)")
                    #expect(await Self.code { _ = try await two.perform(other) } == "key-reused")
                }
            }
            #expect(try fixture.read(Fixture.control).count == 6)
        }

        // MARK: Policies

        private static func activation(
            of text: String, against active: String, breaches: Int = 0, key: String
        ) throws -> ControlRequest {
            var body = JSONWriter()
            body.open()
            var proposal = JSONWriter()
            proposal.open()
            proposal.member("proposal", json: "2")
            proposal.member("policy", text)
            proposal.member("against", PolicyHash.of(active))
            proposal.member("breachCount", breaches)
            proposal.close()
            body.member("proposal", json: proposal.text)
            body.member("reason", "fairer")
            body.close()
            return try ControlRequest(.activate, subject: nil, body: body.take(), actor: "olga", key: key)
        }

        /// The budget is reckoned from the ledger: a document that counts no breaches does not pass it.
        @Test func aPolicyIsActivatedAndRolledBackWithinItsBudget() async throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let first = Fixture.policyText + "\nharm-budget: {largest-loss: 5}\n"
            let service = fixture.service(policy: try ScoringPolicy(yaml: first, file: "hamlet.yaml")) {
                $0.clock = .wall
            }
            let second = first.replacing("version: 1", with: "version: 2")
            func version() -> Int64? { service.partitions.first?.policy?.version }
            try await running([service]) {
                let acts = try await acts(service, fixture)
                defer { acts.close() }
                #expect(
                    await Self.code {
                        _ = try await acts.perform(
                            try Self.activation(of: second, against: first, breaches: 1, key: "a"))
                    } == "harm-budget")
                _ = try await acts.perform(try Self.enrolment(of: "anna"), wait: .seconds(60))
                for (base, code) in [("494", "harm-budget"), ("495", nil)] {
                    let other = second.replacing("base: 500", with: "base: \(base)")
                    let request = try Self.activation(of: other, against: first, key: base)
                    #expect(await Self.code { try await acts.check(request) } == code, "\(base)")
                }
                #expect(
                    await Self.code {
                        _ = try await acts.perform(try Self.activation(of: second, against: second, key: "b"))
                    } == "other-policy")
                let request = try Self.activation(of: second, against: first, key: "c")
                let result = try await acts.perform(request, wait: .seconds(60))
                #expect(result.status == .done && result.details == #"{"outcome":"activated"}"#)
                try await wait("switched") { version() == 2 }
                let back = try ControlRequest(
                    .rollback, subject: nil, body: Array(#"{"reason":"too harsh"}"#.utf8), actor: "olga", key: "d")
                #expect(try await acts.perform(back, wait: .seconds(60)).details == #"{"outcome":"activated"}"#)
                try await wait("switched back") { version() == 1 }
                // The first activation, asked for once more, is not done again.
                #expect(try await acts.perform(request, wait: .seconds(60)).isRepeat)
                #expect(version() == 1)
            }
            #expect(try fixture.read(Fixture.control).count == 3)
        }

        // MARK: Signatures

        private func keys() throws -> (keys: ControlKeys, desk: ControlSigner, board: ControlSigner) {
            let folder = FileManager.default.temporaryDirectory.appending(path: "acts-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            func signer(_ name: String, _ acts: [String]) throws -> (ControlSigner, String) {
                let key = try ControlSigner.generate(name: name, acts: acts)
                let path = folder.appending(path: name).path
                #expect(
                    FileManager.default.createFile(
                        atPath: path, contents: Data(key.privateFile.utf8), attributes: [.posixPermissions: 0o600]))
                return (try ControlSigner(file: path), key.publicFile)
            }
            let (desk, board) = (try signer("desk", ["enrol"]), try signer("board", ["activate", "void"]))
            let path = folder.appending(path: "control.pub").path
            try Data((desk.1 + board.1).utf8).write(to: URL(filePath: path))
            return (try ControlKeys(file: path), desk.0, board.0)
        }

        @Test func whoHasNoKeyEnrolsNobodyAndPassesNoHarmBudget() async throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let (keys, desk, _) = try keys()
            let service = fixture.service(policy: fixture.policy) {
                $0.clock = .wall
                $0.controlKeys = keys
            }
            let harsher = try ScoringPolicy(
                yaml: Fixture.policyText.replacing("version: 1", with: "version: 2"), file: "harsher.yaml")
            try await running([service]) {
                // Straight to the topic, past whatever would have looked at it.
                try fixture.send([
                    Fixture.enrolment(of: "mallory"), Fixture.activation(of: harsher, on: 5, replaces: fixture.policy),
                ])
                let acts = try await acts(service, fixture, signer: desk)
                defer { acts.close() }
                let enrolled = try await acts.perform(try Self.enrolment(of: "anna"), wait: .seconds(60))
                #expect(enrolled.status == .done)
                let isOfBoard = try ControlRequest(
                    .void, subject: Array("anna".utf8), body: Array(#"{"source":"/b","id":"1","reason":"x"}"#.utf8),
                    actor: "nora", key: "v")
                #expect(await Self.code { _ = try await acts.perform(isOfBoard) } == "key-not-allowed")
                let unsigned = try await self.acts(service, fixture)
                defer { unsigned.close() }
                #expect(
                    await Self.code { _ = try await unsigned.perform(try Self.enrolment(of: "bob", key: "k2")) }
                        == "not-ready")
                try await wait("the dead letters") { service.status.intake.deadLetterTotal >= 2 }
                #expect(service.status.intake.deadLetters == ["control/not-signed": 2])
                #expect(Self.isEnrolled("anna", service) && !Self.isEnrolled("mallory", service))
                #expect(service.partitions.allSatisfy { $0.policy?.version == 1 })
            }
        }

        @Test func anActThatIntakePutsAsideIsAnsweredAndCanBeDoneAgain() async throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let (keys, desk, _) = try keys()
            let intake = fixture.service(policy: fixture.policy, roles: [.intake]) {
                $0.clock = .wall
                $0.controlKeys = keys
            }
            // It does not have the keys that the other member asks for.
            let fold = fixture.service(policy: fixture.policy, roles: [.fold]) { $0.clock = .wall }
            try await running([intake, fold]) {
                let unsigned = try await acts(fold, fixture)
                let request = try Self.enrolment(of: "anna")
                #expect(
                    await Self.code { _ = try await unsigned.perform(request, wait: .seconds(60)) } == "turned-away")
                unsigned.close()
                // The event that was put aside is no act to those who know the keys.
                let signed = try await acts(intake, fixture, signer: desk)
                defer { signed.close() }
                let result = try await signed.perform(request, wait: .seconds(60))
                #expect(result.status == .done && !result.isRepeat)
                try await wait("enrolled") { Self.isEnrolled("anna", fold) }
            }
            #expect(try fixture.read(Fixture.control).count == 2)
        }

        @Test func aSignatureIsOfOneEventAndItsKeysActs() throws {
            let (keys, desk, board) = try keys()
            let decoder = RecordDecoder(controlKeys: keys)
            func event(_ signer: ControlSigner?, subject: String = "anna", terms: String = "1") -> ControlEvent {
                var data = JSONWriter()
                data.open()
                data.member("kind", "individual")
                data.member("terms", terms)
                data.close()
                return ControlEvent(
                    type: .enrolled, id: "1", source: "/desk", subject: subject, time: EntryTime.first, actor: "nora",
                    approver: nil, reason: "asked \"for\"", digest: "", data: data.take())
            }
            func code(_ bytes: [UInt8]) -> String? {
                bytes.withUnsafeBytes { value in
                    Array("application/cloudevents+json".utf8).withUnsafeBytes { type in
                        let record = MemoryRecord(key: nil, value: value, headers: [("content-type", type)])
                        var event = EventView.empty
                        return withUnsafePointer(to: record) {
                            decoder.decode(
                                Record(source: 0, offset: 0, memory: $0), fromControlTopic: true, latest: .max,
                                into: &event)?.code
                        }
                    }
                }
            }
            let signed = event(desk).encoded(signedBy: desk)
            #expect(code(signed) == nil)
            #expect(code(event(nil).encoded(signedBy: nil)) == "control/not-signed")
            #expect(code(event(board).encoded(signedBy: board)) == "control/not-allowed")
            let text = String(decoding: signed, as: UTF8.self)
            for (old, new) in [
                ("\"anna\"", "\"bob\""), ("\"terms\":\"1\"", "\"terms\":\"2\""), ("\"nora\"", "\"mark\""),
                ("\"desk\"", "\"board\""), ("/desk", "/bank"), ("asked", "not asked"),
            ] {
                let changed = text.replacing(old, with: new)
                #expect(changed != text && code(Array(changed.utf8)) == "control/bad-signature", "\(new)")
            }
            // A behaviour event on the control topic needs no key.
            let behaviour = Fixture.bill("b", of: "anna").value ?? []
            #expect(code(behaviour) == nil)
        }
    }
}
