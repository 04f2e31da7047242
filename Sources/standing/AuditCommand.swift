import ArgumentParser
import Audit
import Events
import Foundation
import Kafka
import Ledger
import Options
import Replay
import Terminal
import Topics

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Who looked, who decided and who changed.",
        discussion: """
            Examples:
              standing audit list --subject ada
              standing audit verify
            """,
        subcommands: [AuditListCommand.self, AuditVerifyCommand.self])
}

extension Cluster {
    /// The topic of the audit. Ends the command if the topic files have none.
    fileprivate func auditTopic() throws -> String {
        guard let topic = names(.audit).first else {
            throw fail("error: the topic files have no topic for the audit", Exit.usage)
        }
        return topic
    }
}

struct AuditListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "What people did and saw, the newest first.",
        discussion: """
            One page at a time: --before takes the position at which the page before ended, which --output json prints on standard \
            error as well. The audit names people: whoever reads it sees whose file was looked at.

            Examples:
              standing audit list --subject ada --brokers kafka:9092
              standing audit list --actor nora --since 2026-01-01T00:00:00Z --output json
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "Only what this person did.")
    var actor: String?
    @Option(help: "Only this, such as readFile or decide-appeal.")
    var action: String?
    @Option(help: "Only what was about this subject.")
    var subject: String?
    @Option(help: "From this time on (RFC 3339).")
    var since: String?
    @Option(help: "Before this time (RFC 3339).")
    var until: String?
    @Option(help: "At most so many, from 1 to \(AuditReader.maximumPage).")
    var limit = 100
    @Option(help: "Older than this position, PARTITION:OFFSET[,…]. Default: the newest.")
    var before: String?
    @Option(help: "text or json, a line each.")
    var output = TableFormat.text

    func validate() throws {
        for (name, value) in [("--since", since), ("--until", until)] {
            guard let value, Timestamp(value) == nil else { continue }
            throw ValidationError("\(name): \"\(value)\" is not an RFC 3339 time such as 2026-01-31T00:00:00Z")
        }
        guard (1...AuditReader.maximumPage).contains(limit) else {
            throw ValidationError("--limit: from 1 to \(AuditReader.maximumPage)")
        }
        if let before, AuditReader.Cursor(before) == nil {
            throw ValidationError("--before: \"\(before)\" is not PARTITION:OFFSET[,…]")
        }
    }

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        var filter = AuditReader.Filter()
        (filter.actor, filter.action, filter.subject) = (actor, action, subject)
        (filter.since, filter.until) = (since.flatMap { Timestamp($0) }, until.flatMap { Timestamp($0) })
        let page: AuditReader.Page
        do {
            page = try AuditReader(cluster.kafka, topic: cluster.auditTopic()).page(
                filter, before: before.flatMap { AuditReader.Cursor($0) }, limit: limit)
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
        if output == .json {
            for found in page.found {
                var writer = JSONWriter()
                found.entry.write(to: &writer, position: (found.partition, found.offset))
                print(writer.text)
            }
        } else {
            var table = TextTable(
                [.text("time"), .text("actor"), .text("action"), .text("subject"), .text("outcome"), .text("purpose")])
            for entry in page.found.map(\.entry) {
                table.add([
                    entry.time.description, entry.actor, entry.action, entry.subject ?? "", entry.outcome,
                    entry.purpose ?? "",
                ])
            }
            print(table.take(), terminator: "")
        }
        if let next = page.next { printMessage("older: --before \(next)") }
    }
}

struct AuditVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that no record of the audit was removed or changed, or say which.",
        discussion: """
            Reads the whole topic, a partition after the other, and checks its chains: each record names the one before it of its \
            writer, and the newest of all that the writer knew. What has expired at the topic's beginning is no finding. With \
            --trusted-keys it compares the topic with the records that members have vouched for in the topic of checkpoints, so that \
            what is cut off at its end shows, and what is cut off at its beginning before it has expired; without, a cut end shows \
            when the next record is written. With --trusted-keys it checks the signatures of the members too: a \
            record that a key signed which is not trusted is a finding, and so is one that is not signed. Members without a key have \
            written before they had one: --unsigned-before TIME allows their records of a time before TIME, of which nothing but \
            the chains is proved then. A signature is for a topic of a cluster: of a copy on another cluster, name the cluster that \
            it was written on. Prints a line a partition. Exit 3 where something is missing or different.

            Examples:
              standing audit verify --brokers kafka:9092
              standing audit verify --brokers kafka:9092 --trusted-keys members.pub
              standing audit verify --trusted-keys members.pub --unsigned-before 2026-12-01T00:00:00Z
              standing audit verify --output json
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(
        help: Setting.help("trusted-keys", otherwise: "none, and signatures are not checked"), completion: .file())
    var trustedKeys: String?
    @Option(
        help: """
            Records of a time before this one (RFC 3339) need no signature, such as the time when the last member got its key. \
            Default: every record needs one.
            """)
    var unsignedBefore: String?
    @Option(
        help: """
            The id of another cluster, if the topic is a copy of the one there: records that were signed there are accepted too. \
            May be repeated.
            """)
    var copiedFrom: [String] = []
    @Option(
        help: """
            What members have vouched for counts from this time on (RFC 3339), such as the time when a lost topic was made anew. \
            Default: all of it.
            """)
    var headsSince: String?
    @Option(help: "text or json, a line each.")
    var output = TableFormat.text

    func validate() throws {
        for (name, value) in [("--unsigned-before", unsignedBefore), ("--heads-since", headsSince)] {
            guard let value, Timestamp(value) == nil else { continue }
            throw ValidationError("\(name): \"\(value)\" is not an RFC 3339 time such as 2026-01-31T00:00:00Z")
        }
    }

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let topic = try cluster.auditTopic()
        let keyring = try Keyring.read(trusted: settings.text("trusted-keys", flag: trustedKeys))
        let trust = try trust(keyring, topic, cluster)
        let partitions: [(partition: Int32, chain: AuditChain)]
        let heads: AuditHeads?
        do {
            heads = try trust.flatMap { try self.heads($0, cluster) }
            let work = ReplayProgress()
            let line = ProgressLine(work, unit: "records")
            defer { line.finish() }
            partitions = try AuditReader(cluster.kafka, topic: topic).verify(
                trust, heads: heads, expired: Self.expired(cluster)
            ) {
                work.expect($0)
            } progress: {
                work.add(offsets: $0, entries: 1)
            }
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
        var isProved = true
        for (partition, chain) in partitions {
            if output == .json {
                print(
                    JSONWriter.object {
                        $0.member("partition", partition)
                        $0.member("records", chain.records)
                        $0.member("findings", chain.findingCount)
                        $0.member("signed", chain.signed)
                        $0.member("unsigned", chain.unsigned)
                    })
            } else {
                print(
                    "partition \(partition): \(chain.records) records, \(chain.findingCount) findings, "
                        + "\(chain.signed) signed")
            }
            for finding in chain.findings { printMessage("error: \(finding)") }
            if trust != nil, let last = chain.lastUnsigned {
                printMessage(
                    "partition \(partition): \(chain.unsigned) records are not signed, the last at offset \(last)")
            }
            if chain.findingCount > 0 { isProved = false }
        }
        if trust == nil { printMessage("signatures are not checked: no key is trusted (--trusted-keys FILE)") }
        if trust != nil, heads?.count ?? 0 == 0 {
            printMessage(
                "no member has vouched for the audit's end in the topic of checkpoints: what is cut off there shows when the next "
                    + "record is written")
        }
        if !isProved { throw Exit.corruption }
    }

    /// What members have vouched for; nil if there is no topic for it.
    private func heads(_ trust: AuditTrust, _ cluster: Cluster) throws -> AuditHeads? {
        guard let topic = cluster.names(.checkpoints).first else { return nil }
        var heads = AuditHeads(trust, since: headsSince.flatMap { Timestamp($0) })
        try TopicScan(cluster.kafka, topic: topic).forEach { heads.note($1.value) }
        return heads
    }

    /// The difference of members' clocks, in microseconds.
    private static let clockDifference: Int64 = 86_400_000_000

    /// Records of a time before it may have expired, by the topic files; nil if the topic's size may be limited too:
    /// without `retention.bytes` the broker's default applies.
    private static func expired(_ cluster: Cluster) -> Timestamp? {
        guard let audit = cluster.definitions.first(where: { $0.role == .audit }),
            audit.config["retention.bytes"] == "-1"
        else { return nil }
        switch audit.retention {
        case .forever: return .distantPast
        case .milliseconds(let milliseconds):
            let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
            return now.adding(microseconds: clockDifference).adding(microseconds: -milliseconds * 1000)
        }
    }

    /// Nil if no key is trusted.
    private func trust(_ keyring: Keyring, _ topic: String, _ cluster: Cluster) throws -> AuditTrust? {
        guard !keyring.trustedKeys.isEmpty else {
            guard unsignedBefore == nil, headsSince == nil, copiedFrom.isEmpty else {
                throw fail(
                    "error: --unsigned-before, --heads-since and --copied-from have no effect: they go with --trusted-keys",
                    Exit.usage)
            }
            return nil
        }
        let here: String
        do {
            here = try Admin(cluster.kafka).clusterID() ?? ""
        } catch {
            throw fail("error: \(error)")
        }
        return AuditTrust(
            keyring, of: ([here] + copiedFrom).map { AuditOrigin(topic: topic, cluster: $0) },
            unsignedBefore: unsignedBefore.flatMap { Timestamp($0) })
    }
}
