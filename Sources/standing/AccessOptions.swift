import Access
import ArgumentParser
import Foundation
import HTTP
import Logging
import Options
import Terminal

/// Access over HTTP, and its encryption.
struct AccessOptions: ParsableArguments {
    @Option(help: Setting.help("access-users"), completion: .file())
    var accessUsers: String?

    @Option(help: Setting.help("access-issuer"))
    var accessIssuer: String?

    @Option(help: Setting.help("access-audience"))
    var accessAudience: String?

    @Option(help: Setting.help("access-keys"), completion: .file())
    var accessKeys: String?

    @Option(
        help: Setting.help("access-algorithms"), completion: .list(SignatureAlgorithm.allCases.map(\.rawValue)))
    var accessAlgorithms: String?

    @Option(help: Setting.help("access-roles-claim"))
    var accessRolesClaim: String?

    @Option(help: Setting.help("access-subject-claim"))
    var accessSubjectClaim: String?

    @Option(help: Setting.help("session-key"), completion: .file())
    var sessionKey: String?

    @Option(help: Setting.help("rate-limit"))
    var rateLimit: String?

    @Option(help: Setting.help("tls-certificate"), completion: .file())
    var tlsCertificate: String?

    @Option(help: Setting.help("tls-key"), completion: .file())
    var tlsKey: String?

    /// A greater limit would have no effect: it is more than one request per microsecond.
    private static let maximumRequestsPerSecond = 1e6

    /// Reads the settings, but not the files that they name.
    func settings(_ settings: inout Settings) throws -> AccessSettings {
        var access = AccessConfiguration()
        access.users = try settings.text("access-users", flag: accessUsers)
        access.issuer = try settings.text("access-issuer", flag: accessIssuer)
        access.audience = try settings.text("access-audience", flag: accessAudience)
        access.keys = try settings.text("access-keys", flag: accessKeys)
        access.algorithms = try settings.parse(
            "access-algorithms", flag: accessAlgorithms,
            expected: "a list of \(SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))"
        ) { text in
            let names = text.split(separator: ",", omittingEmptySubsequences: false)
            let algorithms = names.map { SignatureAlgorithm(rawValue: $0.trimmingCharacters(in: .whitespaces)) }
            return algorithms.contains(nil) ? nil : algorithms.compactMap { $0 }
        }
        access.rolesClaim = try settings.text("access-roles-claim", flag: accessRolesClaim) ?? ""
        access.subjectClaim = try settings.text("access-subject-claim", flag: accessSubjectClaim)
        access.sessionKey = try settings.text("session-key", flag: sessionKey)
        access.requestsPerSecond = try settings.parseIfGiven(
            "rate-limit", flag: rateLimit, expected: "a number of requests a second, or 0"
        ) { text in
            Double(text).flatMap { (0...Self.maximumRequestsPerSecond).contains($0) ? $0 : nil }
        }
        let certificate = try settings.text("tls-certificate", flag: tlsCertificate)
        let key = try settings.text("tls-key", flag: tlsKey)
        access.isTLS = certificate != nil
        return AccessSettings(access: access, certificate: certificate, key: key)
    }
}

/// The settings of access, read and not yet checked.
struct AccessSettings {
    let access: AccessConfiguration
    let certificate, key: String?

    /// Reads and checks the files that the settings name. An incomplete configuration ends the command.
    func open(_ logger: Logger) async throws -> ServerAccess {
        do {
            return ServerAccess(control: try await access.open(logger: logger), certificate: try openCertificate())
        } catch let mistake as AccessMistake {
            throw fail("error: \(mistake)", Exit.usage)
        }
    }

    /// Nil if there is no TLS.
    private func openCertificate() throws -> TLSCertificate? {
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return try TLSCertificate(certificate: certificate, key: key)
        case (_?, nil): throw AccessMistake("--tls-certificate without --tls-key: give the certificate's private key")
        case (nil, _?): throw AccessMistake("--tls-key without --tls-certificate: give the key's certificate")
        }
    }
}

/// Access to the server of this process, and its certificate.
struct ServerAccess {
    let control: AccessControl
    /// Nil if there is no TLS.
    let certificate: TLSCertificate?

    var isTLS: Bool { certificate != nil }

    /// The callers that are answered.
    var rule: AccessRule { control.isConfigured ? .gate(control.gate) : .loopback }

    /// Routes of the log-in. `audit`: nil if log-ins are not recorded.
    func routes(audit: (any AuditLog)?) -> [Route] { control.hasUsers ? Route.session(control, audit: audit) : [] }

    /// Reloads users, keys and certificate when they change, until the task is cancelled.
    func follow(_ logger: Logger) -> Task<Void, Never> {
        Task { [control, certificate] in
            await withTaskGroup { group in
                group.addTask { await control.run() }
                if let certificate { group.addTask { await certificate.watch(logger) } }
            }
        }
    }

    /// Logs who has access to what, and warns if others on the network can read the answers.
    func log(at address: HTTPAddress, reach: HTTPAddress.Reach, _ logger: Logger) {
        logger.notice("\(control.openness)")
        guard control.isConfigured, !isTLS, reach != .loopback else { return }
        logger.warning(
            """
            HTTP is not encrypted, so others on the network can read passwords and tokens: give --tls-certificate and --tls-key, or put a \
            proxy with TLS before it
            """, metadata: ["http": "\(address)"])
    }
}
