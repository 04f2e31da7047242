import Foundation
import Randomness
import Testing

extension CommandTests {
    /// A process with a limit of memory, and more subjects than it has room for.
    struct MemoryLimitTests {
        private static let batch = 20_000
        /// More than a subject takes, in bytes. A whole batch can come between two looks at the memory.
        private static let subjectBytes = 1024
        private static let (subjects, limit) = Fuzz.isLong ? (10_000_000, 1024) : (500_000, 192)
        private let folder: TemporaryFolder
        private let policy: String

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Trial.policy, to: "policy.yaml")
        }

        private func metric(_ server: Server, _ name: String) async -> Int {
            let text = await server.get("/metrics")?.body ?? ""
            return text.split(separator: "\n").filter { $0.hasPrefix(name) }
                .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
        }

        @Test func atTheLimitEnrolmentsAreRefusedAndTheRestGoesOn() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let server = try await Server(
                broker: broker.address, policy: policy, ["--memory-limit", "\(Self.limit)M"])
            try await server.waitUntilReady()
            var (sent, enrolled, wasFull) = (0, 0, false)
            while sent < Self.subjects {
                try cluster.feed((sent..<sent + Self.batch).map { .enrolment($0, Trial.subject($0)) })
                sent += Self.batch
                // The embedded broker keeps little: what is sent is waited for.
                try await wait(for: "what was sent: \(sent)") {
                    enrolled = await metric(server, "standing_fold_enrolments_total")
                    let refused = await metric(server, #"standing_dead_letters_total{reason="event/at-memory-limit"}"#)
                    if await metric(server, "standing_memory_full") == 1 { wasFull = true }
                    // A member that lost a partition counts what it refuses anew.
                    return enrolled + refused >= sent ? true : nil
                }
            }
            let peak = try #require(server.process.peakResidentBytes)
            print("memory limit \(Self.limit) MiB: \(enrolled) of \(sent) enrolled, peak \(peak >> 20) MiB")
            #expect(peak < Int64(Self.limit) << 20 / 10 * 11 + Int64(Self.batch * Self.subjectBytes))
            #expect(enrolled > 0 && enrolled < sent)
            #expect(wasFull)
            #expect(server.process.messagesSoFar.contains("at the memory limit"))

            // Who is there is scored on.
            try cluster.feed([Trial.Event(sent, "bill.paid", Trial.subject(0))])
            try await wait(for: "the bill") { await metric(server, "standing_fold_scored_total") == 1 ? true : nil }
            try await wait(for: "nobody") {
                await server.get("/subjects/\(Trial.subject(sent - 1))")?.status == 404 ? true : nil
            }
        }
    }
}
