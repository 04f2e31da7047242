import Access
import Pipeline

extension ServerAccess {
    /// Nil if members have no secret.
    var memberSeal: MemberSeal? { control.memberSecret?.seal }
}

extension MemberSecret {
    private static let announcement: StaticString = "standing-member"

    /// Of a command that asks members; nil if the setting is not given. Ends the command where the file cannot be used.
    static func setting(_ settings: inout Settings) throws -> MemberSecret? {
        do {
            return try settings.text("session-key", flag: nil).map { try MemberSecret(file: $0) }
        } catch let mistake as AccessMistake {
            throw fail("error: \(mistake)", Exit.usage)
        }
    }

    /// Of announcements.
    var seal: MemberSeal {
        MemberSeal {
            code(of: $0, for: Self.announcement)
        } isCode: {
            isCode($0, of: $1, for: Self.announcement)
        }
    }
}
