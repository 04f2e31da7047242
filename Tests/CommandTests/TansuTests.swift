import Foundation
import Testing

/// The whole pipeline on a broker that is not librdkafka's own: Tansu, which needs a newer librdkafka than the oldest
/// that is supported.
private struct Tansu {
    private static let environment = ProcessInfo.processInfo.environment
    /// The broker's binary.
    static let binary = environment["STANDING_TANSU"]
    /// A folder whose `librdkafka.so.1` is a newer librdkafka.
    static let library = environment["STANDING_LIBRDKAFKA"]

    /// A Python that has confluent-kafka, for what no program of ours does.
    static let python = environment["STANDING_PYTHON"].map { URL(filePath: $0) }

    let process: Running
    let address: String

    init() async throws {
        address = "127.0.0.1:\(try freePort())"
        let url = "tcp://\(address)"
        process = try Running(
            [
                "broker", "--listener-url", url, "--advertised-listener-url", url, "--storage-engine",
                "memory://tansu/",
            ], executable: URL(filePath: try #require(Self.binary)))
        try await wait(for: "Tansu", limit: Limit.start) {
            process.outputSoFar.contains("ready in") || process.messagesSoFar.contains("ready in") ? true : nil
        }
    }

    func start(_ arguments: [String]) throws -> Running {
        let paths = [Self.library, Self.environment["LD_LIBRARY_PATH"]].compactMap { $0 }
        return try Running(
            arguments + ["--brokers", address], environment: ["LD_LIBRARY_PATH": paths.joined(separator: ":")])
    }

    func standing(_ arguments: String...) async throws -> Finished {
        try await start(arguments).finished(limit: Limit.run)
    }
}

extension CommandTests {
    @Suite(.enabled(if: Tansu.binary != nil && Tansu.library != nil))
    struct TansuTests {
        @Test func topicsThenFilesThenLag() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let events = try folder.write(Trial.text(Trial.events(2000, subjects: 100, seed: 3)), to: "events.jsonl")
            let tansu = try await Tansu()

            let first = try await tansu.standing("topics", "apply")
            #expect(first.code == 0)
            #expect(first.lines.allSatisfy { $0.hasPrefix("+ create ") })
            let second = try await tansu.standing("topics", "apply")
            #expect(second.code == 0)
            #expect(second.lines.count == first.lines.count)
            #expect(second.lines.allSatisfy { $0.hasPrefix("= ") })

            let run = try await tansu.standing(
                "quickstart", "--policy", policy, "--events", events, "--until-done", "--standings",
                folder.path("standings"), "--facts", folder.path("facts"))
            #expect(run.code == 0, "\(run.messages.suffix(2000))")
            let replay = try await CommandTests.standingsOfReplay(policy, events, facts: folder.path("replayed"))
            #expect(try folder.read("standings") == replay)
            #expect(
                try folder.read("facts").split(separator: "\n").count
                    == folder.read("replayed").split(separator: "\n").count)

            let lag = try await tansu.standing("lag", "--interval", "200ms")
            #expect(lag.code == 0)
            #expect(lag.output.contains("standing-intake"))
            #expect(lag.output.contains("standing-fold"))
            #expect(!lag.messages.contains("does not list groups"))
        }

        /// A transaction ends with a record that no reader sees, so that the offsets have a hole after each.
        @Test(.enabled(if: Tansu.python != nil)) func ofTransactionsEveryRecordIsRead() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let script = try folder.write(Self.transactions, to: "transactions.py")
            let tansu = try await Tansu()
            #expect(try await tansu.standing("topics", "apply").code == 0)
            let sent = try await Running([script, tansu.address], executable: Tansu.python).finished(limit: Limit.run)
            try #require(sent.code == 0, "\(sent.messages)")

            let server = try tansu.start(["serve", "--policy", policy, "--http-port", "0"])
            let address = try await server.message(after: "listening on ")
            var metrics = ""
            try await wait(for: "the last record: \(metrics)") {
                guard server.isRunning else { throw Trouble(server.messagesSoFar) }
                metrics = await answer(address + "/metrics")?.body ?? ""
                // Records are counted before their letters.
                return metrics.contains("standing_dead_letters_total{reason=\"event/not-cloudevents\"} 90\n")
                    ? true : nil
            }
            #expect(metrics.contains("standing_intake_records_total 90\n"))
            // Up to the end, the last transaction's own too: no lag is left.
            let positions = try folder.write(Self.position, to: "position.py")
            try await wait(for: "the committed end") {
                let read = try await Running([positions, tansu.address], executable: Tansu.python)
                    .finished(limit: Limit.run)
                return read.output == "120\n" ? true : nil
            }
            #expect(try await server.stop().code == 0)
        }

        private static let position = """
            import sys
            from confluent_kafka import Consumer, TopicPartition
            consumer = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "standing-intake"})
            print(consumer.committed([TopicPartition("behaviour.payments", 0)], timeout=30)[0].offset)
            """

        /// Thirty of three records each.
        private static let transactions = """
            import sys
            from confluent_kafka import Producer
            producer = Producer({"bootstrap.servers": sys.argv[1], "transactional.id": "orders"})
            producer.init_transactions(30)
            for _ in range(30):
                producer.begin_transaction()
                for _ in range(3):
                    producer.produce("behaviour.payments", value="no event", partition=0)
                producer.commit_transaction(30)
            """
    }

    private static func standingsOfReplay(_ policy: String, _ events: String, facts: String) async throws -> String {
        try await standing("replay", "--policy", policy, "--events", events, "--facts", facts).output
    }
}
