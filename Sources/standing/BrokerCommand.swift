import ArgumentParser
import Foundation
import Kafka
import Options
import Terminal
import Topics

struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Run the embedded broker alone, for trials and tests; prints its address.",
        discussion: """
            librdkafka's mock cluster on 127.0.0.1, with the topics of the topic files. Everything is in memory, at most 5 MB \
            a partition, and gone at the end. It chooses a port of its own; with --port clients bootstrap from that one and \
            learn the other.

            Examples:
              standing broker --port 19092
              standing broker --partitions 3
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(help: "Port that clients bootstrap from. Default: any free one.")
    var port: UInt16?

    @Option(help: "Partitions of the control topic, the ledger and the fact topics. Default: as in the topic files.")
    var partitions: Int?

    func validate() throws {
        if let partitions, !(1...TopicDefinition.maximumPartitions).contains(partitions) {
            throw ValidationError("--partitions: must be from 1 to \(TopicDefinition.maximumPartitions)")
        }
        if let brokers = cluster.brokers, brokers != "embedded" {
            throw ValidationError(
                "--brokers has no effect: the embedded broker is started here; --port is where it listens")
        }
        if !cluster.kafka.isEmpty { throw ValidationError("--kafka has no effect on the embedded broker") }
    }

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        var options = cluster
        options.brokers = "embedded"
        var cluster = try Cluster(options, &settings, mayEmbed: true)
        if let partitions { cluster.setPartitions(partitions) }
        guard let broker = try cluster.startEmbedded() else { return }
        var address = broker.bootstrap
        var relay: PortRelay?
        if let port {
            guard let own = address.split(separator: ":").last.flatMap({ UInt16($0) }) else {
                throw fail("error: the embedded broker has no port: \(address)")
            }
            do {
                relay = try PortRelay(port: port, to: own)
            } catch {
                throw fail("error: \(error)")
            }
            address = "127.0.0.1:\(port)"
        }
        print(address)
        fflush(nil)
        await withCheckedContinuation { continuation in
            let once = OnceOnly { continuation.resume() }
            let signals = StopSignals { once.run() }
            once.retain(signals)
        }
        withExtendedLifetime((broker, relay)) {}
    }
}

/// Runs its body the first time only.
final class OnceOnly: @unchecked Sendable {
    private let lock = NSLock()
    private var body: (() -> Void)?
    private var retained: AnyObject?

    init(_ body: @escaping () -> Void) { self.body = body }

    func retain(_ object: AnyObject) { lock.withLock { retained = object } }

    func run() {
        let first = lock.withLock { () -> (() -> Void)? in
            defer { body = nil }
            return body
        }
        first?()
    }
}
