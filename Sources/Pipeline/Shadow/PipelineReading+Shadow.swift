public import Replay

extension PipelineReading {
    /// The shadow in a ledger partition.
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

        /// The order of the shadow; nil if it is not reported.
        public let order: ShadowOrder?
        public let partition: Int32
        /// Whether another member owns the partition.
        public let isStandby: Bool
        public let phase: Phase
        /// The number of ledger offsets that are folded under the policy, of those that are folded under the active
        /// one.
        public let folded: Int64
        public let total: Int64
        /// Why it is `failed` or `refused`, or does not progress now; nil if there is no reason.
        public let reason: String?
        /// The differences that it would make, as of the last comparison; nil before the first.
        public let difference: ShadowDifference?

        /// The number of ledger offsets that are not folded under the policy yet. A partition that does not fold it has
        /// none.
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

    /// The size of a ledger partition that is folded here.
    public struct Size: Sendable, Equatable {
        public let partition: Int32
        /// Whether another member owns the partition.
        public let isStandby: Bool
        /// Entries in its state, since the beginning of the ledger.
        public let entries: Int64
        /// The memory of its state.
        public let bytes: Int64

        public init(partition: Int32, isStandby: Bool = false, entries: Int64, bytes: Int64) {
            (self.partition, self.isStandby, self.entries, self.bytes) = (partition, isStandby, entries, bytes)
        }
    }
}
