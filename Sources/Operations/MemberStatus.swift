internal import Events
public import Foundation

/// One member of the engine: its announcement, and its reports over HTTP. A value that it does not report is nil, never
/// 0.
public struct MemberStatus: Sendable {
    /// The present work of a ledger partition's owner.
    public enum Phase: String, Sendable, CaseIterable {
        case current, behind, switching, quarantined, unknown
    }

    struct Readiness: Decodable {
        struct Quarantined: Decodable {
            let partition: Int32
            let offset: Int64
            let reason: String
        }
        struct Switching: Decodable {
            struct Source: Decodable { let topic: String }
            let partition: Int32
            /// Nil if the switch is to another policy.
            let source: Source?
            let done: Double
        }
        let ready: Bool
        let reasons: [String]?
        let intakePartitions: Int
        let foldPartitions: Int
        let currentPartitions: Int
        let quarantined: [Quarantined]?
        let switching: [Switching]?
        let behindSeconds: Int64?
        let secondsLeft: Int64?
    }

    public let name: String
    /// `HOST:PORT`.
    public let address: String
    /// Ledger partitions that it was the last to announce, in order.
    public let partitions: [Int32]
    let readiness: Readiness?
    private let metrics: MetricsText?
    /// Ledger offsets that are not folded yet, for partitions whose offsets are reported.
    private let unfolded: [Int32: Int64]

    /// `readiness` and `metrics` are the bodies of `/readyz` and `/metrics`; nil if there is no answer.
    public init(name: String, address: String, partitions: [Int32], readiness: Data?, metrics: String?) {
        (self.name, self.address, self.partitions) = (name, address, partitions.filter { $0 >= 0 })
        self.readiness = readiness.flatMap { try? JSONDecoder().decode(Readiness.self, from: $0) }
        let metrics = metrics.map { MetricsText($0) }
        self.metrics = metrics
        let ends = metrics?.byPartition(.ledgerNextOffset) ?? [:]
        let next = metrics?.byPartition(.foldNextOffset) ?? [:]
        unfolded = Dictionary(
            ends.compactMap { partition, end in
                next[partition].flatMap { (end - $0).whole }.map { (partition, max(0, $0)) }
            }, uniquingKeysWith: { first, _ in first })
    }

    public var isAnswering: Bool { readiness != nil }
    public var isReady: Bool? { readiness?.ready }
    public var reasons: [String] { readiness?.reasons ?? [] }
    public var intakePartitions: Int? { readiness?.intakePartitions }
    public var foldPartitions: Int? { readiness?.foldPartitions }
    /// Of its ledger partitions, those that are folded to their end.
    public var currentPartitions: Int? { readiness?.currentPartitions }
    public var behindSeconds: Int64? { readiness?.behindSeconds }

    private func count(_ metric: Metric) -> Int64? { metrics?.value(metric).flatMap(\.whole) }

    public var standbyPartitions: Int64? { count(.standbyPartitions) }
    public var subjects: Int64? { metrics?.sum(.subjects).flatMap(\.whole) }
    /// Since it started.
    public var factsPublished: Int64? { metrics?.sum(.factsPublished).flatMap(\.whole) }
    /// Since it started.
    public var deadLetters: Int64? { metrics?.sum(.deadLettersByTopic).flatMap(\.whole) }
    public var isFull: Bool { metrics?.value(.memoryFull) == 1 }
    public var frozenTopics: [String] {
        (metrics?.samples(.sourceFrozen) ?? []).filter { $0.value == 1 }.compactMap {
            $0.labels["topic"]
        }
    }

    /// The source topics that are withdrawn in its ledger partitions, with the number of those partitions. Nil if it cannot
    /// know them: it does not answer, it folds nothing, its folds have not reached the ledger's end, or its program is of an
    /// older fold version than `version`, which has the first withdrawals. A ready member whose partitions are all folded
    /// again for a switch knows those of before it.
    public func withdrawnSources(since version: Int64) -> [String: Int]? {
        guard let readiness, let known = foldVersion.flatMap({ Int64($0) }), known >= version,
            readiness.currentPartitions > 0 || (readiness.ready && readiness.switching?.isEmpty == false)
        else { return nil }
        guard let metrics else { return nil }
        var topics: [String: Int] = [:]
        for sample in metrics.samples(.sourceWithdrawn) where sample.value == 1 {
            // An older program gives no number.
            if let topic = sample.labels["topic"] { topics[topic] = readiness.foldPartitions }
        }
        for sample in metrics.samples(.sourceWithdrawnPartitions) {
            if let topic = sample.labels["topic"], let count = sample.value.whole, topics[topic] != nil {
                topics[topic] = min(Int(count), readiness.foldPartitions)
            }
        }
        return topics
    }

    /// The number of its ledger partitions whose withdrawn sources it knows: all while it is ready and none is in quarantine. Else
    /// those that are folded to their end, or again for a switch, and no fewer than have a source withdrawn. Nil if
    /// `withdrawnSources` is.
    public func knownPartitions(since version: Int64) -> Int? {
        guard let readiness, let withdrawn = withdrawnSources(since: version) else { return nil }
        if readiness.ready, readiness.quarantined?.isEmpty ?? true { return readiness.foldPartitions }
        // Others may send any number, so this does not trap.
        let folded = readiness.currentPartitions &+ (readiness.switching?.count ?? 0)
        return min(readiness.foldPartitions, max(folded, withdrawn.values.max() ?? 0))
    }

    /// Ledger offsets that are not folded yet, of the partitions whose offsets are reported.
    public var framesBehind: Int64? {
        let known = partitions.compactMap { unfolded[$0] }
        return known.isEmpty ? nil : known.reduce(0, +)
    }

    /// The least clock of its ledger partitions, in seconds since 1970.
    public var clock: Double? { metrics?.samples(.foldClock).map(\.value).min() }

    /// `NAME VERSION`, one for each policy that is active in one of its partitions.
    public var policies: [String] {
        (metrics?.samples(.policyInfo) ?? []).compactMap { sample in
            guard let policy = sample.labels["policy"], let version = sample.labels["version"] else { return nil }
            return "\(policy) \(version)"
        }.sorted()
    }

    private func build(_ label: String) -> String? { metrics?.samples(.buildInfo).first?.labels[label] }

    public var version: String? { build("version") }
    public var commit: String? { build("commit") }
    public var foldVersion: String? { build("fold_version") }
    /// Bytes.
    public var memory: Int64? { count(.processResident) }
    public var memoryLimit: Int64? { count(.memoryLimit) }
    public var openFiles: Int64? { count(.processOpenFiles) }
    public var maximumFiles: Int64? { count(.processMaximumFiles) }
    public var dataFree: Int64? { count(.dataFreeBytes) }
    public var dataSize: Int64? { count(.dataSizeBytes) }
    /// Seconds since 1970.
    public var started: Double? { metrics?.value(.processStart) }

    /// The phase of one of its partitions.
    public func phase(of partition: Int32) -> Phase {
        guard let readiness else { return .unknown }
        if readiness.quarantined?.contains(where: { $0.partition == partition }) == true { return .quarantined }
        if readiness.switching?.contains(where: { $0.partition == partition }) == true { return .switching }
        if let behind = unfolded[partition] { return behind == 0 ? .current : .behind }
        return readiness.currentPartitions == readiness.foldPartitions ? .current : .unknown
    }

    /// The number of its partitions in each phase, without empty phases.
    public var phases: [(phase: Phase, count: Int)] {
        let all = partitions.map { phase(of: $0) }
        return Phase.allCases.map { phase in (phase, all.count { $0 == phase }) }.filter { $0.1 > 0 }
    }
}

extension Double {
    /// Without its fraction; nil beyond integers of 53 bits, because others may send any number.
    var whole: Int64? { magnitude < 0x1p53 ? Int64(self) : nil }
}
