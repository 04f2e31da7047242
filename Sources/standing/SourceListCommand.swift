import ArgumentParser
import Events
import Kafka
import Options
import Pipeline
import Replay
import Terminal
import Topics

struct SourceListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Source topics, what they declare, how far they are read, and the dead letters of each.",
        discussion: """
            A line a topic: owner and sector if it declares them, the records that intake has read and those that it has not, and \
            the letters that wait in the dead-letter topic. A source that is withdrawn is shown as such, also if no topic file has \
            it any more. With --output json also types, sources, lifetime, format and contact, and the letters by reason; what is \
            not declared is null.

            Which sources are withdrawn, the members answer from their folds (/metrics). If none answers, `withdrawn` is null; \
            with --topic the whole ledger is then read, which can take a while. A source that is withdrawn in some ledger partitions \
            only is shown as such, and a message has the number of partitions that are not known.

            Examples:
              standing source list --brokers kafka:9092
              standing source list --topic --output json
            """)

    @OptionGroup var cluster: ClusterOptions
    @Flag(help: "If no member answers, read the ledger topic itself to learn which sources are withdrawn.")
    var topic = false
    @Option(help: "text or json, a line each.")
    var output = TableFormat.text

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        do {
            let sources = try Self.sources(of: cluster, &settings, readsLedger: topic)
            guard output == .text else { return sources.forEach { print($0.json) } }
            var table = TextTable([
                .text("topic"), .text("owner"), .text("sector"), .number("read"), .number("unread"),
                .number("dead letters"), .text("state"),
            ])
            for source in sources { table.add(source.row) }
            print(table.take(), terminator: "")
        } catch let error as KafkaError {
            throw fail("error: \(cluster.kafka.brokers): \(error)")
        }
    }

    struct Source {
        let topic: String
        let declaration: SourceDeclaration?
        /// Whether a topic file makes it a source. Others are listed if they are withdrawn.
        let isRead: Bool
        /// The number of ledger partitions in which it is withdrawn, of those that are known; nil if none is.
        let withdrawn: (partitions: Int, known: Int)?
        /// Nil if the cluster does not have the topic.
        var records: (read: Int64, unread: Int64)?
        /// Open dead letters, by reason.
        var letters: [String: Int64] = [:]
    }

    static func sources(of cluster: Cluster, _ settings: inout Settings, readsLedger: Bool) throws -> [Source] {
        let declarations = cluster.declarations
        let admin = try Admin(cluster.kafka)
        let withdrawals = try cluster.withdrawnSources(admin, &settings, readsLedger: readsLedger)
        let names = cluster.names(.source)
        let others = (withdrawals?.topics.keys.sorted() ?? []).filter { !names.contains($0) }
        var sources = (names + others).map { name in
            Source(
                topic: name, declaration: declarations[name], isRead: names.contains(name),
                withdrawn: withdrawals.map { ($0.topics[name] ?? 0, $0.partitions) })
        }
        let letters = try waitingLetters(of: cluster, admin)
        for index in sources.indices {
            let name = sources[index].topic
            sources[index].letters = letters[name] ?? [:]
            guard let topic = try admin.topic(name) else { continue }
            let topicPartitions = (0..<Int32(topic.partitions)).map { TopicPartition(name, $0) }
            let (beginnings, ends) = (try admin.beginnings(of: topicPartitions), try admin.ends(of: topicPartitions))
            var positions: [TopicPartition: Int64] = [:]
            for found in try admin.committed(group: cluster.accessPlanGroups.intake, partitions: topicPartitions) {
                positions[found.topicPartition] = found.offset
            }
            var records: (read: Int64, unread: Int64) = (0, 0)
            for topicPartition in topicPartitions {
                let (first, end) = (beginnings[topicPartition] ?? 0, ends[topicPartition] ?? 0)
                // A position that was never committed counts as the beginning.
                let position = max(first, positions[topicPartition] ?? first)
                records.read += max(0, positions[topicPartition] ?? 0)
                records.unread += max(0, end - position)
            }
            sources[index].records = records
        }
        return sources
    }

    private static func waitingLetters(of cluster: Cluster, _ admin: Admin) throws -> [String: [String: Int64]] {
        let name = cluster.names(.deadLetter)[0]
        guard try admin.topic(name) != nil else { return [:] }
        var counts: [String: [String: Int64]] = [:]
        let progress = ReplayProgress()
        let line = ProgressLine(progress, unit: "dead letters")
        defer { line.finish() }
        let letters = try DeadLetterTopic(cluster.kafka, topic: name, progress: progress)
        try letters.forEach(DeadLetterTopic.Filter()) { letter in
            guard letters.redriven[letter.position] == nil, letters.discarded[letter.position] == nil else { return }
            counts[letter.source.topic, default: [:]][letter.reason, default: 0] += 1
        }
        return counts
    }
}

extension SourceListCommand.Source {
    fileprivate var row: [String] {
        [
            topic, declaration?.owner ?? "not declared", declaration?.sector.rawValue ?? "",
            records.map { "\($0.read)" } ?? "no such topic", records.map { "\($0.unread)" } ?? "",
            "\(letters.values.reduce(0, +))",
            state,
        ]
    }

    private var state: String {
        guard let withdrawn, withdrawn.partitions > 0 else { return "" }
        let (count, known) = withdrawn
        return "withdrawn" + (count < known ? " in \(count) of \(known) ledger partitions" : "")
            + (isRead ? "" : ", in no topic file")
    }

    /// `{"topic","declaration":{"owner","sector","purpose","types","sources","lasts","format","contact"},"intake","withdrawn",
    /// "withdrawnPartitions","knownPartitions","read","unread","deadLetters":{REASON: number}}`. `intake` is false for a
    /// withdrawn topic that no topic file has. `withdrawn` is true if it is withdrawn in a ledger partition;
    /// `withdrawnPartitions` of the `knownPartitions` are these. The three are null if no partition is known.
    fileprivate var json: String {
        JSONWriter.object { object in
            object.member("topic", topic)
            object.key("declaration")
            if let declaration { declaration.write(to: &object) } else { object.null() }
            object.member("intake", isRead)
            object.member("withdrawn", withdrawn.map { $0.partitions > 0 })
            object.member("withdrawnPartitions", withdrawn?.partitions)
            object.member("knownPartitions", withdrawn?.known)
            object.member("read", records?.read)
            object.member("unread", records?.unread)
            object.open("deadLetters")
            for (reason, count) in letters.sorted(by: { $0.key < $1.key }) { object.member(reason, count) }
            object.close()
        }
    }
}
