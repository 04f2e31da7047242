import Crypto
import Foundation
import JWTKit
import Testing

@testable import Access

struct TokenKeysTests {
    private let issuer = TestIssuer()

    private func keys(
        _ text: String, _ algorithms: [SignatureAlgorithm] = [.rs256, .es256], isPublic: Bool = false
    ) async throws -> TokenKeys {
        try await TokenKeys(Array(text.utf8), for: algorithms, isPublic: isPublic)
    }

    private func mistake(
        _ text: String, _ algorithms: [SignatureAlgorithm] = [.rs256, .es256], isPublic: Bool = false
    ) async -> String? {
        do {
            _ = try await keys(text, algorithms, isPublic: isPublic)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func aSetAKeyAndPEMVerifyTheSameToken() async throws {
        let token = try SignedToken(try issuer.token())
        for text in [issuer.webKeySet, issuer.webKey(), issuer.key.publicKey.pemRepresentation] {
            try token.verify(by: try await keys(text))
        }
    }

    @Test func keysOfAnotherUseOrKindAreSkipped() async throws {
        for more in [#","use":"enc""#, #","key_ops":["encrypt"]"#, #","alg":"ES384""#, #","alg":"ES521""#] {
            let set = #"{"keys":[\#(issuer.webKey(more))]}"#
            #expect(await mistake(set)?.hasPrefix("no key for RS256, ES256 is in it; ") == true, "\(more)")
        }
        let mixed = #"{"keys":[{"kty":"RSA","use":"enc","n":"AQ","e":"AQ"},{"kty":1},\#(issuer.webKey())]}"#
        #expect(try await keys(mixed).keys.count == 1)
    }

    /// A key without `alg` is not bound to the first algorithm that a token names.
    @Test func aKeyServesAllAlgorithmsOfItsKindThatAreAllowed() async throws {
        let modulus = Base64.text([0xC1] + [UInt8](repeating: 0x35, count: 254) + [0x37])
        let rsa = #"{"kty":"RSA","kid":"r","n":"\#(modulus)","e":"AQAB"}"#
        let found = try await keys(rsa, [.rs256, .ps256, .es256]).keys
        #expect(found.map(\.algorithm) == [.rs256, .ps256])
        #expect(found.map(\.verifier.name) == ["RS256", "PS256"])
    }

    @Test func whatIsNoPublicKeyIsRefused() async throws {
        let secret = #"{"kty":"oct","k":"\#(Base64.text([UInt8](repeating: 7, count: 32)))"}"#
        let short = #"{"kty":"oct","k":"\#(Base64.text([UInt8](repeating: 7, count: 31)))"}"#
        let small = Base64.text([0xC1] + [UInt8](repeating: 0x35, count: 126) + [0x37])
        let cases: [(text: String, algorithms: [SignatureAlgorithm], isPublic: Bool, message: String)] = [
            ("", [.es256], false, "neither a JSON Web Key Set nor PEM"),
            ("<html>", [.es256], true, "neither a JSON Web Key Set nor PEM"),
            (#"{"keys":[]}"#, [.es256], true, "no key for ES256 is in it"),
            (issuer.webKey(#","d":"AA""#), [.es256], false, "a private key is in it"),
            (issuer.key.pemRepresentation, [.es256], false, "a private key is in it"),
            (issuer.key.publicKey.pemRepresentation, [.rs256], false, "the PUBLIC KEY number 1 is no key for RS256"),
            (secret, [.hs256], true, "a shared secret is published there"),
            (short, [.hs256], false, "the key without kid is no key for HS256; a secret has at least 32 bytes"),
            (#"{"kty":"RSA","n":"\#(small)","e":"AQAB"}"#, [.rs256], false, "the key without kid is no key for RS256"),
            (#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, [.es256], false, "the key without kid is no key"),
            (
                #"{"keys":[\#((0...64).map { _ in issuer.webKey() }.joined(separator: ","))]}"#, [.es256], false,
                "more than 64 keys"
            ),
            (String(repeating: " ", count: TokenKeys.maximumBytes + 1), [.es256], false, "larger than 262144 bytes"),
        ]
        for (text, algorithms, isPublic, message) in cases {
            let found = await mistake(text, algorithms, isPublic: isPublic)
            #expect(found?.hasPrefix(message) == true, "\(message): \(found ?? "accepted")")
        }
        #expect(try await keys(secret, [.hs256]).hasSecret)
    }

    @Test func base64HasOneTextForEachBytes() {
        #expect(Base64.bytes("AAE".utf8) == [0, 1])
        for text in ["A", "AAF", "AB", "AA=", "A A", "AA\n", "A+", "A/"] {
            #expect(Base64.bytes(text.utf8) == nil, "\(text)")
        }
        #expect(Base64.bytes("-_8".utf8) == [0xFB, 0xFF])
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            #expect(Base64.bytes(Base64.text(bytes).utf8) == bytes)
            #expect(Base64.bytes(Base64.text(bytes, .standard).utf8, .standard) == bytes)
            #expect(Data(bytes).base64EncodedString().filter { $0 != "=" } == Base64.text(bytes, .standard))
        }
    }
}
