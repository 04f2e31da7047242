import Foundation
import Kafka
import Ledger
import Pipeline
import Scoring
import Testing

extension PipelineServiceTests {
    @Suite struct RestartTests {
        private typealias Fixture = PipelineFixture

        @Test func goesOnWhereItStopped() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(20)
            var sent = subjects.map { Fixture.enrolment(of: $0) }
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send(sent)
                try fixture.waitForFold(of: sent.count, by: service)
                let more = Fixture.behaviour("1", of: subjects)
                try fixture.send(more)
                sent += more
                try fixture.waitForFold(of: sent.count, by: service)
            }
            let before = try fixture.checkedFacts().mapValues { $0.map(\.id) }

            // While nothing runs; the policy may be left out now.
            let more = Fixture.behaviour("2", of: subjects)
            try fixture.send(more)
            let old = sent.count
            sent += more
            try fixture.running(fixture.service(policy: nil)) { service in
                try fixture.waitForFold(of: sent.count, by: service)
                #expect(fixture.standings(of: service) == (try fixture.directStandings(sent)))
                // Those from before are not read again. What a lost partition had read and not committed is, and has no effect.
                let records = service.status.intake.records
                #expect(records >= Int64(more.count) && records < Int64(old + more.count))
                #expect(service.ledgerRepeats.entries <= records - Int64(more.count))
                #expect(service.foldCounters.duplicates == 0)
                // What is folded again is not counted as new.
                let news = service.status.folded.counters
                #expect(news.entries == Int64(more.count) && news.enrolments == 0 && news.scored > 0)
                #expect(service.foldCounters.enrolments > 0)
            }
            let after = try fixture.checkedFacts().mapValues { $0.map(\.id) }
            for (topic, ids) in before { #expect(Set(ids).isSubset(of: after[topic, default: []])) }
            #expect(after[.scoreChanges, default: []].count > before[.scoreChanges, default: []].count)
        }

        /// Of the records that one event makes, the broker refuses the entry or the fact; meanwhile nobody can join a group.
        @Test(arguments: [1, 2]) func aMemberWhoseRecordIsRefusedGoesOnInItsGroup(before: Int) throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let (subject, joinGroup, produce) = ("citizen-1", Int16(11), Int16(0))
            let (notAuthorized, groupNotAuthorized) = (Int32(29), Int32(30))
            var sent = [Fixture.enrolment(of: subject)]
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send(sent)
                try fixture.waitForFold(of: 1, by: service)
                let frames = service.status.frames
                fixture.broker.failNext(apiKey: joinGroup, codes: Array(repeating: groupNotAuthorized, count: 500))
                fixture.broker.failNext(
                    apiKey: produce, codes: Array(repeating: 0, count: before) + [notAuthorized])
                sent.append(Fixture.bill("refused", of: subject))
                try fixture.send([sent[1]])
                try fixture.wait("folded") {
                    service.status.frames > frames && service.foldCounters.entries == 2 && service.isCurrent
                }
                #expect(fixture.standings(of: service) == (try fixture.directStandings(sent)))
                // It was refused: what it came from is read once more.
                let (status, isEntry) = (service.status, before == 1)
                #expect(isEntry ? status.intake.records > 2 : status.frames > frames + 1)
                fixture.broker.clearFailures(apiKey: joinGroup)
            }
            #expect(try fixture.checkedFacts()[.scoreChanges]?.count == 2)
        }

        @Test func rolesStopAndStartApart() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(10)
            var sent = subjects.map { Fixture.enrolment(of: $0) }
            try fixture.send(sent)
            for round in 0..<2 {
                let intake = fixture.service(policy: fixture.policy, roles: [.intake])
                try fixture.running(intake) { service in
                    if round > 0 {
                        let more = Fixture.behaviour("\(round)", of: subjects)
                        try fixture.send(more)
                        sent += more
                    }
                    let expected = round == 0 ? sent.count : 5 * subjects.count
                    try fixture.wait("read") { service.status.intake.events >= Int64(expected) }
                    #expect(service.status.foldPartitions == 0)
                }
                let fold = fixture.service(policy: fixture.policy, roles: [.fold])
                try fixture.running(fold) { service in
                    try fixture.waitForFold(of: sent.count, by: service)
                    #expect(fixture.standings(of: service) == (try fixture.directStandings(sent)))
                    #expect(service.status.intakePartitions == 0)
                    #expect(service.ledgerRepeats == (0, 0, 0))
                }
                _ = try fixture.checkedFacts()
            }
        }

        @Test func waitsForABrokerThatIsAway() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(20)
            var sent = subjects.map { Fixture.enrolment(of: $0) }
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send(sent)
                try fixture.waitForFold(of: sent.count, by: service)
                for round in 0..<2 {
                    let more = Fixture.behaviour("\(round)", of: subjects)
                    try fixture.send(more)
                    sent += more
                    // In the middle of whatever is under way.
                    fixture.broker.setBroker(1, down: true)
                    Thread.sleep(forTimeInterval: 1)
                    fixture.broker.setBroker(1, down: false)
                }
                try fixture.waitForFold(of: sent.count, by: service)
                #expect(fixture.standings(of: service) == (try fixture.directStandings(sent)))
                #expect(service.foldCounters.duplicates == 0)
            }
            let facts = try fixture.checkedFacts()
            #expect(Set(facts[.scoreChanges, default: []].map(\.subject)) == Set(subjects))
        }

        /// Frames that come twice, and entries that come again in frames of another session, change nothing.
        @Test func repeatsInTheLedgerCountForNothing() throws {
            let fixture = try Fixture(ledgerPartitions: 1, sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(10)
            let enrolments = subjects.map { Fixture.enrolment(of: $0) }
            let behaviour = Fixture.behaviour("1", of: subjects)
            let count = enrolments.count + behaviour.count
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send(enrolments)
                try fixture.waitForFold(of: enrolments.count, by: service)
                try fixture.send(behaviour)
                try fixture.waitForFold(of: count, by: service)
                let standings = fixture.standings(of: service)
                let facts = try fixture.checkedFacts().mapValues { $0.map(\.id) }

                let frames = try fixture.read(fixture.topics.ledger).compactMap(\.value)
                var copies = frames
                copies.append(try Self.rewritten(frames, session: 1, number: 0))
                // A session that does not begin with its first frame is refused as a whole.
                copies.append(try Self.rewritten(frames, session: 2, number: 5))
                try fixture.append(copies, toLedger: 0)
                // The refused frame is the last one. Frames read are no measure: a member that lost its partition and has it
                // again reads all of them anew.
                try fixture.wait("the repeats") { service.ledgerRepeats.brokenFrames > 0 && service.isCurrent }

                #expect(service.ledgerRepeats == (Int64(count), Int64(frames.count), 1))
                #expect(service.foldCounters.entries == Int64(count))
                #expect(fixture.standings(of: service) == standings)
                #expect(try fixture.checkedFacts().mapValues { $0.map(\.id) } == facts)
            }
        }

        /// One frame with the entries of all these, as another appender session would write them.
        private static func rewritten(_ frames: [[UInt8]], session: UInt64, number: UInt64) throws -> [UInt8] {
            var builder = FrameBuilder()
            var reader = FrameReader()
            var entry = FrameReader.blank
            for frame in frames {
                try frame.withUnsafeBytes { bytes in
                    try reader.open(bytes)
                    while try reader.next(&entry) {
                        guard entry.kind == .event else { continue }
                        builder.append(
                            entry.event, topic: entry.origin.topic, partition: entry.origin.partition,
                            offset: entry.origin.offset)
                    }
                }
            }
            return builder.finish(session: session, number: number) { Array($0) }
        }
    }
}
