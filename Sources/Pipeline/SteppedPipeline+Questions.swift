internal import Events
internal import Ledger
internal import Logging
internal import Replay
internal import Scoring

// Questions about subjects, answered as over HTTP.
extension SteppedPipeline {
    /// An answer about a subject, and the member that gave it.
    public struct Answer: Sendable {
        /// The address of the member with the state.
        public let member: String
        /// Of the ledger.
        public let partition: Int32
        /// The standing as JSON; nil if the subject is not enrolled.
        public let standing: [UInt8]?
        /// The ledger offset of the next frame.
        public let offset: Int64
        /// Whether a part of the frame at `offset` is folded.
        public let isWithinFrame: Bool
        /// Whether the answer claims to be as of the ledger's end.
        public let isCurrent: Bool
        /// Whether the state is of a partition that another member owns, according to the answer.
        public let isOfStandby: Bool
    }

    /// `HOST:PORT` of this member, which it announces.
    public func advertise(_ address: String) { member.directory.ownAddress = address }

    /// The address of the member that has announced the ledger partition, as far as this one knows; nil if there is
    /// none.
    public func owner(of partition: Int32) -> String? { member.directory.owner(of: partition) }

    /// Reads the new announcements of members.
    public func followMembers() {
        guard let members = configuration.members, let ledgerPartitions else { return }
        do {
            let reader =
                try membersReader
                ?? MembersReader(
                    member.directory, configuration.kafka, topic: members.topic, ledgerPartitions: ledgerPartitions,
                    logger: logger)
            membersReader = reader
            try reader.poll(timeoutMilliseconds: 0)
        } catch {
            logger.warning("the members topic is read again", metadata: ["reason": "\(error)"])
            membersReader = nil
        }
    }

    /// This member's answer about a subject; nil if it has none now. `ask`: another member's answer, by its address;
    /// nil if it has none.
    public func answer(
        about subject: [UInt8], isForwarded: Bool = false, ask: (_ address: String) -> Answer?
    ) -> Answer? {
        guard let count = ledgerPartitions else { return nil }
        let number = subject.withUnsafeBytes { Int32(Murmur2.partition(of: $0, count: count)) }
        if let partition = member.owned[number] ?? everOwned[number] {
            return answer(about: subject, from: partition, asStandby: false)
        }
        var route = AnswerRoute(isForwarded: isForwarded, owner: member.directory.otherOwner(of: number))
        while true {
            switch route {
            case .owner(let address): if let answer = ask(address) { return answer }
            case .standby:
                if let partition = member.owned.standby(number) {
                    return answer(about: subject, from: partition, asStandby: true)
                }
            case .nobody: return nil
            }
            route = route.next
        }
    }

    private func answer(about subject: [UInt8], from partition: OwnedPartition, asStandby: Bool) -> Answer? {
        let (found, isWithinFrame) = subject.withUnsafeBytes { key in
            partition.readFold { (PipelineService.standing(of: key, in: partition, $0), $0.isWithinFrame) }
        }
        func answer(_ freshness: Freshness, _ standing: [UInt8]?) -> Answer {
            Answer(
                member: member.directory.ownAddress ?? "", partition: partition.partition, standing: standing,
                offset: freshness.offset, isWithinFrame: isWithinFrame, isCurrent: freshness.isCurrent,
                isOfStandby: asStandby)
        }
        switch found {
        case .found(let found):
            let clock = Timestamp(microseconds: found.freshness.clock)
            var writer = ByteWriter()
            found.standing.writeExplained(to: &writer, policy: found.policy, clock: clock)
            return answer(found.freshness, Array(writer.bytes))
        case .notEnrolled(let freshness): return answer(freshness, nil)
        case .notOwned, .notReady: return nil
        }
    }
}
