import Events
import Kafka
import Pipeline
import Randomness
import Scoring
import Testing

extension PipelineServiceTests {
    /// The owner of one source topic writes whatever it can there: nothing of another source's changes.
    @Suite struct HostileSourceTests {
        private typealias Fixture = PipelineFixture
        private static let subjects = Fixture.subjects(12)

        private static func declaration(_ types: [String], _ sources: [String]) -> SourceDeclaration {
            SourceDeclaration(
                owner: "o", sector: .private, purpose: "p", types: types, sources: sources, contact: "c")
        }

        private static func event(
            _ id: String, _ type: String, from source: String, of subject: String, at time: String, to topic: String
        ) -> Fixture.Sent {
            let text = """
                {"specversion":"1.0","id":"\(id)","source":"\(source)","type":"\(type)","subject":"\(subject)",\
                "time":"\(time)","data":{}}
                """
            return Fixture.Sent(topic: topic, key: Array(subject.utf8), value: Array(text.utf8))
        }

        private static let honest: [Fixture.Sent] = subjects.enumerated().flatMap { number, subject in
            (0..<3).map { bill in
                event(
                    "\(subject)-\(bill)", number % 3 == 0 ? "bill.missed" : "bill.paid", from: "/bank", of: subject,
                    at: "2020-01-0\(bill + 1)T00:00:00Z", to: Fixture.bills)
            }
        }

        /// Repeats and ids of the bank's, the bank's types, and other times, from the owner of the rides.
        private static func hostile(_ count: Int, seed: UInt64) -> [Fixture.Sent] {
            var random = Seeded(seed)
            return (0..<count).map { _ in
                let subject = subjects[random.below(subjects.count)]
                let (source, type) =
                    switch random.below(3) {
                    case 0: ("/bank", "bill.paid")
                    case 1: ("/bank", "fare.paid")
                    default: ("/rail", random.below(2) == 0 ? "bill.missed" : "bill.paid")
                    }
                let time = ["2020-01-01T00:00:00Z", "1971-01-01T00:00:00Z", "2020-03-01T00:00:00Z"][random.below(3)]
                return event(
                    "\(subject)-\(random.below(3))", type, from: source, of: subject, at: time, to: Fixture.rides)
            }
        }

        /// `isDeclared`: whether the topic of the hostile owner has a declaration too.
        @Test(arguments: [true, false])
        func itsEventsAreDeadLettersAndTheOthersCountAsIfItHadNeverWritten(_ isDeclared: Bool) throws {
            let fixture = try Fixture(ledgerPartitions: 1, sessionMilliseconds: Fixture.longSession)
            // A topic without a declaration is refused only what others declare.
            let hostile = Self.hostile(200, seed: 7).filter { sent in
                isDeclared || String(decoding: sent.value ?? [], as: UTF8.self).contains("/bank")
            }
            let enrolments = Self.subjects.map { Fixture.enrolment(of: $0) }
            // It writes before the others do: the first one uses up an identity.
            try fixture.send(enrolments + hostile)
            let service = fixture.service(policy: fixture.policy) { configuration in
                configuration.topics.declarations[Fixture.bills] = Self.declaration(["bill.*"], ["/bank"])
                guard isDeclared else { return }
                configuration.topics.declarations[Fixture.rides] = Self.declaration(["fare.*"], ["/rail"])
            }
            try fixture.running(service) { service in
                try fixture.wait("put aside") { service.status.intake.deadLetterTotal >= hostile.count }
                try fixture.send(Self.honest)
                try fixture.waitForFold(of: enrolments.count + Self.honest.count, by: service)
                #expect(service.status.intake.deadLetters == ["source/not-declared": Int64(hostile.count)])
                #expect(
                    try fixture.standings(of: service) == fixture.directStandings(enrolments + Self.honest))
            }
            let letters = try fixture.read(fixture.topics.deadLetter)
            #expect(letters.count == hostile.count)
            let named = Set(letters.compactMap { $0.header("__connect.errors.exception.message") })
            #expect(named.contains { $0.hasPrefix("source ") })
            #expect(named.contains { $0.hasPrefix("type ") } == isDeclared)
        }

        /// What the declarations prevent: without them the first writer of an id hides the other's event.
        @Test func withoutDeclarationsItHidesEventsOfOthers() throws {
            let fixture = try Fixture(ledgerPartitions: 1, sessionMilliseconds: Fixture.longSession)
            let enrolments = Self.subjects.map { Fixture.enrolment(of: $0) }
            let hostile = Self.honest.prefix(1).map {
                Fixture.Sent(topic: Fixture.rides, key: $0.key, value: $0.value)
            }
            try fixture.send(enrolments + hostile)
            let service = fixture.service(policy: fixture.policy)
            try fixture.running(service) { service in
                try fixture.waitForFold(of: enrolments.count + hostile.count, by: service)
                try fixture.send(Self.honest)
                try fixture.waitForFold(of: enrolments.count + hostile.count + Self.honest.count, by: service)
                #expect(service.foldCounters.duplicates == 1)
            }
        }
    }
}
