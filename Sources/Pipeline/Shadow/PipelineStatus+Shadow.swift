public import Replay

extension PipelineStatus {
    /// A policy that is folded beside the active one in a ledger partition, or is to be.
    public struct Shadow: Sendable {
        public enum Phase: String, Sendable, CaseIterable, Codable {
            /// The partition does not fold yet, or is within a frame.
            case waiting
            /// Its history is folded under the policy.
            case folding
            /// Each frame is folded under both policies.
            case live
            /// A frame cannot be folded under the policy.
            case failed
            /// This member does not fold it.
            case refused
            /// The policy is the active one.
            case active
        }

        /// The order that all of this is about; nil if it is not said.
        public let order: ShadowOrder?
        public let partition: Int32
        /// Another member owns the partition.
        public let isStandby: Bool
        public let phase: Phase
        /// Ledger offsets that are folded under the policy, of those that are under the active one.
        public let folded: Int64
        public let total: Int64
        /// Why it is `failed` or `refused`, or does not go on for now; nil if there is nothing to say.
        public let reason: String?
        /// What would be different, as of the last comparison; nil before there was one.
        public let difference: ShadowDifference?

        /// Ledger offsets that are not folded yet under the policy; those of one that is not folded at all do not count.
        public var framesBehind: Int64 { phase == .folding || phase == .waiting ? total - folded : 0 }

        public init(
            order: ShadowOrder? = nil, partition: Int32, isStandby: Bool = false, phase: Phase, folded: Int64 = 0,
            total: Int64 = 0, reason: String? = nil, difference: ShadowDifference? = nil
        ) {
            self.order = order
            (self.partition, self.isStandby, self.phase) = (partition, isStandby, phase)
            (self.folded, self.total, self.reason, self.difference) = (folded, total, reason, difference)
        }
    }

    /// What a ledger partition that is folded here amounts to.
    public struct Size: Sendable, Equatable {
        public let partition: Int32
        /// Another member owns the partition.
        public let isStandby: Bool
        /// Entries that its state was folded from, since the ledger began.
        public let entries: Int64
        /// Memory that its state takes.
        public let bytes: Int64

        public init(partition: Int32, isStandby: Bool = false, entries: Int64, bytes: Int64) {
            (self.partition, self.isStandby, self.entries, self.bytes) = (partition, isStandby, entries, bytes)
        }
    }
}
