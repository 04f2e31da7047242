import Foundation
import Kafka
import Pipeline
import Replay
import Scoring
import Testing

extension PipelineServiceTests {
    /// Dead letters, looked at and sent to intake again.
    @Suite struct RedriveTests {
        private typealias Fixture = PipelineFixture

        private func letters(_ fixture: Fixture, _ filter: DeadLetterTopic.Filter = .init()) throws -> [DeadLetter] {
            var found: [DeadLetter] = []
            try DeadLetterTopic(fixture.kafka, topic: fixture.topics.deadLetter).forEach(filter) { found.append($0) }
            return found.sorted { $0.position < $1.position }
        }

        private func redrive(
            _ fixture: Fixture, repaired: [UInt8]? = nil, isDryRun: Bool = false, allowsControl: Bool = false,
            _ change: (inout DeadLetterTopic.Filter) -> Void = { _ in }
        ) throws -> Redrive.Summary {
            var filter = DeadLetterTopic.Filter()
            change(&filter)
            let redrive = try Redrive(
                fixture.kafka, deadLetters: fixture.topics.deadLetter, control: Fixture.control,
                sources: fixture.topics.sources)
            return try redrive.run(filter, repaired: repaired, isDryRun: isDryRun, allowsControl: allowsControl)
        }

        private static func early(_ id: String, of subject: String) -> Fixture.Sent {
            // Two hours ahead: too early for a skew of minutes, good for one of days.
            let time = Date(timeIntervalSinceNow: 7200).ISO8601Format()
            return Fixture.event(id, "bill.paid", of: subject, at: time, to: Fixture.bills)
        }

        private func score(_ service: PipelineService, of subject: String) -> Int64? {
            guard case .found(let answer) = service.standing(of: Array(subject.utf8)) else { return nil }
            return Int64(answer.standing.level.score)
        }

        @Test func lettersGoBackAsTheyWereAndOnce() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            var keyless = Self.early("early-keyless", of: "anna")
            keyless.key = nil
            let broken = Fixture.Sent(
                topic: Fixture.rides, key: Array("anna".utf8), value: [0xFF, 0x00],
                headers: Fixture.structured + [.init("trace", bytes: [0, 255]), .init("void", bytes: nil)])
            let early = (0..<20).map { Self.early("early-\($0)", of: "anna") }
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send([Fixture.enrolment(of: "anna")] + early + [keyless, broken])
                try fixture.send([Fixture.bill("good", of: "anna")])
                try fixture.waitForFold(of: 2, by: service)
                try fixture.wait("the letters") { service.status.intake.deadLetters.values.reduce(0, +) >= 22 }
                // What came later is not held up.
                #expect(score(service, of: "anna") == 510)
            }
            let found = try letters(fixture)
            #expect(found.count == 22)
            let odd = try #require(found.first { $0.source.topic == Fixture.rides })
            #expect(odd.reason == "event/invalid-utf-8")
            #expect(odd.key == broken.key && odd.value == broken.value)
            #expect(odd.headers.map { Fixture.Sent.Header($0.name, bytes: $0.value) } == broken.headers)
            #expect(
                try letters(fixture) { $0.reason = "time/in-the-future" }.count == 21)
            #expect(try letters(fixture) { $0.topic = Fixture.rides }.map(\.position) == [odd.position])
            #expect(try letters(fixture) { $0.until = odd.timestamp - 3_600_000 }.isEmpty)
            #expect(try letters(fixture) { $0.since = odd.timestamp - 3_600_000 }.count == 22)

            let sources = [Fixture.bills, Fixture.rides]
            let before = try sources.map { try fixture.read($0).count }
            let dry = try redrive(fixture, isDryRun: true)
            #expect(dry.sent == [Fixture.bills: 21, Fixture.rides: 1] && dry.withoutKey == 1)
            #expect(try sources.map { try fixture.read($0).count } == before)

            #expect(try redrive(fixture) { $0.reason = "time/in-the-future" }.total == 21)
            let repaired = Array(try #require(Fixture.ride("mended", of: "anna").value))
            #expect(try redrive(fixture, repaired: repaired) { $0.positions = [odd.position] }.total == 1)
            // Each once.
            let again = try redrive(fixture)
            #expect(again.total == 0 && again.alreadySent == 22)

            let returned = try fixture.read(Fixture.bills).filter { $0.header(DeadLetter.redriveOf) != nil }
            #expect(returned.count == 21)
            // One partition, in their order, as they were.
            let ordered = returned.filter { $0.key != nil }
            #expect(ordered.map(\.value) == early.map(\.value))
            #expect(ordered.allSatisfy { $0.headers.dropLast() == Fixture.structured[...] })

            let tolerant = fixture.service(policy: nil) { $0.allowedSkew = 86_400_000_000 }
            try fixture.running(tolerant) { service in
                try fixture.waitForFold(of: 2 + 22, by: service)
                #expect(score(service, of: "anna") == 721)
                #expect(service.foldCounters.duplicates == 0)
            }
            _ = try fixture.checkedFacts()
        }

        @Test func whatIsStillNoEventIsANewLetter() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let broken = Fixture.Sent(topic: Fixture.bills, key: nil, value: Array("?".utf8), headers: [])
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send([broken])
                var found: [DeadLetter] = []
                func wait(_ count: Int) throws {
                    try fixture.wait("\(count) letters") {
                        found = try letters(fixture)
                        return found.count == count
                    }
                }
                try wait(1)
                let first = try #require(found.first)
                #expect(try redrive(fixture).total == 1)
                try wait(2)
                try fixture.wait("counted") { service.status.intake.deadLetters.values.reduce(0, +) >= 2 }
                let second = found.last { $0.position != first.position }
                #expect(second?.value == broken.value)
                #expect(
                    second?.headers.map(\.name) == [DeadLetter.redriveOf]
                        && second?.headers.first?.value == Array(first.position.description.utf8))
                // It can go once more, and only it.
                let third = try redrive(fixture)
                #expect(third.total == 1 && third.alreadySent == 1)
            }
        }

        @Test func whatCannotGoStaysAndIsNamed() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            func report(_ topic: String, _ more: [Fixture.Sent.Header] = []) -> Fixture.Sent {
                Self.report(topic, more, in: fixture)
            }
            let stray = Fixture.Sent(topic: fixture.topics.deadLetter, key: nil, value: [1], headers: [])
            try fixture.send([
                report("gone"), report(Fixture.bills, [.init("__connect.errors.value.dropped.bytes", "9000000")]),
                stray, report(Fixture.rides),
            ])
            let summary = try redrive(fixture)
            #expect(summary.withoutTopic == [.init(partition: 0, offset: 0)])
            #expect(summary.withoutBytes == [.init(partition: 0, offset: 1)])
            // Its partition is no longer there: it goes to its key's.
            #expect(summary.sent == [Fixture.rides: 1])
            #expect(summary.staying == 2 && summary.found == 3)
            #expect(try fixture.read(Fixture.rides).map(\.value) == [Array("{".utf8)])
            let given = try redrive(fixture, repaired: [1, 2]) { $0.positions = [.init(partition: 0, offset: 1)] }
            #expect(given.total == 1)
            #expect(try fixture.read(Fixture.bills).map(\.value) == [[1, 2]])
        }

        /// A letter that says where it came from, written by anybody.
        private static func report(
            _ topic: String, _ more: [Fixture.Sent.Header] = [], in fixture: Fixture
        ) -> Fixture.Sent {
            let headers: [Fixture.Sent.Header] = [
                .init("__connect.errors.topic", topic), .init("__connect.errors.partition", "9"),
                .init("__connect.errors.offset", "7"),
                .init("__connect.errors.exception.class.name", "event/not-json"),
            ]
            return Fixture.Sent(
                topic: fixture.topics.deadLetter, key: Array("k".utf8), value: Array("{".utf8),
                headers: headers + more)
        }

        @Test func aLetterGoesToTheControlTopicOnlyWhereThatIsAllowed() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            var enrolment = Self.report(Fixture.control, in: fixture)
            enrolment.value = Fixture.enrolment(of: "mallory").value
            try fixture.send([enrolment, Self.report(Fixture.bills, in: fixture)])
            let position = DeadLetter.Position(partition: 0, offset: 0)
            for isDryRun in [true, false] {
                let summary = try redrive(fixture, isDryRun: isDryRun)
                #expect(summary.withheld == [position] && summary.sent == [Fixture.bills: 1])
            }
            // Neither a name nor other bytes open it.
            let repaired = try redrive(fixture, repaired: enrolment.value) { $0.positions = [position] }
            #expect(repaired.withheld == [position] && repaired.total == 0)
            #expect(try redrive(fixture) { $0.topic = Fixture.control }.total == 0)
            #expect(try fixture.read(Fixture.control).isEmpty)

            let allowed = try redrive(fixture, allowsControl: true)
            #expect(allowed.sent == [Fixture.control: 1] && allowed.withheld.isEmpty && allowed.alreadySent == 1)
            #expect(try fixture.read(Fixture.control).map(\.value) == [enrolment.value])
            // Once, as every letter.
            #expect(try redrive(fixture, allowsControl: true).alreadySent == 2)
        }

        @Test func aLetterGoesToNoTopicThatIntakeDoesNotRead() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let others = [fixture.topics.ledger, fixture.topics.deadLetter] + fixture.topics.facts
            try fixture.send(others.map { Self.report($0, in: fixture) })
            let summary = try redrive(fixture, allowsControl: true)
            #expect(summary.withoutTopic.count == others.count && summary.total == 0)
            #expect(try fixture.read(fixture.topics.deadLetter).count == others.count)
            for topic in others where topic != fixture.topics.deadLetter {
                #expect(try fixture.read(topic).isEmpty)
            }
        }

        @Test func aDiscardedLetterStaysThereAndNoRedriveTakesIt() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            // The original of the last one had headers that look like marks beside the others; a letter is no mark.
            let alike: [Fixture.Sent.Header] = [.init("standing.redriven", "0"), .init("standing.discarded", "1")]
            try fixture.send([
                Self.report(Fixture.bills, in: fixture), Self.report(Fixture.bills, in: fixture),
                Self.report(Fixture.rides, alike, in: fixture),
            ])
            func discard(
                isDryRun: Bool = false, _ positions: Set<DeadLetter.Position>? = nil
            ) throws -> Discard.Summary {
                var filter = DeadLetterTopic.Filter()
                filter.positions = positions
                return try Discard(fixture.kafka, deadLetters: fixture.topics.deadLetter).run(
                    filter, reason: "the sender tried it out", isDryRun: isDryRun)
            }
            let first = DeadLetter.Position(partition: 0, offset: 0)
            #expect(try discard(isDryRun: true, [first]).discarded == 1)
            #expect(try redrive(fixture, isDryRun: true).total == 3)

            #expect(try discard([first]).discarded == 1)
            let again = try discard([first])
            #expect(again.discarded == 0 && again.alreadyDiscarded == 1 && again.found == 1)
            // The letters are all there, and one mark.
            #expect(try letters(fixture).count == 3)
            #expect(try fixture.read(fixture.topics.deadLetter).count == 4)
            let topic = try DeadLetterTopic(fixture.kafka, topic: fixture.topics.deadLetter)
            #expect(topic.discarded == [first: "the sender tried it out"] && topic.redriven.isEmpty)

            // Neither its name nor other bytes bring it back.
            let named = try redrive(fixture, repaired: [1]) { $0.positions = [first] }
            #expect(named.total == 0 && named.discarded == [first] && named.found == 1)
            let rest = try redrive(fixture)
            #expect(rest.sent == [Fixture.bills: 1, Fixture.rides: 1] && rest.discarded == [first])
            // What went to intake again is no more to be discarded.
            let progress = ReplayProgress()
            let all = try Discard(fixture.kafka, deadLetters: fixture.topics.deadLetter, progress: progress).run(
                DeadLetterTopic.Filter(), reason: "the sender tried it out", isDryRun: false)
            #expect(all.discarded == 0 && all.alreadyDiscarded == 1 && all.alreadySent == 2)
            // Three letters and three marks, each read twice.
            #expect(progress.total == 12 && progress.offsets == 12)
        }

        @Test(arguments: ["", "1", "1:", ":1", "-1:2", "1:-2", "1:2:3", "a:1"]) func noPosition(_ text: String) {
            #expect(DeadLetter.Position(text) == nil)
        }

        private func letters(_ fixture: Fixture, _ change: (inout DeadLetterTopic.Filter) -> Void) throws
            -> [DeadLetter]
        {
            var filter = DeadLetterTopic.Filter()
            change(&filter)
            return try letters(fixture, filter)
        }
    }
}
