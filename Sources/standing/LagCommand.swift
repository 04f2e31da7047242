import ArgumentParser
import Events
import Foundation
import Kafka
import Lag
import Ledger
import Pipeline
import Topics

struct LagCommand: AsyncParsableCommand {
    enum Output: String, ExpressibleByArgument { case table, json }

    static let configuration = CommandConfiguration(
        commandName: "lag",
        abstract: "How far every consumer group of the cluster is behind: records, seconds, time to catch up, and why.",
        discussion: """
            Seconds behind are the age of the next unread record, not an interpolation; what is not known is said as \
            unknown. UNIT is what LAG and the rates count: records, or the ledger's frames, each of up to thousands of events; \
            EVENTS are the unread events in them. RETENTION is how much of what retention allows is used up. What retention \
            took is no lag. A group is measured to the end of the log; one that reads committed data only, as Standing's own do, \
            to where the first open transaction begins: --committed names others, for the cluster does not know. With \
            --max-seconds, exit code 4 if a group is further behind, or if nothing is known of one that --group names. The topic \
            files (the program's own, or --topics DIR) say which topics Standing's groups read.

            STATUS, in the order in which it wants attention: ok; behind; unknown; warning (the lag only grows, or 80 % of \
            retention are used up); rewound (less is committed than before); stalled (there is something to read, and nothing \
            is read); stopped (as stalled, and nobody is there); expired (retention took what was not read). Why a group is \
            behind, and what to do, follows after the table. One evaluation tells no standstill of a group that has members: \
            that takes --watch.

            Examples:
              standing lag --brokers HOST:PORT
              standing lag --brokers HOST:PORT --group billing --max-seconds 60
              standing lag --brokers HOST:PORT --ask one:8080 two:8080
              standing lag --brokers HOST:PORT --committed 'payments-*' --watch --output json
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(parsing: .upToNextOption, help: "Only these groups. Default: every group of the cluster.")
    var group: [String] = []

    @Option(
        name: .customLong("committed"), parsing: .upToNextOption,
        help: "Groups that read committed data only; * stands for any text.")
    var committedReaders: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: "HOST:PORT of members: what they say over HTTP explains why the group that folds the ledger is behind.")
    var ask: [String] = []

    @Flag(help: "Go on, an evaluation every --interval, until interrupted.")
    var watch = false

    @Option(help: "Between two evaluations, such as 2s. One evaluation needs two samples for a rate.")
    var interval = "2s"

    @Option(help: "table or json, one document an evaluation.")
    var output = Output.table

    @Flag(help: "Show partitions that are not behind as well.")
    var all = false

    @Option(help: "Exit with 4 if a group is more seconds behind.")
    var maxSeconds: Double?

    func validate() throws {
        if Settings.duration(interval).map({ $0 >= 100_000 }) != true {
            throw ValidationError("--interval: \"\(interval)\" is not a duration of at least 100ms, such as 2s")
        }
        if let maxSeconds, !(0..<Double.infinity).contains(maxSeconds) {
            throw ValidationError("--max-seconds: \(maxSeconds) is not a number of seconds")
        }
        if maxSeconds != nil, watch {
            throw ValidationError("--max-seconds goes with one evaluation, not with --watch")
        }
    }

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let pause = Double(Settings.duration(interval) ?? 2_000_000) / 1e6
        let (asked, watch, output, all, maxSeconds) = (group, watch, output, all, maxSeconds)
        let (committedReaders, members) = (committedReaders.map { GroupPattern($0) }, ask)
        let exceeded = try await onThread {
            do {
                let monitor = try LagMonitor(
                    kafka: cluster.kafka, groups: asked.isEmpty ? nil : asked, knownGroups: try cluster.knownGroups(),
                    committedReaders: committedReaders, ledgers: cluster.ledgers)
                let readings = MemberReadings()
                let (ledger, fold) = (try cluster.pipelineTopics().ledger, cluster.prefix + "standing-fold")
                _ = try monitor.observe(now: milliseconds())
                while true {
                    // The first sample has no rate, so the first report comes with the second.
                    Thread.sleep(forTimeInterval: pause)
                    var notes: [String] = []
                    let causes = LagCause.inside(readings.ask(members, &notes), ledger: ledger)
                    let report = try monitor.observe(now: milliseconds()).adding(causes, to: fold, notes: notes)
                    for note in report.notes { say("note: \(note)") }
                    print(output == .json ? report.json() : report.table(all: all))
                    fflush(nil)
                    guard !watch else { continue }
                    let excesses = maxSeconds.map { report.excesses(maxSeconds: $0, asked: asked) } ?? []
                    for excess in excesses { say(excess) }
                    return !excesses.isEmpty
                }
            } catch let error as KafkaError {
                throw fail("error: \(cluster.kafka.brokers): \(error)")
            }
        }
        if exceeded { throw Exit.limitExceeded }
    }
}

private func milliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

extension Cluster {
    private static let defaultLedger = "standing.ledger"

    /// Our own groups and what they read, for brokers that cannot list groups.
    func knownGroups() throws -> [String: [String]] {
        let names = ["intake", "fold", "perks", "blacklist"].map { prefix + "standing-" + $0 }
        let topics = try pipelineTopics()
        let read = [[topics.control] + topics.sources, [topics.ledger], [topics.facts[2]], [topics.facts[1]]]
        return Dictionary(uniqueKeysWithValues: zip(names, read))
    }

    /// This cluster's ledger, and those under other prefixes by their default name.
    var ledgers: FramedTopics {
        let own = Set(names(.ledger))
        return FramedTopics(
            includes: { own.contains($0) || $0.hasSuffix(Self.defaultLedger) }, events: { eventCount(inFrame: $0) },
            subjects: { frame, body in
                forEachEvent(inFrame: frame) { entry in
                    if !entry.event.subject.isEmpty { body(entry.event.subject) }
                }
            })
    }
}

/// All entries but ticks; nil if it is no frame.
private func eventCount(inFrame bytes: UnsafeRawBufferPointer) -> Int? {
    var count = 0
    return forEachEvent(inFrame: bytes) { _ in count += 1 } ? count : nil
}

/// Calls `body` with all entries but ticks; false if it is no frame, or not a whole one.
@discardableResult
private func forEachEvent(inFrame bytes: UnsafeRawBufferPointer, _ body: (Entry) -> Void) -> Bool {
    var reader = FrameReader()
    var entry = FrameReader.blank
    do {
        try reader.open(bytes)
        while try reader.next(&entry) { if entry.kind != .tick { body(entry) } }
    } catch {
        return false
    }
    return true
}
