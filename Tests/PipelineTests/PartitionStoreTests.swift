import Events
import Foundation
import Kafka
import Ledger
import Pipeline
import Policy
import Replay
import Scoring
import Simulation
import Testing

extension PipelineServiceTests {
    /// What a member keeps, and what becomes of it.
    @Suite struct PartitionStoreTests {
        private typealias Fixture = PipelineFixture
        private static let checkpoints = "checkpoints"
        private let disk = FaultyFileSystem()

        private func service(
            _ fixture: Fixture, _ change: (inout PipelineConfiguration) -> Void = { _ in }
        ) -> PipelineService {
            fixture.service(policy: nil) { configuration in
                configuration.policy = fixture.policy
                configuration.data = LocalData("/data", on: disk)
                configuration.snapshotInterval = 50_000
                change(&configuration)
            }
        }

        private func events(_ range: Range<Int>, of subjects: Int = 6) -> [Fixture.Sent] {
            range.map { number in
                let subject = "s\(number % subjects)"
                return number < subjects
                    ? Fixture.enrolment(of: subject) : Fixture.bill("\(number)", of: subject, missed: number % 5 == 0)
            }
        }

        private func feed(_ events: [Fixture.Sent], _ fixture: Fixture, upTo entries: Int, _ service: PipelineService)
            throws
        {
            // Enrolments first: they come on another topic than bills.
            let enrolments = events.filter { $0.topic == Fixture.control }
            if !enrolments.isEmpty {
                try fixture.send(enrolments)
                try fixture.waitForFold(of: enrolments.count, by: service)
            }
            try fixture.send(events.filter { $0.topic != Fixture.control })
            try fixture.wait("folded") { service.foldCounters.entries >= Int64(entries) && service.isCurrent }
        }

        private var snapshots: [String] { disk.paths.filter { $0.hasSuffix(".snapshot") } }

        private func standings(_ service: PipelineService) throws -> String {
            var writer = StandingsWriter()
            _ = service.collect(into: &writer)
            var text = ""
            writer.write { text += String(decoding: $0, as: UTF8.self) }
            return text
        }

        /// What the archive on the disk comes to.
        private func replayed(_ fixture: Fixture) throws -> [LedgerReplay.Result] {
            let data = LocalData("/data", on: disk)
            return try LedgerReplay().run(
                partitions: (0..<Int32(fixture.ledgerPartitions)).map { $0 },
                source: { partition, start, end in
                    ArchiveFrames(data.archive(partition), from: start, until: end)
                })
        }

        @Test func aStartGoesOnFromWhatWasKept() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.running(service(fixture)) { service in
                try feed(events(0..<60), fixture, upTo: 60, service)
                try fixture.wait("a snapshot of each partition") {
                    Set(snapshots.map { $0.split(separator: "/")[2] }).count == fixture.ledgerPartitions
                }
            }
            var text = ""
            try fixture.running(service(fixture)) { service in
                // Folded without reading the topic again.
                #expect(service.foldCounters.entries == 60)
                #expect(service.status.frames == 0)
                try feed(events(60..<90), fixture, upTo: 90, service)
                text = try standings(service)
            }
            _ = try fixture.checkedFacts()
            // Without snapshots, from the archive; without both, from the topic: the same.
            for path in snapshots { disk[path] = nil }
            try fixture.running(service(fixture)) { service in
                #expect(service.status.frames == 0)
                let again = try standings(service)
                #expect(again == text)
            }
            for path in disk.paths { disk[path] = nil }
            try fixture.running(service(fixture)) { service in
                #expect(service.status.frames > 0)
                let again = try standings(service)
                #expect(again == text)
            }
            _ = try fixture.checkedFacts()
            #expect(try replayed(fixture).map(\.entries).reduce(0, +) == 90)
        }

        @Test func damageInTheArchiveIsHealedAtTheStart() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            try fixture.running(service(fixture)) { service in
                for part in 0..<6 {
                    try feed(events(part * 10..<part * 10 + 10), fixture, upTo: part * 10 + 10, service)
                }
            }
            let good = try replayed(fixture)
            let path = try #require(disk.paths.first { $0.hasSuffix(".segment") })
            var bytes = try #require(disk[path])
            bytes[100] ^= 1
            disk[path] = bytes
            #expect(throws: ArchiveDamage.self) { try replayed(fixture) }
            try fixture.running(service(fixture)) { _ in }
            #expect(try replayed(fixture) == good)
        }

        /// A bit flips while the member runs: a question about the past gets an error, and the present continues.
        @Test func damageUnderARunningMemberIsTold() throws {
            let fixture = try Fixture(ledgerPartitions: 1, sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let anna = Array("s1".utf8)
            try fixture.running(service(fixture)) { service in
                for part in 0..<6 {
                    try feed(events(part * 10..<part * 10 + 10), fixture, upTo: part * 10 + 10, service)
                }
                try fixture.wait("the archive") { try replayed(fixture).map(\.entries).reduce(0, +) == 60 }
                guard case .found = try service.file(of: anna) else { throw Unexpected() }
                let path = try #require(disk.paths.first { $0.hasSuffix(".segment") })
                var bytes = try #require(disk[path])
                bytes[100] ^= 1
                disk[path] = bytes
                do {
                    _ = try service.file(of: anna)
                    Issue.record("the damage is not told")
                } catch let failure as HistoryFailure {
                    #expect(failure.kind == .archive)
                    #expect(failure.description.contains(".segment, byte "), "\(failure)")
                    #expect(failure.description.contains("`standing archive repair` fetches it"), "\(failure)")
                }
                guard case .found = service.standing(of: anna) else { throw Unexpected() }
            }
        }

        private struct Unexpected: Error {}

        /// Beyond the partition's clock and end nothing is known.
        @Test func thePastEndsAtTheClock() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            let anna = Array("s1".utf8)
            try fixture.running(service(fixture)) { service in
                try feed(events(0..<20), fixture, upTo: 20, service)
                guard case .found(let answer) = service.standing(of: anna) else { throw Unexpected() }
                let clock = Timestamp(microseconds: answer.freshness.clock)
                for point in [PipelineService.Point.time(clock), .offset(answer.freshness.offset), .offset(0)] {
                    guard case .found = try service.standing(of: anna, at: point, policyOfNow: false) else {
                        throw Unexpected()
                    }
                }
                let future = Timestamp(microseconds: 7_000_000_000_000_000)
                for (point, word) in [
                    (PipelineService.Point.time(future), "as-of: the past is known until 20"),
                    (.offset(.max), "offset: ledger partition 0 is folded to offset "),
                ] {
                    do {
                        _ = try service.standing(of: anna, at: point, policyOfNow: false)
                        Issue.record("it is told: \(word)")
                    } catch let failure as HistoryFailure {
                        #expect(failure.kind == .beyond && failure.description.hasPrefix(word), "\(failure)")
                    }
                }
            }
        }

        @Test func aFullDiskIsWaitedFor() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            let unlimited = service(fixture) { $0.snapshotInterval = .max / 4 }
            try fixture.running(unlimited) { service in
                disk.setCapacity(1500)
                try feed(events(0..<6), fixture, upTo: 6, service)
                try fixture.send(events(6..<600))
                // More than is gathered in memory does not fit: it waits, and nothing is lost.
                Thread.sleep(forTimeInterval: 1)
                #expect(service.finalFailure == nil)
                disk.setCapacity(nil)
                try fixture.wait("room again") { service.foldCounters.entries >= 600 && service.isCurrent }
            }
            #expect(try replayed(fixture).map(\.entries).reduce(0, +) == 600)
            _ = try fixture.checkedFacts()
        }

        /// Also one that found the disk full: there may be room again, and what was written is gone all the same.
        @Test(arguments: [FaultyFileSystem.Fault.dropsUnsynced, .error(28), .errorForGood(122)])
        func aFailedSyncEndsTheService(fault: FaultyFileSystem.Fault) throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            let service = service(fixture)
            service.start()
            defer { service.requestStop() }
            try fixture.wait("ready") { service.isCurrent }
            disk.plan(fault, atCall: 1, of: .sync)
            try fixture.send(events(0..<6))
            try fixture.wait("the end") { service.finalFailure != nil }
            #expect(service.finalFailure?.code == .storage)
            #expect(throws: PipelineError.self) { try service.join() }
        }

        /// The disk has an error once, and a full one would only be waited for.
        @Test func aPartitionThatBeginsAnewAfterAnErrorIsCounted() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            try fixture.running(service(fixture) { $0.snapshotInterval = .max / 4 }) { service in
                #expect(service.status.partitionRestarts == 0)
                disk.plan(.error(5), atCall: 1, of: .write)
                try fixture.send(events(0..<6))
                try fixture.wait("it begins anew") { service.status.partitionRestarts == 1 }
                try fixture.waitForFold(of: 6, by: service)
                let status = service.status
                #expect(status.partitionRestarts == 1 && status.inboxBytes == 0 && status.pausedPartitions == 0)
                #expect(service.longestPollGap(of: .fold) != nil)
            }
            _ = try fixture.checkedFacts()
        }

        /// Also of a partition that nobody holds here any more.
        @Test func whatACrashLeftHalfMadeIsRemovedAtTheStart() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            let number = "00000000000000000004"
            let left = ["00000", "00009"].flatMap { partition in
                [
                    "/data/archive/\(partition)/\(number).index.new-1",
                    "/data/archive/\(partition)/\(number).segment.new",
                    "/data/snapshots/\(partition)/\(number).snapshot.new",
                ]
            }
            for path in left + ["/data/.standing-17", "/data/notes.new"] { disk[path] = [0] }
            try fixture.running(service(fixture) { $0.snapshotInterval = .max / 4 }) { service in
                try feed(events(0..<6), fixture, upTo: 6, service)
                #expect(left.allSatisfy { disk[$0] == nil } && disk["/data/.standing-17"] == nil)
                #expect(disk["/data/notes.new"] != nil)
            }
        }

        @Test func aDataFolderHasOneOwner() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            try fixture.running(service(fixture)) { _ in
                let second = service(fixture) { $0.foldGroup = "another" }
                second.start()
                try fixture.wait("the refusal") { second.finalFailure != nil }
                #expect(second.finalFailure?.code == .storage)
                #expect(second.finalFailure?.message.contains("another process writes") == true)
                second.requestStop()
                #expect(throws: PipelineError.self) { try second.join() }
            }
        }

        // MARK: Checkpoints

        private func keyring(_ name: String) throws -> Keyring {
            if disk["/keys/\(name)"] == nil { disk["/keys/\(name)"] = Array(Keyring.generate().privateFile.utf8) }
            return try Keyring(signing: "/keys/\(name)", on: disk)
        }

        @Test func aMemberThatFoldsOtherwiseIsFoundAtTheNextCheckpoint() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            try fixture.broker.createTopic(Self.checkpoints, partitions: 1)
            let keyring = try keyring("one")
            func checked(_ member: String) -> PipelineService {
                fixture.service(policy: fixture.policy) { configuration in
                    configuration.checkpoints = .init(topic: Self.checkpoints, keyring: keyring, member: member)
                    configuration.checkpoints?.everyFrames = 2
                }
            }
            try fixture.running(checked("one")) { service in
                for part in 0..<5 { try feed(events(part * 6..<part * 6 + 6), fixture, upTo: part * 6 + 6, service) }
            }
            let published = try CheckpointTopic.all(fixture.kafka, topic: Self.checkpoints) { _, _ in }
            #expect(published.count >= 2)
            #expect(published.allSatisfy { keyring.objection(to: $0) == nil && $0.checkpoint.member == "one" })

            // Another member folds the same ledger: it agrees, and says so.
            try fixture.running(checked("two")) { _ in }
            let both = try CheckpointTopic.all(fixture.kafka, topic: Self.checkpoints) { _, _ in }
            #expect(Set(both.map(\.checkpoint.member)) == ["one", "two"])

            // One whose memory has failed reports another state at the same offset.
            var lie = try #require(both.map(\.checkpoint).max { $0.nextOffset < $1.nextOffset })
            lie.member = "three"
            lie.state = String(lie.state.reversed())
            let text = try #require(keyring.sign(lie)).json
            try fixture.send([.init(topic: Self.checkpoints, key: nil, value: Array(text.utf8), headers: [])])
            let service = checked("one")
            service.start()
            defer { service.requestStop() }
            try fixture.wait("the alarm") { service.finalFailure != nil }
            #expect(service.finalFailure?.code == .divergence)
            #expect(
                service.finalFailure?.message.contains("one and three fold the same ledger into different states")
                    == true)
            #expect(throws: PipelineError.self) { try service.join() }
        }

        // MARK: Policies

        @Test func aPolicyIsSwitchedInEveryPartitionWithAndWithoutAnArchive() throws {
            for keeps in [true, false] {
                let fixture = try Fixture()
                defer { withExtendedLifetime(fixture) {} }
                for path in disk.paths { disk[path] = nil }
                let text = Fixture.policyText.replacing("version: 1", with: "version: 2")
                    .replacing("points: 10", with: "points: 30")
                let activation = Fixture.activation(of: try ScoringPolicy(yaml: text, file: "hamlet.yaml"), on: 5)
                let invalid = Fixture.Sent(
                    topic: Fixture.control, key: nil,
                    value: Array(
                        (#"{"specversion":"1.0","id":"a0","source":"/council","type":"standing.policy.activated","#
                            + #""time":"2020-01-05T00:00:00Z","data":{"policy":"policy: x"}}"#).utf8))
                let switching = service(fixture) { if !keeps { $0.data = nil } }
                try fixture.running(switching) { service in
                    try feed(events(0..<40), fixture, upTo: 40, service)
                    try fixture.send([invalid, activation])
                    try fixture.wait("the switch") {
                        service.foldCounters.policySwitches == Int64(fixture.ledgerPartitions) && service.isCurrent
                    }
                    #expect(service.status.intake.deadLetters == ["data/invalid-policy": 1])
                }
                // Every subject has paid a bill, which gives more points now.
                let facts = try fixture.checkedFacts()
                let changed = facts[.scoreChanges, default: []]
                    .filter { $0.data.cause.type == "standing.policy.activated" }.map(\.subject)
                #expect(changed.sorted() == (0..<6).map { "s\($0)" })
                // It continues under the new policy, and without being given another.
                let going = fixture.service(policy: nil) { if keeps { $0.data = LocalData("/data", on: disk) } }
                try fixture.running(going) { service in
                    #expect(service.foldCounters.policySwitches == Int64(fixture.ledgerPartitions))
                    guard case .found(let answer) = service.standing(of: Array("s1".utf8)) else {
                        Issue.record("nobody")
                        return
                    }
                    #expect(answer.policy.version == 2)
                    guard keeps else { return }
                    guard case .found(let json, _) = try service.file(of: Array("s1".utf8)) else {
                        Issue.record("no file")
                        return
                    }
                    #expect(String(decoding: json, as: UTF8.self).contains("standing.policy.activated"))
                    guard
                        case .found(let then, _) = try service.standing(
                            of: Array("s1".utf8), at: .time(try #require(Timestamp("2020-01-04T00:00:00Z"))),
                            policyOfNow: false)
                    else {
                        Issue.record("no past")
                        return
                    }
                    #expect(String(decoding: then, as: UTF8.self).contains(#""version":1"#))
                }
                #expect(try fixture.checkedFacts()[.scoreChanges]?.count == facts[.scoreChanges]?.count)
            }
        }
    }
}
