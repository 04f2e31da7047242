import Foundation
import HTTP
import Hummingbird
import Logging
import Pipeline
import Synchronization
import TestFiles
import Testing

@testable import Operations

/// Members are asked during rebalances and restarts, too.
struct MemberReadingsTests {
    private static let ready =
        #"{"ready":true,"intakePartitions":1,"foldPartitions":1,"currentPartitions":1,"behindSeconds":0}"#
    private static let joining = #"{"ready":false,"intakePartitions":0,"foldPartitions":0,"currentPartitions":0}"#
    private static let metrics = """
        standing_build_info{commit="abc",fold_version="9",version="0.1.0"} 1
        standing_source_withdrawn{topic="bills"} 1

        """
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A member whose readiness is 503 with `joining` for so many questions, and then `ready`. `body` receives its
    /// address, and runs on a thread that may block.
    private func withMember<Outcome: Sendable>(
        joiningFor questions: Int, _ certificate: TLSCertificate? = nil, _ body: @escaping @Sendable (String) -> Outcome
    ) async throws -> Outcome {
        let asked = Mutex(0)
        let routes: [Route] = [
            .readiness {
                let number = asked.withLock { asked in
                    asked += 1
                    return asked
                }
                return number > questions
                    ? .json(Array(Self.ready.utf8))
                    : .json(Array(Self.joining.utf8), status: .serviceUnavailable)
            },
            .metrics { _ in .text(Self.metrics) },
        ]
        let table = RouteTable(routes, RouteTable.Options(access: .open), logger: logger)
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(
            table, address: HTTPAddress(host: "127.0.0.1", port: 0), certificate: certificate, logger: logger)
        let running = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let outcome = await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: body("127.0.0.1:\(port)")) }.start()
        }
        running.cancel()
        try await running.value
        return outcome
    }

    @Test func aMemberThatJoinsIsAskedAgainUntilItFolds() async throws {
        let (folds, looks, waits) = try await withMember(joiningFor: 2) { address in
            var (looks, waits) = (0, 0)
            let found = MemberReadings().statuses(
                of: {
                    looks += 1
                    return [MembersTable.Member(asked: address)]
                }, within: .seconds(60), pause: .zero
            ) {
                $0.contains { $0.withdrawnSources(since: 9) != nil }
            } onWait: { _ in
                waits += 1
            }
            return (found.map { $0.withdrawnSources(since: 9) }, looks, waits)
        }
        #expect(folds == [["bills": 1]])
        #expect(looks == 3 && waits == 1, "the operator is told once")
    }

    @Test func theLastAnswersAreTakenWhenTheTimeIsOver() async throws {
        let found = try await withMember(joiningFor: .max) { address in
            MemberReadings().statuses(of: { [MembersTable.Member(asked: address)] }, within: .zero) { _ in
                false
            } onWait: { _ in
                Issue.record("nothing is waited for")
            }
        }
        #expect(found.map(\.isReady) == [false] && found.first?.isAnswering == true)
    }

    /// With the setting `member-ca`.
    @Test func aMemberWithACertificateOfOwnAuthoritiesIsAsked() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "standing-members-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func write(_ text: String, to name: String) throws -> String {
            let path = folder.appending(path: name).path
            #expect(FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]))
            try Data(text.utf8).write(to: URL(filePath: path))
            return path
        }
        let authorities = try write(TestCertificates.first, to: "tls.pem")
        let certificate = try TLSCertificate(
            certificate: authorities, key: try write(TestCertificates.firstKey, to: "tls.key"))
        let client = try TLSClient(authorities: authorities)
        let found = try await withMember(joiningFor: 1, certificate) { address in
            let member = MembersTable.Member(asked: address.replacing("127.0.0.1", with: "localhost"))
            return [MemberReadings(client), MemberReadings(client), MemberReadings()].flatMap {
                $0.statuses(of: [member])
            }
        }
        // Not ready, ready, and who does not trust the authorities has no answer.
        #expect(found.map(\.isReady) == [false, true, nil])
        #expect(found.map(\.version) == ["0.1.0", "0.1.0", nil])
        try FileManager.default.removeItem(at: folder)
    }

    private func member(_ name: String, _ partitions: [Int32], answers: Bool = true) -> MemberStatus {
        MemberStatus(
            name: name, address: "\(name):8080", partitions: partitions,
            readiness: answers ? Data(Self.ready.utf8) : nil, metrics: nil)
    }

    @Test(
        arguments: [
            ([0, 1], [], [0, 1], nil),
            ([0], [1], [0, 1], "two (two:8080) does not answer"),
            ([0], [], [0], "no member owns ledger partition 1"),
            // A member that left without a word has no partitions any more.
            ([0, 1], nil, [0, 1], nil),
        ] as [([Int32], [Int32]?, Set<Int32>, String?)])
    func aLookIsIncompleteWhilePartitionsMove(_ one: [Int32], _ two: [Int32]?, _ owned: Set<Int32>, _ gap: String?) {
        let members = [member("one", one), member("two", two ?? [], answers: two == [])]
        #expect(StatusReport.gap(members, ledgerPartitions: 2, owned: owned) == gap)
    }

    @Test func nothingIsWaitedForIfNoMemberIsKnown() {
        #expect(StatusReport.gap([], ledgerPartitions: 2, owned: []) == nil)
        #expect(StatusReport.gap([member("one", [])], ledgerPartitions: 2, owned: nil) == nil)
    }
}
