internal import Synchronization

/// The owners of ledger partitions according to the members' announcements, and the policy in the shadow according to
/// an operator's order. Anyone with write access can write to the topic, so its effect is bounded by the number of
/// ledger partitions and by `maximumIdle`, and an owner repeats its own announcement if it was replaced.
final class MemberDirectory: Sendable {
    /// An announcement is repeated if the topic has differed from it for this long.
    private static let repeatAfter = Duration.seconds(2)
    /// The limit of members without ledger partitions. A further one replaces the one that was announced first.
    static let maximumIdle = 64

    private struct Owner {
        var address: String
        var isFull: Bool
    }

    private struct State {
        var ownAddress: String?
        var announced: MemberAnnouncement?
        var announcedAt: ContinuousClock.Instant?
        var hasAnnounced = false
        /// By ledger partition.
        var owners: [Int32: Owner] = [:]
        /// The addresses whose last announcement has no partitions, in the order of the announcements.
        var idle: [String] = []
        /// The last order in the topic, as far as it has been read.
        var shadow: ShadowOrder?
        /// Whether the topic has been read to its first end.
        var isRead = false

        /// The own address stays, because this member announces itself again when it is missing.
        mutating func addIdle(_ address: String) {
            if idle.count >= MemberDirectory.maximumIdle, let oldest = idle.firstIndex(where: { $0 != ownAddress }) {
                idle.remove(at: oldest)
            }
            idle.append(address)
        }

        /// Whether the topic has this announcement, as far as it has been read.
        func announces(_ announcement: MemberAnnouncement) -> Bool {
            guard !announcement.partitions.isEmpty else { return idle.contains(announcement.address) }
            return announcement.partitions.allSatisfy { partition in
                owners[partition].map {
                    $0.address == announcement.address && $0.isFull == (announcement.full == true)
                } ?? false
            }
        }
    }

    private let member: String
    private let seal: MemberSeal?
    private let state = Mutex(State())

    /// `seal`: nil if members have no secret; every writer of the topic is then trusted.
    init(member: String, seal: MemberSeal? = nil) { (self.member, self.seal) = (member, seal) }

    /// `HOST:PORT`; nil before it is known.
    var ownAddress: String? {
        get { state.withLock { $0.ownAddress } }
        set { state.withLock { $0.ownAddress = newValue } }
    }

    /// The address of the member that was the last to announce this partition; nil if there is none.
    func owner(of partition: Int32) -> String? { state.withLock { $0.owners[partition]?.address } }

    /// The same; nil also if it is this member.
    func otherOwner(of partition: Int32) -> String? {
        state.withLock { state in
            guard let address = state.owners[partition]?.address, address != state.ownAddress else { return nil }
            return address
        }
    }

    /// The addresses of other members that own no ledger partition, such as those beyond the number of partitions. A
    /// member that was killed while it owned none may be among them.
    var otherIdle: [String] { state.withLock { state in state.idle.filter { $0 != state.ownAddress } } }

    /// Whether a partition's owner has no room for another subject. `unknown`: the result if no other member has
    /// announced the partition.
    func isFull(_ partition: Int32, unknown: Bool) -> Bool {
        state.withLock { state in
            guard let owner = state.owners[partition], owner.address != state.ownAddress else { return unknown }
            return owner.isFull
        }
    }

    /// The announcement to publish; nil if the topic has it already, or there is no address yet.
    func news(of partitions: [Int32], isFull: Bool = false, at now: ContinuousClock.Instant) -> MemberAnnouncement? {
        state.withLock { state in
            guard let address = state.ownAddress else { return nil }
            let announcement = MemberAnnouncement(
                member: member, address: address, partitions: partitions, isFull: isFull)
            if announcement == state.announced {
                guard let last = state.announcedAt, now - last >= Self.repeatAfter, !state.announces(announcement)
                else {
                    return nil
                }
            }
            (state.announced, state.announcedAt, state.hasAnnounced) = (announcement, now, true)
            return seal.map { announcement.sealed($0) } ?? announcement
        }
    }

    /// Partitions were assigned anew, so the next announcement is published even if it is unchanged, because other
    /// members may have announced the same partitions since.
    func forget() { state.withLock { $0.announced = nil } }

    /// The key to remove, which is this member's; nil if it has announced nothing.
    func farewell() -> String? {
        state.withLock { state in
            defer { state.hasAnnounced = false }
            state.announced = nil
            return state.hasAnnounced ? state.ownAddress : nil
        }
    }

    /// Takes a record of the topic, in its order. Nil means that the member has stopped. An announcement under a key
    /// that is not its address is ignored, and so are numbers from `ledgerPartitions` on.
    func note(_ announcement: MemberAnnouncement?, key: String, ledgerPartitions: Int) {
        state.withLock { state in
            state.owners = state.owners.filter { $0.value.address != key }
            state.idle.removeAll { $0 == key }
            guard let announcement, announcement.address == key else { return }
            if announcement.partitions.isEmpty { state.addIdle(key) }
            for partition in announcement.partitions where partition >= 0 && partition < ledgerPartitions {
                state.owners[partition] = Owner(address: key, isFull: announcement.full == true)
            }
        }
    }

    /// Takes a record of the topic, in its order. A nil value withdraws the announcement of the key.
    func note(key: String, value: UnsafeRawBufferPointer?, ledgerPartitions: Int) {
        guard key == ShadowOrder.key else {
            let announcement = value.flatMap { MemberAnnouncement(json: $0) }
            // An announcement without a valid seal does not replace another member's. If it replaced this member's,
            // this member announces again, because the topic has lost its announcement.
            if let seal, let announcement, !announcement.isSealed(seal) {
                if key == ownAddress { note(nil, key: key, ledgerPartitions: ledgerPartitions) }
                return
            }
            return note(announcement, key: key, ledgerPartitions: ledgerPartitions)
        }
        let order = value.flatMap { ShadowOrder(json: $0) }
        state.withLock { $0.shadow = order }
    }

    // MARK: The shadow

    /// The policy to fold beside the active one; nil if there is none. The topic also has old orders, so the current
    /// one is unknown until the topic has been read to its end.
    var shadow: (isKnown: Bool, order: ShadowOrder?) { state.withLock { ($0.isRead, $0.isRead ? $0.shadow : nil) } }

    /// The topic is read from its beginning, so its state is unknown until the end is reached.
    func beginReading() { state.withLock { ($0.isRead, $0.shadow) = (false, nil) } }

    func noteEnd() { state.withLock { $0.isRead = true } }
}
