import Crypto
import Foundation
import Logging
import Testing

@testable import Access

/// Half of a configuration ends the start with the mend.
struct AccessConfigurationTests {
    private let folder: TestFiles
    private let issuer = TestIssuer()

    init() throws { folder = try TestFiles() }

    private func mistake(_ change: (inout AccessConfiguration) throws -> Void) async throws -> String {
        var configuration = AccessConfiguration()
        try change(&configuration)
        do {
            _ = try await configuration.open(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            return "no mistake"
        } catch {
            return "\(error)"
        }
    }

    @Test func tokensNeedIssuerAudienceAndKeys() async throws {
        let parts: [(name: String, set: (inout AccessConfiguration) -> Void)] = [
            ("--access-issuer", { $0.issuer = "https://issuer.example" }),
            ("--access-audience", { $0.audience = "standing" }), ("--access-keys", { $0.keys = folder.path("keys") }),
        ]
        for mask in 1..<7 {
            let given = parts.indices.filter { mask >> $0 & 1 == 1 }
            let text = try await mistake { for index in given { parts[index].set(&$0) } }
            let missing = parts.indices.filter { !given.contains($0) }.map { parts[$0].name }.joined(separator: " and ")
            #expect(text.hasPrefix("\(parts[given[0]].name) without \(missing): "), "\(text)")
            #expect(text.hasSuffix("give \(missing) too"))
        }
    }

    @Test func keysThatCannotBeReadOrUsedEndTheStart() async throws {
        let own = try folder.write(issuer.key.pemRepresentation, to: "private.pem")
        let other = try folder.write(P384.Signing.PrivateKey().publicKey.pemRepresentation, to: "other.pem")
        let secret = #"{"kty":"oct","k":"\#(Base64.text([UInt8](repeating: 7, count: 32)))"}"#
        let open = try folder.write(secret, to: "secret.json", mode: 0o644)
        let cases: [(keys: String, algorithms: [SignatureAlgorithm], message: String)] = [
            (
                folder.path("absent"), [.es256],
                "--access-keys \(folder.path("absent")) cannot be read: there is no such file"
            ),
            (folder.url.path, [.es256], "--access-keys \(folder.url.path) is not a file"),
            (own, [.es256], "--access-keys \(own): a private key is in it; give the public keys alone"),
            (other, [.es256], "--access-keys \(other): the PUBLIC KEY number 1 is no key for ES256"),
            (open, [.hs256], "--access-keys \(open) is open to every user of this machine; run `chmod o= \(open)`"),
            (
                "http://issuer.example/keys", [.es256],
                "--access-keys http://issuer.example/keys is not encrypted; give https://"
            ),
            (
                "ftp://issuer.example/keys", [.es256],
                "--access-keys ftp://issuer.example/keys is neither https nor a file"
            ),
            ("https://", [.es256], "--access-keys https:// is no URL"),
            ("https://a:secret@issuer.example/", [.es256], "--access-keys names a user in its URL"),
            ("https://issuer.example/keys", [.es256, .hs256], "--access-algorithms HS256 with a URL"),
        ]
        for (keys, algorithms, message) in cases {
            let text = try await mistake {
                ($0.issuer, $0.audience, $0.keys, $0.algorithms) = ("i", "a", keys, algorithms)
            }
            #expect(text.hasPrefix(message) && !text.contains("secret@"), "\(text)")
        }
    }

    @Test func usersThatCannotBeReadEndTheStart() async throws {
        let open = try folder.write("anna viewer - \(UsersFileTests.hash)\n", to: "open", mode: 0o644)
        let empty = try folder.write("# nobody\n", to: "empty")
        let bad = try folder.write("anna\n", to: "bad")
        for (path, message) in [
            (folder.path("absent"), "--access-users \(folder.path("absent")) cannot be read"),
            (open, "--access-users \(open) is open to every user of this machine"),
            (empty, "--access-users \(empty) has no user; add one with `standing access users add"),
            (bad, "\(bad):1: error: a user has four words"),
        ] {
            let text = try await mistake { $0.users = path }
            #expect(text.hasPrefix(message), "\(text)")
        }
        // Its group may read it.
        let shared = try folder.write("anna viewer - \(UsersFileTests.hash)\n", to: "shared", mode: 0o640)
        #expect(try await mistake { $0.users = shared } == "no mistake")
    }

    @Test func aSessionKeyIsASecretOfUsers() async throws {
        let users = try folder.write("anna viewer - \(UsersFileTests.hash)\n", to: "users")
        let key = try folder.write("pq8f3jK1vTz0Qm5Wc7Lx2RbN9sYd6GhE4uAoI+Xk/ZtB\n", to: "key")
        let short = try folder.write("pq8f3jK1vTz0Qm5Wc7Lx2RbN9sYd6Gh\n\n", to: "short")
        let simple = try folder.write(String(repeating: "ab", count: 40), to: "simple")
        let open = try folder.write("pq8f3jK1vTz0Qm5Wc7Lx2RbN9sYd6GhE4uAoI+Xk/ZtB\n", to: "open", mode: 0o604)
        #expect(try await mistake { ($0.users, $0.sessionKey) = (users, key) } == "no mistake")
        for (path, message) in [
            (short, "--session-key \(short) is no secret: it has at least 32 random bytes"),
            (simple, "--session-key \(simple) is no secret: it has at least 32 random bytes"),
            (open, "--session-key \(open) is open to every user of this machine"),
            (folder.path("absent"), "--session-key \(folder.path("absent")) cannot be read"),
        ] {
            let text = try await mistake { ($0.users, $0.sessionKey) = (users, path) }
            #expect(text.hasPrefix(message), "\(text)")
        }
        #expect(try await mistake { $0.sessionKey = key }.hasPrefix("--session-key without --access-users:"))
    }

    @Test func aLinkIsFollowedAndAnotherTargetIsAChange() throws {
        let one = try folder.write("1", to: "one")
        let two = try folder.write("2", to: "two")
        let link = folder.path("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: one)
        let file = SettingFile(path: link, setting: "--x", isSecret: true)
        let first = try file.read(limit: 1)
        #expect(first.bytes == Array("1".utf8) && file.stamp == first.stamp)
        try FileManager.default.removeItem(atPath: link)
        #expect(file.stamp == nil)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: two)
        #expect(file.stamp != nil && file.stamp != first.stamp)
        #expect(try file.read(limit: 1).bytes == Array("2".utf8))
        #expect(throws: AccessMistake("--x \(link) is larger than 0 bytes")) { try file.read(limit: 0) }
    }
}
