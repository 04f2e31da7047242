import Access
import Operations
import Options
import Pipeline

/// How a command that shows something asks members: the settings `member-secret` and `member-ca`. The secret may be
/// readable for the members' user only, so such a command does without it, and then knows no announced member.
struct AskedMembers {
    let readings: MemberReadings
    private let secret: String?

    /// Ends the command if the authorities cannot be used.
    init(_ settings: inout Settings) throws {
        readings = MemberReadings(try .ofMembers(try settings.text("member-ca", flag: nil)))
        secret = try settings.text("member-secret", flag: nil)
    }

    /// Of announcements; nil if members have no secret.
    func seal() throws(AccessMistake) -> MemberSeal? {
        guard let secret else { return nil }
        return try MemberSecret(file: secret).seal
    }
}
