import Access
import Crypto
import Foundation
import Logging

/// Signs tokens for the gate that a member has, good ones and bad ones.
struct TokenIssuer {
    private static let name = "https://issuer.example"
    private static let audience = "standing"
    private static let subjectClaim = "customer"

    /// A token that proves nothing, by the code of its refusal.
    enum BadToken: String, CaseIterable {
        case tooLong = "token-too-long"
        case malformed = "malformed-token"
        case unsigned = "wrong-algorithm"
        case unknownKey = "unknown-key"
        case badSignature = "bad-signature"
        case wrongType = "wrong-type"
        case wrongIssuer = "wrong-issuer"
        case wrongAudience = "wrong-audience"
        case expired
        case noExpiry = "no-expiry"
        case notYetValid = "not-yet-valid"
        case issuedInFuture = "issued-in-future"
        case noName = "no-name"
    }

    private let key = P256.Signing.PrivateKey()
    private let other = P256.Signing.PrivateKey()
    /// The subject that callers with the role `subject` are.
    let subject: String
    /// Seconds since 1970 at which tokens are issued.
    private let now = Int(Date().timeIntervalSince1970)

    init(subject: String) { self.subject = subject }

    /// Access with this issuer's tokens, without a limit of requests.
    func access() async throws -> AccessControl {
        let file = FileManager.default.temporaryDirectory.appending(path: "standing-keys-\(UUID().uuidString)")
        try Data(webKeySet.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        var configuration = AccessConfiguration()
        (configuration.issuer, configuration.audience) = (Self.name, Self.audience)
        (configuration.keys, configuration.subjectClaim) = (file.path, Self.subjectClaim)
        configuration.requestsPerSecond = 0
        return try await configuration.open(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private var webKeySet: String {
        let point = key.publicKey.rawRepresentation
        return """
            {"keys":[{"kty":"EC","crv":"P-256","kid":"first","x":"\(Self.text(point.prefix(32)))",\
            "y":"\(Self.text(point.suffix(32)))"}]}
            """
    }

    /// A good token.
    func token(_ role: Role, name: String = "sample") throws -> String {
        try signed(claims(role, ["sub": name]), header: [:], by: key)
    }

    func token(_ bad: BadToken, _ role: Role, name: String = "sample") throws -> String {
        func token(_ claims: [String: Any?] = [:], header: [String: String] = [:]) throws -> String {
            try signed(self.claims(role, ["sub": name].merging(claims) { $1 }), header: header, by: key)
        }
        return switch bad {
        case .tooLong: try token(["more": String(repeating: "a", count: 8 << 10)])
        case .malformed: try token() + ".x"
        case .unsigned: try token(header: ["alg": "none"])
        case .unknownKey: try token(header: ["kid": "second"])
        case .badSignature: try signed(self.claims(role, ["sub": name]), header: [:], by: other)
        case .wrongType: try token(header: ["typ": "logout+jwt"])
        case .wrongIssuer: try token(["iss": "https://other.example"])
        case .wrongAudience: try token(["aud": ["another"]])
        case .expired: try token(["exp": now - 3600])
        case .noExpiry: try token(["exp": nil])
        case .notYetValid: try token(["nbf": now + 3600])
        case .issuedInFuture: try token(["iat": now + 3600])
        case .noName: try token(["sub": nil])
        }
    }

    /// `changes`: a claim without a value is left out.
    private func claims(_ role: Role, _ changes: [String: Any?]) -> [String: Any] {
        let usual: [String: Any?] = [
            "iss": Self.name, "aud": Self.audience, "exp": now + 3600, "iat": now - 10, "nbf": now - 10,
            "roles": [role.rawValue], Self.subjectClaim: subject,
        ]
        return usual.merging(changes) { $1 }.compactMapValues { $0 }
    }

    private func signed(
        _ claims: [String: Any], header: [String: String], by key: P256.Signing.PrivateKey
    ) throws -> String {
        let header = ["alg": "ES256", "typ": "JWT", "kid": "first"].merging(header) { $1 }
        let parts = [
            try JSONSerialization.data(withJSONObject: header), try JSONSerialization.data(withJSONObject: claims),
        ]
        let signed = parts.map { Self.text($0) }.joined(separator: ".")
        let signature = try key.signature(for: Data(signed.utf8)).rawRepresentation
        return signed + "." + Self.text(signature)
    }

    /// Base64url without padding.
    private static func text(_ bytes: Data) -> String {
        bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
