import Access
import ArgumentParser
import HTTP
import Logging
import Options
import Pipeline
import Query
import Terminal

/// How members authenticate each other.
struct MemberSecretOptions: ParsableArguments {
    @Option(help: Setting.help("member-secret"), completion: .file())
    var memberSecret: String?

    @Option(help: Setting.help("member-ca"), completion: .file())
    var memberCa: String?

    /// The file's path; nil if there is none.
    func path(_ settings: inout Settings) throws -> String? { try settings.text("member-secret", flag: memberSecret) }

    /// The path of the file with the authorities; nil if there is none.
    func authorities(_ settings: inout Settings) throws -> String? { try settings.text("member-ca", flag: memberCa) }
}

extension MemberSecret {
    /// The secret of a command that asks members. Ends the command if the file cannot be used.
    static func setting(_ settings: inout Settings) throws -> MemberSecret? {
        try read(try settings.text("member-secret", flag: nil))
    }

    /// Ends the command if the file cannot be used. Nil if there is no path.
    static func read(_ path: String?) throws -> MemberSecret? {
        do {
            return try path.map { try MemberSecret(file: $0) }
        } catch let mistake as AccessMistake {
            throw fail("error: \(mistake)", Exit.usage)
        }
    }
}

extension TLSClient {
    /// Asks the other members over TLS; nil trusts the authorities of the machine. Ends the command where the file cannot be used.
    static func ofMembers(_ path: String?) throws -> TLSClient? {
        do {
            return try path.map { try TLSClient(authorities: $0) }
        } catch let mistake as AccessMistake {
            throw fail("error: \(mistake)", Exit.usage)
        }
    }
}

extension MemberChannel {
    /// Of a command that asks members: over TLS where they have a certificate.
    static func setting(_ settings: inout Settings) throws -> MemberChannel {
        let client = try TLSClient.ofMembers(try settings.text("member-ca", flag: nil))
        if let client { return .authorities(client) }
        return try settings.text("tls-certificate", flag: nil) == nil ? .plain : .tls
    }
}

extension MemberSecret {
    private static let announcement: StaticString = "standing-member"

    /// The seal of announcements.
    var seal: MemberSeal {
        MemberSeal {
            code(of: $0, for: Self.announcement)
        } isCode: {
            isCode($0, of: $1, for: Self.announcement)
        }
    }
}

extension ServerAccess {
    /// The callers that are answered. `hosts`: names of the server beside those of this machine.
    func options(audit: (any AuditLog)?, hosts: Set<String> = []) -> RouteTable.Options {
        var options = RouteTable.Options(
            access: rule, audit: audit, hosts: hosts, sessionCookies: [control.cookie.name])
        options.mustRecord = control.isConfigured
        options.renewal = { [control] in control.session($0)?.setCookie }
        return options
    }
}

extension StartCheck {
    /// Warns if requests about other members' subjects are not forwarded, because their callers could not be proven.
    static func warnOfNoForwarding(
        _ configuration: PipelineConfiguration, _ access: ServerAccess, _ secret: MemberSecret?, _ logger: Logger
    ) {
        guard configuration.members != nil, access.control.isConfigured, secret == nil else { return }
        logger.warning(
            """
            members have no secret, so no request is sent on to the member that owns a subject: write one with `(umask 077; openssl rand \
            -base64 48 > FILE)`, and give the same file to every member with --member-secret
            """)
    }
}
