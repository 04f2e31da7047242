internal import Foundation

/// A member's announcement in `standing.members`, with its address as the key. The topic is compacted. A member that
/// stops withdraws its announcement.
struct MemberAnnouncement: Codable, Equatable {
    var member: String
    /// `HOST:PORT` of its HTTP server.
    var address: String
    /// Ledger partitions that it owns, in order.
    var partitions: [Int32]
    /// True if it is at its memory limit and refuses enrolments; nil otherwise.
    var full: Bool?
    /// The authentication code of the JSON without it; nil if members have no secret.
    var seal: Data?

    /// A greater record is not an announcement.
    private static let maximumBytes = 1 << 20

    init(member: String, address: String, partitions: [Int32], isFull: Bool = false) {
        (self.member, self.address, self.partitions) = (member, address, partitions.sorted())
        full = isFull ? true : nil
    }

    /// Nil if the JSON is not an announcement.
    init?(json: UnsafeRawBufferPointer) {
        guard json.count <= Self.maximumBytes,
            let found = try? JSONDecoder().decode(Self.self, from: Data(json))
        else { return nil }
        self = found
    }

    /// The announcement with its seal.
    func sealed(_ seal: MemberSeal) -> MemberAnnouncement {
        var sealed = self
        sealed.seal = Data(seal.code(unsealed.json))
        return sealed
    }

    /// Whether a member with the secret has made it.
    func isSealed(_ seal: MemberSeal) -> Bool { self.seal.map { seal.isCode(Array($0), unsealed.json) } ?? false }

    private var unsealed: MemberAnnouncement {
        var unsealed = self
        unsealed.seal = nil
        return unsealed
    }

    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and numbers are always encodable.
        return (try? encoder.encode(self)).map(Array.init) ?? []
    }
}
