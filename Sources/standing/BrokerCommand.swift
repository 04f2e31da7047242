import ArgumentParser
import Foundation
import Kafka

struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Run the embedded broker alone, for trials and tests; prints its address.",
        discussion: """
            librdkafka's mock cluster on a free port of 127.0.0.1, with the topics of the topic files. Everything is in \
            memory, at most 5 MB a partition, and gone at the end.
            """)

    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        var options = cluster
        options.brokers = "embedded"
        var cluster = try Cluster(options, &settings)
        guard let broker = try cluster.startEmbedded() else { return }
        print(broker.bootstrap)
        fflush(nil)
        await withCheckedContinuation { continuation in
            let once = OnceOnly { continuation.resume() }
            let signals = StopSignals { once.run() }
            once.keep(signals)
        }
        withExtendedLifetime(broker) {}
    }
}

/// Runs its body the first time only.
final class OnceOnly: @unchecked Sendable {
    private let lock = NSLock()
    private var body: (() -> Void)?
    private var kept: AnyObject?

    init(_ body: @escaping () -> Void) { self.body = body }

    func keep(_ object: AnyObject) { lock.withLock { kept = object } }

    func run() {
        let first = lock.withLock { () -> (() -> Void)? in
            defer { body = nil }
            return body
        }
        first?()
    }
}
