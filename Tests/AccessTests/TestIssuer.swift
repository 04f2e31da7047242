import Crypto
import Foundation

@testable import Access

/// Signs tokens with ES256.
struct TestIssuer {
    static let now = 1_800_000_000.0
    static let rules = TokenRules(
        issuer: "https://issuer.example", audience: "standing", rolesClaim: "realm_access.roles",
        subjectClaim: "customer")
    static let claims = #"""
        {"iss":"https://issuer.example","aud":["other","standing"],"sub":"anna","exp":1800000600,"nbf":1799999990,\#
        "iat":1799999990,"realm_access":{"roles":["reviewer","of-another-program"]},"customer":"c-1"}
        """#

    let key = P256.Signing.PrivateKey()
    var id = "first"

    /// The public key as a JSON Web Key.
    func webKey(_ more: String = "") -> String {
        let point = key.publicKey.rawRepresentation
        return """
            {"kty":"EC","crv":"P-256","kid":"\(id)","x":"\(Base64.text(point.prefix(32)))",\
            "y":"\(Base64.text(point.suffix(32)))"\(more)}
            """
    }

    var webKeySet: String { #"{"keys":[\#(webKey())]}"# }

    func keys(_ algorithms: [SignatureAlgorithm] = [.es256]) async throws -> TokenKeys {
        try await TokenKeys(Array(webKeySet.utf8), for: algorithms, isPublic: true)
    }

    /// `header`: nil for the one of this key.
    func token(_ claims: String = TestIssuer.claims, header: String? = nil) throws -> String {
        let head = header ?? #"{"alg":"ES256","typ":"JWT","kid":"\#(id)"}"#
        let signed = Base64.text(head.utf8) + "." + Base64.text(claims.utf8)
        let signature = try key.signature(for: Data(signed.utf8)).rawRepresentation
        return signed + "." + Base64.text(signature)
    }
}

/// A folder that goes when the test ends.
final class TestFiles {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "standing-access-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
        try Data(text.utf8).write(to: url.appending(path: name), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path(name))
        return path(name)
    }
}
