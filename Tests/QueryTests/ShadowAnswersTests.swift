import Events
import Foundation
import HTTP
import Hummingbird
import Logging
import Pipeline
import Policy
import Synchronization
import Testing

@testable import Query

/// Commands ask members during rebalances and restarts, too.
struct ShadowAnswersTests {
    private static let ledger: [Int32] = [0, 1, 2]
    private static let patience = Duration.seconds(60)
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func report(of partitions: [Int32], entries: Int64 = 1000) -> ShadowReport {
        ShadowReport(
            member: "one", reason: nil, shadow: nil, partitions: [], difference: nil,
            work: .init(
                partitions: partitions.map { .init(partition: $0, standby: false, entries: entries) }, workers: 2,
                entriesPerSecond: 1000))
    }

    /// A member that gives these answers to `/shadow`, one a question, and then the last again; nil is a 503. `body`
    /// receives its address.
    private func withMember(_ answers: [ShadowReport?], _ body: (String) async throws -> Void) async throws {
        let asked = Mutex(0)
        let route = Route(
            .get, QueryServer.shadowPath, name: "shadow", summary: "", tag: "sample", answers: [.json("")],
            requires: .open
        ) { _ in
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            return answers[min(number, answers.count) - 1].map { .json($0.json) } ?? .retryLater("partitions move")
        }
        let table = RouteTable([route], RouteTable.Options(access: .open), logger: logger)
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(table, address: HTTPAddress(host: "127.0.0.1", port: 0), logger: logger)
        let running = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        try await body("127.0.0.1:\(try #require(await iterator.next()))")
        running.cancel()
        try await running.value
    }

    /// The members that the topic has after these announcements.
    private func members(_ announcements: (address: String, partitions: [Int32])...) -> [MembersTable.Member] {
        var table = MembersTable()
        for (address, partitions) in announcements {
            let value = #"{"member":"one","address":"\#(address)","partitions":\#(partitions)}"#
            Array(address.utf8).withUnsafeBytes { key in
                Array(value.utf8).withUnsafeBytes { table.note(key: key, value: $0) }
            }
        }
        return table.members
    }

    private func policy() throws -> ScoringPolicy {
        try ScoringPolicy(
            yaml: """
                policy: town
                version: 2
                score: {base: 600, min: 350, max: 950}
                dimensions: {payment: {}}
                rules: [{id: paid, dimension: payment, event: bill.paid, points: 10}]
                bands: [{name: C, from: 350}]
                """, file: "town.yaml")
    }

    @Test func aMemberInARebalanceIsAskedAgainUntilEachPartitionHasAnOwner() async throws {
        let answers = [nil, Self.report(of: []), Self.report(of: [0, 1]), Self.report(of: Self.ledger)]
        try await withMember(answers) { address in
            let members = members((address, []), ("127.0.0.1:1", []))
            var (asked, reasons) = (0, [String?]())
            let found = await MemberQuestions().shadowAnswers(
                of: {
                    asked += 1
                    return members
                }, within: Self.patience, pause: .zero
            ) {
                $0.gap(in: Self.ledger) == nil
            } onWait: {
                reasons.append($0.gap(in: Self.ledger))
            }
            #expect(asked == answers.count)
            #expect(reasons == ["no announced member answers"], "the operator is told once")
            #expect(found.answers.map(\.member.address) == [address])
            let sentence = found.forecast(of: try policy(), order: nil, ledger: Self.ledger)
            #expect(sentence == "about 2 s: 3 partitions, 3,000 entries to fold anew, on 1 member")
        }
    }

    @Test func theLastAnswerIsTakenWhenTheTimeIsOver() async throws {
        try await withMember([Self.report(of: [0]), nil]) { address in
            let members = members((address, [0]))
            let found = await MemberQuestions().shadowAnswers(of: { members }, within: .zero, pause: .zero) { _ in
                false
            } onWait: { _ in
                Issue.record("nothing is waited for")
            }
            #expect(found.gap(in: Self.ledger) == "2 of 3 ledger partitions have no owner that answers")
            let sentence = found.forecast(of: try policy(), order: nil, ledger: Self.ledger)
            #expect(sentence.contains("1 partition, 1,000 entries"), "\(sentence)")
            #expect(sentence.hasSuffix("; longer, because 2 of 3 ledger partitions have no owner that answers"))
            #expect(found.gap() == nil, "the member answers")
        }
    }

    /// A member that was killed keeps its announcement until others take its partitions.
    @Test func whoTakesThePartitionsOfAKilledMemberIsAsked() async throws {
        try await withMember([Self.report(of: Self.ledger)]) { address in
            let killed = ("127.0.0.1:1", Self.ledger)
            var looks = [members(killed), members(killed), members(killed, (address, Self.ledger))].makeIterator()
            var reasons: [String?] = []
            let found = await MemberQuestions().shadowAnswers(
                of: { looks.next() ?? [] }, within: Self.patience, pause: .zero
            ) {
                $0.gap(in: Self.ledger) == nil
            } onWait: {
                reasons.append($0.gap(in: Self.ledger))
            }
            #expect(reasons == ["one (127.0.0.1:1) does not answer"])
            #expect(found.silent.isEmpty && found.answers.map(\.member.address) == [address])
        }
    }

    @Test func nobodyIsWaitedForIfNobodyIsAnnounced() async throws {
        let found = await MemberQuestions().shadowAnswers(of: { [] }, within: Self.patience) {
            $0.gap(in: Self.ledger) == nil
        } onWait: { _ in
            Issue.record("there is nobody to wait for")
        }
        let sentence = found.forecast(of: try policy(), order: nil, ledger: Self.ledger)
        #expect(sentence.hasPrefix("no member is announced, so how long it will take is not known."), "\(sentence)")
        #expect(sentence.contains("`standing status`"))
    }

    @Test func onlyIfEveryPartitionIsAtHandTheSwitchIsAtOnce() throws {
        let policy = try policy()
        let order = ShadowOrder(text: policy.text, since: Timestamp(microseconds: 0))
        func forecast(_ partitions: [Int32]) -> String {
            let report = ShadowReport(
                member: "one", reason: nil, shadow: ShadowReport.Order(order),
                partitions: partitions.map {
                    .init(partition: $0, standby: false, phase: .live, folded: 9, total: 9, reason: nil)
                }, difference: nil, work: Self.report(of: partitions).work)
            let answers = ShadowAnswers(members(("127.0.0.1:1", partitions)), [report])
            return answers.forecast(of: policy, order: order, ledger: Self.ledger)
        }
        let atOnce = "town version 2 is in the shadow: each partition switches at its entry, in under a second"
        #expect(forecast(Self.ledger) == atOnce)
        #expect(forecast([0, 1]) != atOnce, "one has no owner that answers")
    }
}
