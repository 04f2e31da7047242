/// The content of `standing.members` for a command: the running members, and the policy in the shadow.
public struct MembersTable: Sendable {
    /// A member according to its announcement.
    public struct Member: Sendable, Equatable {
        /// The name in its announcement.
        public let name: String
        /// `HOST:PORT` of its HTTP server.
        public let address: String
        /// Ledger partitions that it was the last to announce, in order.
        public fileprivate(set) var partitions: [Int32]

        fileprivate init(name: String, address: String, partitions: [Int32]) {
            (self.name, self.address, self.partitions) = (name, address, partitions)
        }

        /// A member without an announcement.
        public init(asked address: String) { self.init(name: address, address: address, partitions: []) }
    }

    private let seal: MemberSeal?
    private var byAddress: [String: Member] = [:]
    /// The last order; nil if there is none.
    public private(set) var shadow: ShadowOrder?

    /// `seal`: nil if members have no secret; every writer of the topic is then trusted.
    public init(seal: MemberSeal? = nil) { self.seal = seal }

    /// In the order of their addresses.
    public var members: [Member] { byAddress.values.sorted { $0.address < $1.address } }

    /// Takes a record of the topic, in its order.
    public mutating func note(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?) {
        guard let key = key.map({ String(decoding: $0, as: UTF8.self) }) else { return }
        guard key != ShadowOrder.key else {
            shadow = value.flatMap { ShadowOrder(json: $0) }
            return
        }
        byAddress[key] = value.flatMap { MemberAnnouncement(json: $0) }.flatMap { announcement in
            guard announcement.address == key, seal.map({ announcement.isSealed($0) }) ?? true else { return nil }
            return Member(
                name: announcement.member, address: key, partitions: announcement.partitions)
        }
        let taken = Set(byAddress[key]?.partitions ?? [])
        for address in byAddress.keys where address != key {
            byAddress[address]?.partitions.removeAll { taken.contains($0) }
        }
    }
}
