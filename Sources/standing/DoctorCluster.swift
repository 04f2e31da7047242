import Foundation
import Kafka
import Lag
import Ledger
import Operations
import Options
import Synchronization
import Topics

/// Queries a cluster for the doctor. The calls block.
final class DoctorCluster: Sendable {
    private struct State {
        var metadata: Metadata?
        var settings: [String: [String: String]] = [:]
        var brokerSettings: [[String: String]] = []
        /// False if the brokers describe no settings whatever the rights are.
        var describesSettings = true
    }

    static let noAnswer = "the brokers do not answer"
    static let brokersFirst = "mend what is found about the broker, and look again"

    /// librdkafka's default of a producer's batch, if the properties have none.
    private static let batchBytes: Int64 = 1_000_000

    private let cluster: Cluster
    private let wanted: [TopicDefinition]
    private let milliseconds: Int
    private let principals: [RolePrincipal]
    private let roles: [AccessRole]
    private let longestStop: Duration
    private let state = Mutex(State())

    init(
        _ cluster: Cluster, milliseconds: Int, principals: [RolePrincipal], roles: [AccessRole], longestStop: Duration
    ) {
        (self.cluster, self.milliseconds, self.longestStop) = (cluster, milliseconds, longestStop)
        (self.principals, self.roles) = (principals, roles)
        wanted = cluster.definitions.map { definition in
            var definition = definition
            definition.name = cluster.prefix + definition.name
            return definition
        }
    }

    /// The number of brokers; nil if the cluster has not answered.
    var brokers: Int? { state.withLock { $0.metadata?.brokers } }

    var ledgerPartitions: Int? {
        state.withLock { state in
            state.metadata?.topics.first { $0.name == cluster.names(.ledger)[0] }?.partitions
        }
    }

    /// `limit`: seconds of each check.
    func findings(_ limit: Double) -> [Finding] {
        var findings = DoctorCheck.run("broker", limit) { [self] in try broker() }
        guard brokers != nil else {
            let others = ["topics", "durability", "sizes", "offsets", "retention", "access"]
            findings += others.map { .unchecked($0, why: Self.noAnswer, remedy: Self.brokersFirst) }
            return findings + DoctorCheck.run("clock", limit) { [self] in clock(newest: nil) }
        }
        findings += DoctorCheck.run("topics", limit) { [self] in described(topics()) }
        for (name, check) in checks { findings += DoctorCheck.run(name, limit, check) }
        return findings
    }

    private var checks: [(name: String, check: @Sendable () throws -> [Finding])] {
        [
            ("durability", { [self] in described(ClusterCheck.durability(found, brokers: brokers ?? 1)) }),
            (
                "sizes",
                { [self] in
                    let batch = cluster.kafka.properties["batch.size"].flatMap { Int64($0) } ?? Self.batchBytes
                    return described(ClusterCheck.sizes(found, frame: Int64(Frame.maximumBytes), batch: batch))
                }
            ),
            ("offsets", { [self] in described(offsets()) }),
            ("retention", { [self] in try retention() }),
            ("access", { [self] in try access() }),
            ("clock", { [self] in clock(newest: try? newestRecord()) }),
        ]
    }

    /// If the brokers describe no settings, a finding must not recommend the right to read them.
    private func described(_ findings: [Finding]) -> [Finding] {
        guard !state.withLock({ $0.describesSettings }) else { return findings }
        return findings.map { finding in
            finding.severity == .unchecked
                ? .unchecked(finding.check, why: "the embedded broker does not describe settings") : finding
        }
    }

    private func admin() throws(KafkaError) -> Admin { try Admin(cluster.kafka, timeoutMilliseconds: milliseconds) }

    // MARK: What the cluster is

    private func broker() throws -> [Finding] {
        let admin = try admin()
        let metadata: Metadata
        do {
            metadata = try admin.metadata(milliseconds: milliseconds)
        } catch {
            return [
                Finding(
                    "broker", .error, "broker-away", "\(cluster.kafka.brokers) does not answer: \(error)",
                    remedy: error.isNotAllowed
                        ? "look at the security properties under kafka: in the configuration"
                        : "look whether it runs, at its address, and at the security properties under kafka: in the configuration"
                )
            ]
        }
        state.withLock { $0.metadata = metadata }
        var brokerSettings: [[String: String]] = []
        let describesSettings = admin.describesSettings
        state.withLock { $0.describesSettings = describesSettings }
        if describesSettings {
            for broker in metadata.brokerIDs {
                guard let settings = try? admin.settings(ofBroker: broker, milliseconds: milliseconds) else { continue }
                brokerSettings.append(settings)
            }
            let names = wanted.map(\.name).filter { name in metadata.topics.contains { $0.name == name } }
            let answers = (try? admin.configurations(of: names, milliseconds: milliseconds)) ?? [:]
            state.withLock { $0.settings = answers.compactMapValues { try? $0.get() } }
        }
        state.withLock { $0.brokerSettings = brokerSettings }
        let version = brokerSettings.compactMap { $0["inter.broker.protocol.version"] }.min()
        return ClusterCheck.broker(metadata, library: KafkaConfiguration.libraryVersion, protocolVersion: version)
    }

    private var found: [ClusterCheck.Topic] {
        state.withLock { state in
            wanted.map { definition in
                ClusterCheck.Topic(
                    wanted: definition, found: state.metadata?.topics.first { $0.name == definition.name },
                    settings: state.settings[definition.name])
            }
        }
    }

    private func topics() -> [Finding] {
        let existing = found.compactMap { topic in
            topic.found.map { ($0.name, TopicPlan.Existing(partitions: $0.partitions, config: topic.settings)) }
        }
        return ClusterCheck.topics(
            TopicPlan.plan(wanted: wanted, existing: Dictionary(existing, uniquingKeysWith: { first, _ in first })))
    }

    private func offsets() -> [Finding] {
        let minutes = state.withLock { state in
            state.brokerSettings.compactMap { $0["offsets.retention.minutes"].flatMap { Int64($0) } }.min()
        }
        return ClusterCheck.offsetsRetention(
            minutes: minutes, sources: found.filter { $0.wanted.role == .source }, longestStop: longestStop)
    }

    private func retention() throws -> [Finding] {
        let group = cluster.accessPlanGroups.intake
        let sources = Set(cluster.names(.source))
        let monitor = try LagMonitor(
            kafka: cluster.kafka, groups: [group], knownGroups: try cluster.knownGroups(),
            timeoutMilliseconds: milliseconds)
        let report = try monitor.observe(now: Int64(Date().timeIntervalSince1970 * 1000))
        let partitions = report.groups.filter { $0.group == group }.flatMap(\.partitions)
        let byTopic = Dictionary(
            grouping: partitions.filter { sources.contains($0.topicPartition.topic) }, by: \.topicPartition.topic)
        return ClusterCheck.retention(
            byTopic.keys.sorted().map { topic in
                let lags = (byTopic[topic] ?? []).map(\.lag)
                // Without unread records, none of the retention is used.
                let shares = lags.map { $0.retentionShare ?? ($0.records == 0 ? 0 : nil) }
                let isKnown = shares.allSatisfy { $0 != nil }
                return ClusterCheck.Used(
                    topic: topic, group: group, share: isKnown ? shares.compactMap(\.self).max() : nil,
                    lost: lags.compactMap(\.lost).isEmpty ? nil : lags.compactMap(\.lost).reduce(0, +))
            })
    }

    // MARK: The clock

    private func clock(newest: Int64?) -> [Finding] {
        MachineCheck.clock(DoctorMachine.kernelClock, newest: newest, allowed: 5 * 60 * 1_000_000)
    }

    private static let pollMilliseconds = 100

    /// Microseconds by which the newest record of the ledger is ahead of the wall clock; nil if there is no record.
    private func newestRecord() throws -> Int64? {
        let ledger = cluster.names(.ledger)[0]
        let topicPartitions = (0..<Int32(ledgerPartitions ?? 0)).map { TopicPartition(ledger, $0) }
        let ends = try admin().ends(of: topicPartitions).filter { $0.value > 0 }
        guard !ends.isEmpty else { return nil }
        var options = Consumer.Options()
        options.reportsEnds = true
        let consumer = try Consumer(cluster.kafka, options: options)
        defer { consumer.close() }
        try consumer.assign(ends.map { PartitionOffset($0.key, offset: $0.value - 1) })
        var newest: Int64?
        let deadline = ContinuousClock.now + .milliseconds(milliseconds / 2)
        while !consumer.assignment.allSatisfy(\.reachedEnd), ContinuousClock.now < deadline {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records where record.timestamp >= 0 { newest = max(newest ?? 0, record.timestamp) }
            }
            if let error = consumer.takeErrors().first?.error { throw error }
        }
        return newest.map { $0 * 1000 - Int64(Date().timeIntervalSince1970 * 1_000_000) }
    }

    // MARK: Access

    private func access() throws -> [Finding] {
        guard !principals.isEmpty || !roles.isEmpty else {
            return [
                Finding(
                    "access", .note, "not-asked",
                    "whose rights to look at is not said: --principal ROLE=User:NAME, or --role for the user who connects"
                )
            ]
        }
        let admin = try admin()
        guard admin.describesSettings else {
            return [.unchecked("access", why: "the embedded broker controls no access")]
        }
        let plan = cluster.accessPlan()
        var findings: [Finding] = []
        if !principals.isEmpty {
            let entries = try admin.accessEntries(milliseconds: milliseconds)
            if entries.isEmpty {
                let authorizer = state.withLock { $0.brokerSettings.compactMap { $0["authorizer.class.name"] }.first }
                findings.append(ClusterCheck.accessWithoutEntries(authorizer: authorizer))
            } else {
                findings += principals.flatMap { item in
                    ClusterCheck.access(
                        item.role, item.principal, plan.rights(of: item.role), in: entries,
                        bootstrap: cluster.kafka.brokers)
                }
            }
        }
        for role in roles {
            let rights = plan.rights(of: role)
            let (proven, refused) = try AccessProbe(cluster.kafka, admin, milliseconds: milliseconds).run(rights)
            findings += ClusterCheck.probed(role, rights, proven: proven, refused: refused)
        }
        return findings
    }
}

/// Finds out the rights of the connecting user, by calls that change nothing.
struct AccessProbe {
    private static let pollMilliseconds = 100

    private let kafka: KafkaConfiguration
    private let admin: Admin
    private let milliseconds: Int

    init(_ kafka: KafkaConfiguration, _ admin: Admin, milliseconds: Int) {
        (self.kafka, self.admin, self.milliseconds) = (kafka, admin, milliseconds)
    }

    func run(_ rights: [AccessRight]) throws -> (proven: Set<AccessRight>, refused: Set<AccessRight>) {
        var proven: Set<AccessRight> = []
        var refused: Set<AccessRight> = []
        func note(_ right: AccessRight, _ isGiven: Bool?) {
            if isGiven == true { proven.insert(right) } else if isGiven == false { refused.insert(right) }
        }
        // Only existing topics that may be described are listed. A missing one proves nothing about rights.
        let metadata = try admin.metadata(milliseconds: milliseconds)
        let seen = Set(metadata.topics.map(\.name))
        let onTopics = rights.filter { $0.resource == .topic }
        for right in onTopics where right.operation == .describe && seen.contains(right.name) { proven.insert(right) }
        let configs = onTopics.filter { $0.operation == .describeConfigs && seen.contains($0.name) }
        let answers = try admin.configurations(of: configs.map(\.name), milliseconds: milliseconds)
        for right in configs { note(right, answers[right.name].flatMap { Self.isGiven($0) }) }
        let readable = try read(onTopics.filter { $0.operation == .read && seen.contains($0.name) }.map(\.name))
        for right in onTopics where right.operation == .read { note(right, readable[right.name]) }
        let groups = rights.filter { $0.resource == .group }
        let committed = try admin.committed(
            groups: groups.map(\.name),
            Admin.GroupLimits(requestMilliseconds: milliseconds / 4, totalMilliseconds: milliseconds / 3))
        for right in groups {
            let isGiven = committed[right.name].flatMap { Self.isGiven($0) }
            // A user who may describe a group need not have the right to join it.
            if right.operation == .describe || isGiven == false { note(right, isGiven) }
        }
        return (proven, refused)
    }

    /// Nil if the answer proves nothing about rights.
    private static func isGiven<Value>(_ result: Result<Value, KafkaError>) -> Bool? {
        switch result {
        case .success: true
        case .failure(let error): error.isNotAllowed ? false : nil
        }
    }

    /// Fetches at the end of one partition of each topic, so that no record has to be read.
    private func read(_ topics: [String]) throws -> [String: Bool] {
        guard !topics.isEmpty else { return [:] }
        var options = Consumer.Options()
        options.reportsEnds = true
        let consumer = try Consumer(kafka, options: options)
        defer { consumer.close() }
        try consumer.assign(topics.map { PartitionOffset(TopicPartition($0, 0), offset: PartitionOffset.end) })
        var result: [String: Bool] = [:]
        let deadline = ContinuousClock.now + .milliseconds(milliseconds / 3)
        while result.count < topics.count, ContinuousClock.now < deadline {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { _ in }
            for (topicPartition, error) in consumer.takeErrors() where error.isNotAllowed {
                result[topicPartition.topic] = false
            }
            for item in consumer.assignment where item.reachedEnd { result[item.topicPartition.topic] = true }
        }
        return result
    }
}
