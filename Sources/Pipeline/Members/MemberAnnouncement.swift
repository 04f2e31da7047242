internal import Foundation

/// What a member says of itself in `standing.members`, under its address as the key; the topic is compacted, and a member
/// that stops takes its word back.
struct MemberAnnouncement: Codable, Equatable {
    var member: String
    /// `HOST:PORT` of its HTTP server.
    var address: String
    /// Ledger partitions that it owns, in order.
    var partitions: [Int32]
    /// It is at its memory limit, and takes no enrolment; nil: it is not.
    var full: Bool?
    /// The authentication code of the JSON without it; nil where members have no secret.
    var seal: Data?

    /// A greater record is none.
    private static let maximumBytes = 1 << 20

    init(member: String, address: String, partitions: [Int32], isFull: Bool = false) {
        (self.member, self.address, self.partitions) = (member, address, partitions.sorted())
        full = isFull ? true : nil
    }

    /// Nil: no announcement of this form.
    init?(json: UnsafeRawBufferPointer) {
        guard json.count <= Self.maximumBytes,
            let found = try? JSONDecoder().decode(Self.self, from: Data(json))
        else { return nil }
        self = found
    }

    /// The same with its seal.
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
