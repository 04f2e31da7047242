internal import Synchronization

/// Who owns which ledger partition, as the members themselves say, and which policy is in the shadow, as an operator says. What
/// anybody may write to the topic is bounded by the number of ledger partitions, and an owner contradicts what is not so.
final class MemberDirectory: Sendable {
    /// What was announced is announced again if the topic has said otherwise for this long.
    private static let repeatAfter = Duration.seconds(2)

    private struct Owner {
        var address: String
        var isFull: Bool
    }

    private struct State {
        var ownAddress: String?
        var announced: MemberAnnouncement?
        var announcedAt: ContinuousClock.Instant?
        var hasSpoken = false
        /// By ledger partition.
        var owners: [Int32: Owner] = [:]
        /// The last one of the topic, as far as it is read.
        var shadow: ShadowOrder?
        /// The topic has been read to where it ended at first.
        var isRead = false

        /// The topic, as far as it is read, says what this member has announced.
        func says(_ announcement: MemberAnnouncement) -> Bool {
            announcement.partitions.allSatisfy { partition in
                owners[partition].map {
                    $0.address == announcement.address && $0.isFull == (announcement.full == true)
                } ?? false
            }
        }
    }

    private let member: String
    private let seal: MemberSeal?
    private let state = Mutex(State())

    /// `seal`: nil where members have no secret, and whoever may write the topic is believed.
    init(member: String, seal: MemberSeal? = nil) { (self.member, self.seal) = (member, seal) }

    /// `HOST:PORT`, once it is known.
    var ownAddress: String? {
        get { state.withLock { $0.ownAddress } }
        set { state.withLock { $0.ownAddress = newValue } }
    }

    /// The address of the member that was the last to say that it owns this partition; nil if none has.
    func owner(of partition: Int32) -> String? { state.withLock { $0.owners[partition]?.address } }

    /// The same, unless it is this member.
    func otherOwner(of partition: Int32) -> String? {
        state.withLock { state in
            guard let address = state.owners[partition]?.address, address != state.ownAddress else { return nil }
            return address
        }
    }

    /// Whether a partition's owner has no room for another subject; `unknown`: where nobody else says that it owns it.
    func isFull(_ partition: Int32, unknown: Bool) -> Bool {
        state.withLock { state in
            guard let owner = state.owners[partition], owner.address != state.ownAddress else { return unknown }
            return owner.isFull
        }
    }

    /// What is to be announced; nil if the topic says so already, or there is no address yet.
    func news(of partitions: [Int32], isFull: Bool = false, at now: ContinuousClock.Instant) -> MemberAnnouncement? {
        state.withLock { state in
            guard let address = state.ownAddress else { return nil }
            let announcement = MemberAnnouncement(
                member: member, address: address, partitions: partitions, isFull: isFull)
            if announcement == state.announced {
                guard let last = state.announcedAt, now - last >= Self.repeatAfter, !state.says(announcement) else {
                    return nil
                }
            }
            (state.announced, state.announcedAt, state.hasSpoken) = (announcement, now, true)
            return seal.map { announcement.sealed($0) } ?? announcement
        }
    }

    /// Partitions were dealt anew: whatever comes of it is said, for others may have spoken since.
    func forget() { state.withLock { $0.announced = nil } }

    /// What is to be taken back: this member's key; nil: it has said nothing.
    func farewell() -> String? {
        state.withLock { state in
            defer { state.hasSpoken = false }
            state.announced = nil
            return state.hasSpoken ? state.ownAddress : nil
        }
    }

    /// A record of the topic, in its order. Nil: the member has gone. An announcement under a key that is not its address is
    /// nobody's word, and numbers from `ledgerPartitions` on are no partitions.
    func note(_ announcement: MemberAnnouncement?, key: String, ledgerPartitions: Int) {
        state.withLock { state in
            state.owners = state.owners.filter { $0.value.address != key }
            guard let announcement, announcement.address == key else { return }
            for partition in announcement.partitions where partition >= 0 && partition < ledgerPartitions {
                state.owners[partition] = Owner(address: key, isFull: announcement.full == true)
            }
        }
    }

    /// A record of the topic, in its order; a nil value takes back what was said under the key.
    func note(key: String, value: UnsafeRawBufferPointer?, ledgerPartitions: Int) {
        guard key == ShadowOrder.key else {
            let announcement = value.flatMap { MemberAnnouncement(json: $0) }
            // What no member has sealed changes nothing of another's. One's own is announced again: the topic has lost it.
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

    /// The policy that is to be folded beside the active one; nil if there is none. The topic has orders that are over: until it
    /// has been read to its end it is not known which one holds.
    var shadow: (isKnown: Bool, order: ShadowOrder?) { state.withLock { ($0.isRead, $0.isRead ? $0.shadow : nil) } }

    /// The topic is read from its beginning: what it says is not known until it is read to its end.
    func beginReading() { state.withLock { ($0.isRead, $0.shadow) = (false, nil) } }

    func noteEnd() { state.withLock { $0.isRead = true } }
}
