internal import Events
internal import Foundation
internal import Policy
public import Replay

/// A member's answer to `/shadow`: whether it can fold a policy beside the active one, its order, its progress, the
/// differences, and an estimate of the time to fold a history.
public struct ShadowReport: Decodable, Sendable {
    /// The assumed rate of a worker in entries per second before the first measurement: that of a policy with many
    /// rules.
    public static let cautiousRate = 100_000.0

    public struct Policy: Codable, Sendable, Equatable {
        public let id: String
        public let version: Int64
    }

    public struct Order: Codable, Sendable, Equatable {
        /// Nil if it does not compile on the member.
        public let policy: Policy?
        /// Of the policy's text.
        public let sha256: String
        public let since: String
        public let by: String?

        public init(_ order: ShadowOrder) {
            policy = order.policy.map { Policy(id: $0.id, version: $0.version) }
            (sha256, since, by) = (order.hash, order.since.description, order.by)
        }

        /// One object.
        public var json: String { ShadowReport.text(self) }

        /// The name in messages.
        public var name: String { policy.map { "\($0.id) version \($0.version)" } ?? "a policy that does not compile" }
    }

    public struct Partition: Codable, Sendable, Equatable {
        public let partition: Int32
        public let standby: Bool
        public let phase: PipelineReading.Shadow.Phase
        /// Ledger offsets.
        public let folded: Int64
        public let total: Int64
        public let reason: String?

        /// Whether so few frames are left that an activation folds them at once.
        public var isAtHand: Bool { phase == .live || phase == .folding && total - folded <= Self.fewFrames }

        private static let fewFrames: Int64 = 16

        public init(
            partition: Int32, standby: Bool, phase: PipelineReading.Shadow.Phase, folded: Int64, total: Int64,
            reason: String?
        ) {
            (self.partition, self.standby, self.phase) = (partition, standby, phase)
            (self.folded, self.total, self.reason) = (folded, total, reason)
        }
    }

    /// The work of a switch to a policy that is not in the shadow.
    public struct Work: Codable, Sendable, Equatable {
        public struct Size: Codable, Sendable, Equatable {
            public let partition: Int32
            public let standby: Bool
            public let entries: Int64

            public init(partition: Int32, standby: Bool, entries: Int64) {
                (self.partition, self.standby, self.entries) = (partition, standby, entries)
            }
        }

        public let partitions: [Size]
        public let workers: Int
        /// Of a worker, as measured last; nil before the first measurement.
        public let entriesPerSecond: Double?

        public init(partitions: [Size], workers: Int, entriesPerSecond: Double?) {
            (self.partitions, self.workers, self.entriesPerSecond) = (partitions, workers, entriesPerSecond)
        }

        /// The estimated seconds until every partition is folded again: as many at a time as there are workers, the
        /// longest one alone at least.
        public var seconds: Double {
            let rate = max(1, entriesPerSecond ?? ShadowReport.cautiousRate)
            let entries = partitions.map { Double($0.entries) }
            return max(entries.max() ?? 0, entries.reduce(0, +) / Double(max(1, workers))) / rate
        }
    }

    public let member: String
    public let canShadow: Bool
    /// Why it cannot; nil if it can.
    public let reason: String?
    /// Nil if there is none.
    public let shadow: Order?
    public let partitions: [Partition]
    /// Of the compared partitions that the member owns, together; nil before the first comparison.
    public let difference: ShadowDifference?
    public let work: Work

    public init(
        member: String, reason: String?, shadow: Order?, partitions: [Partition], difference: ShadowDifference?,
        work: Work
    ) {
        (self.member, canShadow, self.reason, self.shadow) = (member, reason == nil, reason, shadow)
        (self.partitions, self.difference, self.work) = (partitions, difference, work)
    }

    /// Nil if the JSON is not a report.
    public init?(json: [UInt8]) {
        guard let report = try? JSONDecoder().decode(Self.self, from: Data(json)) else { return nil }
        self = report
    }

    /// `{"member","canShadow","reason","shadow":{["policy",]"sha256","since"[,"by"]},"partitions":[{"partition","standby","phase",
    /// "folded","total"[,"reason"]}],"difference","work":{"partitions":[{"partition","standby","entries"}],"workers"
    /// [,"entriesPerSecond"]}}`. `reason`, `shadow` and `difference` are null if there is none. `difference` is
    /// `ShadowDifference.json`.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("member", member)
        writer.member("canShadow", canShadow)
        writer.member("reason", reason)
        writer.member("shadow", json: shadow?.json)
        writer.member("partitions", json: Self.text(partitions))
        writer.member("difference", json: difference?.json)
        writer.member("work", json: Self.text(work))
        writer.close()
        return writer.take()
    }

    fileprivate static func text(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and finite numbers are always encodable.
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }

    /// Whether the ordered policy is active in all of these ledger partitions at their owners, and in all other
    /// partitions that the members fold.
    public static func isActive(in ledger: [Int32], by reports: [Self]) -> Bool {
        let parts = reports.flatMap(\.partitions)
        let owned = Set(parts.filter { !$0.standby }.map(\.partition))
        return parts.allSatisfy { $0.phase == .active } && owned.isSuperset(of: ledger)
    }

    /// The work of several members together.
    public struct TotalWork: Equatable, Sendable {
        /// The members that fold partitions.
        public let members: Int
        /// The partitions that they own, and the entries of these.
        public let partitions: Int
        public let entries: Int64
        /// The estimated seconds until the last of them is done.
        public let seconds: Double
        /// Whether each of them has measured its rate.
        public let isMeasured: Bool
    }

    /// The work of these members. One that folds nothing, such as a member with the role intake alone, has no part in
    /// it. Nil if none folds a partition.
    public static func totalWork(of reports: [Self]) -> TotalWork? {
        let works = reports.map(\.work).filter { !$0.partitions.isEmpty }
        guard let seconds = works.map(\.seconds).max() else { return nil }
        let owned = works.flatMap(\.partitions).filter { !$0.standby }
        return TotalWork(
            members: works.count, partitions: owned.count, entries: owned.reduce(0) { $0 + $1.entries },
            seconds: seconds, isMeasured: works.allSatisfy { $0.entriesPerSecond != nil })
    }

    /// The same report for a list in which the differences of several members are shown together.
    public var withoutDifference: Self {
        Self(
            member: member, reason: reason, shadow: shadow, partitions: partitions, difference: nil, work: work)
    }
}
