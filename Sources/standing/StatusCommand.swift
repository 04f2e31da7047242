import Access
import ArgumentParser
import Foundation
import Kafka
import Lag
import Operations
import Options
import Pipeline
import Terminal
import Topics

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "All members on one screen: who owns what, how far it is, and what wants attention.",
        discussion: """
            Asks the members that have announced themselves (or those that --ask names) for /readyz and /metrics, and the cluster how \
            far Standing's groups are behind. What somebody does not say is shown as -, and is null in JSON. During a rebalance or a \
            restart members are asked again for a while; with --watch they are not, and the screen is drawn anew every --interval \
            until it is interrupted. Where members have a secret, only announcements with its seal count (`member-secret`, \
            `member-ca` in the settings).

            Examples:
              standing status --brokers HOST:PORT
              standing status --brokers HOST:PORT --watch
              standing status --brokers HOST:PORT --ask one:8080 two:8080 --output json
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(
        parsing: .upToNextOption, help: "HOST:PORT of members. Default: those that have announced themselves.")
    var ask: [String] = []

    @Flag(help: "Show each ledger partition.")
    var partitions = false

    @Flag(help: "Go on until interrupted.")
    var watch = false

    @Option(help: "Between two looks, such as 2s.")
    var interval = "2s"

    @Option(help: "text or json, one document a look.")
    var output = TableFormat.text

    func validate() throws {
        if Settings.duration(interval).map({ $0 >= 100_000 }) != true {
            throw ValidationError("--interval: \"\(interval)\" is not a duration of at least 100ms, such as 2s")
        }
    }

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let pause = Double(Settings.duration(interval) ?? 0) / 1e6
        let members = try AskedMembers(&settings)
        let (asked, watch, output, partitions) = (ask, watch, output, partitions)
        try await onThread {
            do {
                let look = try StatusLook(cluster, asked: asked, members)
                let screen = watch && output == .text ? TerminalScreen(wantsKeys: false) : nil
                while true {
                    let report = try look.report(within: watch ? .zero : MemberPatience.looking)
                    if output == .json {
                        print(report.json)
                    } else if let screen {
                        screen.paint { columns, rows, _ in
                            report.screen(columns: columns, rows: rows, partitions: partitions)
                        }
                    } else {
                        print(report.text(partitions: partitions), terminator: "")
                    }
                    fflush(nil)
                    guard watch else { return }
                    Thread.sleep(forTimeInterval: pause)
                }
            } catch let error as KafkaError {
                throw fail("error: \(cluster.kafka.brokers): \(error)")
            }
        }
    }
}

/// Examines members and groups. It is used by one thread, and the calls block.
final class StatusLook {
    /// The longest wait for a cluster that does not answer. Nothing else is asked of it in that look.
    private static let clusterMilliseconds = 4000

    private let cluster: Cluster
    private let asked: [String]
    private let members: AskedMembers
    private let monitor: LagMonitor
    private let admin: Admin
    private let groups: [String]
    /// Whether the cluster has answered once.
    private var hasAnswered = false
    /// The members at the last reading of the members topic; nil before the first.
    private var lastAnnounced: [MembersTable.Member]?

    /// `asked`: addresses of members; empty for those that have announced themselves.
    init(_ cluster: Cluster, asked: [String], _ members: AskedMembers) throws {
        (self.cluster, self.asked, self.members) = (cluster, asked, members)
        let known = try cluster.knownGroups()
        groups = known.keys.sorted()
        monitor = try LagMonitor(
            kafka: cluster.kafka, groups: groups, knownGroups: known, ledgers: .ledgers(Set(cluster.names(.ledger))))
        admin = try Admin(cluster.kafka, timeoutMilliseconds: Self.clusterMilliseconds)
    }

    /// `limit`: for members that do not answer, or have no owner of a partition among them, because partitions move.
    /// Throws if the cluster has never answered and no addresses are given. Other failures are notes.
    func report(within limit: Duration) throws -> StatusReport {
        let now = Date().timeIntervalSince1970
        var notes: [String] = []
        let ledger = cluster.names(.ledger)[0]
        var ledgerPartitions: Int?
        var isAnswering = false
        do {
            ledgerPartitions = try admin.topic(ledger)?.partitions
            (hasAnswered, isAnswering) = (true, true)
            if ledgerPartitions == nil { notes.append(Self.unseen(ledger)) }
        } catch {
            guard hasAnswered || !asked.isEmpty else { throw error }
            notes.append(
                "the cluster does not answer within \(Self.clusterMilliseconds / 1000) s, so how far the groups are behind is "
                    + "unknown: \(error)")
        }
        if isAnswering { readAnnouncements(&notes) }
        let members = statuses(within: limit, ledgerPartitions, canReread: isAnswering)
        return StatusReport(
            time: now, members: members, groups: isAnswering ? lag(now, &notes) : [],
            ledgerPartitions: ledgerPartitions, owned: owned, notes: notes, asked: Set(asked))
    }

    /// Ledger partitions that any member has announced; nil if the announcements are not known.
    private var owned: Set<Int32>? { lastAnnounced.map { Set($0.flatMap(\.partitions).filter { $0 >= 0 }) } }

    /// `canReread`: whether announcements are read again before members are asked again.
    private func statuses(within limit: Duration, _ ledgerPartitions: Int?, canReread: Bool) -> [MemberStatus] {
        func gap(_ members: [MemberStatus]) -> String? {
            StatusReport.gap(members, ledgerPartitions: ledgerPartitions, owned: owned)
        }
        var isFirst = true
        return members.readings.statuses(
            of: {
                // If it cannot be read, the last members are asked.
                var notes: [String] = []
                if !isFirst, canReread { readAnnouncements(&notes) }
                isFirst = false
                let announced = lastAnnounced ?? []
                guard !asked.isEmpty else { return announced }
                return asked.map { address in
                    announced.first { $0.address == address } ?? MembersTable.Member(asked: address)
                }
            }, within: limit
        ) {
            gap($0) == nil
        } onWait: {
            printMessage(MemberPatience.notice(gap($0) ?? "", limit))
        }
    }

    private static func unseen(_ topic: String) -> String {
        "\(topic): no such topic, or this user may not see it: `standing topics apply` makes it, `standing topics acls --role lag` "
            + "prints the rights"
    }

    private func readAnnouncements(_ notes: inout [String]) {
        do {
            if let found = try cluster.announcedMembers(admin, seal: try members.seal()) {
                lastAnnounced = found
            } else if let topic = cluster.names(.members).first {
                notes.append(Self.unseen(topic))
            }
        } catch let mistake as AccessMistake {
            notes.append("which members run is not known, because the seal of their announcements is not: \(mistake)")
        } catch {
            notes.append("the members topic cannot be read: \(error)")
        }
    }

    private func lag(_ now: Double, _ notes: inout [String]) -> [StatusReport.Group] {
        do {
            let report = try monitor.observe(now: Int64(now * 1000))
            // Downstream services need not run. A member always commits in both groups.
            let needed = [cluster.accessPlanGroups.intake, cluster.accessPlanGroups.fold]
            for name in needed where !report.groups.contains(where: { $0.group == name }) {
                notes.append("group \(name): it is not on the cluster, or this user may not describe it")
            }
            // The embedded broker cannot list groups, which needs no note, because its groups are known.
            return report.groups.filter { groups.contains($0.group) }.map { group in
                StatusReport.Group(
                    name: group.group, records: group.records, seconds: group.seconds, status: group.status.rawValue,
                    cause: group.causes.first?.sentence)
            }
        } catch {
            notes.append("how far the groups are behind is not told: \(error)")
            return []
        }
    }
}
