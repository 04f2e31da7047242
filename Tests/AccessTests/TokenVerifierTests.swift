import Crypto
import Foundation
import Testing

@testable import Access

struct TokenVerifierTests {
    private let issuer = TestIssuer()
    private let verifier = TokenVerifier(rules: TestIssuer.rules)

    private func verify(
        _ token: String, _ algorithms: [SignatureAlgorithm] = [.es256]
    ) async throws -> (caller: Caller, until: Double) {
        try verifier.verify(token, by: try await issuer.keys(algorithms), now: TestIssuer.now)
    }

    private func refusal(_ token: String, _ algorithms: [SignatureAlgorithm] = [.es256]) async throws -> TokenRefusal? {
        do {
            _ = try await verify(token, algorithms)
            return nil
        } catch let refusal as TokenRefusal {
            return refusal
        }
    }

    private func claims(_ from: String, _ to: String) -> String {
        let changed = TestIssuer.claims.replacingOccurrences(of: from, with: to)
        precondition(changed != TestIssuer.claims)
        return changed
    }

    @Test func aGoodTokenIsACallerWithItsRolesAndSubject() async throws {
        let good = try await verify(try issuer.token())
        #expect(good.caller == Caller(name: "anna", roles: [.reviewer], subject: Array("c-1".utf8)))
        #expect(good.until == 1_800_000_600 + TokenVerifier.leeway)
    }

    @Test func twelveKindsOfBadTokensAreRefusedEachWithItsReason() async throws {
        let good = try issuer.token()
        let parts = good.split(separator: ".")
        let unsigned = Base64.text(#"{"alg":"none","kid":"first"}"#.utf8) + "." + parts[1] + "."
        let confused = Base64.text(#"{"alg":"HS256","kid":"first"}"#.utf8) + "." + parts[1]
        let secret = SymmetricKey(data: issuer.key.publicKey.x963Representation)
        let code = HMAC<SHA256>.authenticationCode(for: Data(confused.utf8), using: secret)
        var stranger = TestIssuer()
        stranger.id = "second"
        let altered = Base64.text(claims("anna", "bert").utf8)
        let cases: [(name: String, token: String, reason: TokenRefusal)] = [
            ("expired", try issuer.token(claims("1800000600", "1799999969")), .expired),
            ("not yet valid", try issuer.token(claims(#""nbf":1799999990"#, #""nbf":1800000031"#)), .notYetValid),
            ("another issuer", try issuer.token(claims("issuer.example", "issuer.test")), .wrongIssuer),
            ("another audience", try issuer.token(claims(#""standing""#, #""standing2""#)), .wrongAudience),
            ("another key", try TestIssuer().token(), .badSignature),
            ("an unknown key", try stranger.token(), .unknownKey),
            ("none", unsigned, .wrongAlgorithm),
            ("the public key as a secret", confused + "." + Base64.text(code), .wrongAlgorithm),
            ("an altered payload", "\(parts[0]).\(altered).\(parts[2])", .badSignature),
            ("cut off", String(good.dropLast(2)), .badSignature),
            ("no roles", try issuer.token(claims("reviewer", "admin")), .noRoles),
            ("oversized", try issuer.token(claims("c-1", String(repeating: "c", count: 9000))), .tooLong),
        ]
        for (name, token, reason) in cases {
            #expect(try await refusal(token) == reason, "\(name)")
            #expect(try await refusal(token, SignatureAlgorithm.allCases) == reason, "\(name), every algorithm allowed")
        }
    }

    @Test func otherTokensThatProveNothingAreRefused() async throws {
        let cases: [(token: String, reason: TokenRefusal)] = [
            (try issuer.token(claims(#""exp":1800000600,"#, "")), .noExpiry),
            (try issuer.token(claims("1800000600", #""1800000600""#)), .malformed),
            (try issuer.token(claims(#""iat":1799999990"#, #""iat":1800000031"#)), .issuedInFuture),
            (try issuer.token(claims(#""sub":"anna","#, "")), .noName),
            (try issuer.token(claims("anna", #"an\na"#)), .noName),
            (try issuer.token(claims("anna", String(repeating: "a", count: 257))), .noName),
            (try issuer.token(claims(#"["other","standing"]"#, "1")), .wrongAudience),
            (try issuer.token(claims(#""c-1""#, "17")), .malformed),
            (try issuer.token("[]"), .malformed),
            (try issuer.token(header: #"{"alg":"ES256","kid":"first","typ":"logout+jwt"}"#), .wrongType),
            (try issuer.token(header: #"{"alg":"ES256","kid":"first","crit":["exp"]}"#), .malformed),
            (try issuer.token(header: #"{"alg":"es256","kid":"first"}"#), .wrongAlgorithm),
            (try issuer.token(header: #"{"alg":"RS256","kid":"first"}"#), .wrongAlgorithm),
            (try issuer.token(header: #"{"kid":"first"}"#), .malformed),
            ("", .malformed), ("..", .malformed), ("a.b", .malformed), ("\(try issuer.token()).", .malformed),
            ("\(try issuer.token())=", .malformed), (" \(try issuer.token())", .malformed),
        ]
        for (token, reason) in cases { #expect(try await refusal(token) == reason, "\(token.prefix(200))") }
    }

    @Test func clocksMayBeApartByTheLeeway() async throws {
        for token in [
            try issuer.token(claims("1800000600", "1799999971")),
            try issuer.token(claims(#""nbf":1799999990"#, #""nbf":1800000030"#)),
            try issuer.token(claims(#""iat":1799999990"#, #""iat":1800000030"#)),
        ] {
            #expect(try await refusal(token) == nil)
        }
    }

    @Test func rolesAreAListOrWordsAtAPathOrUnderANameWithDots() async throws {
        for (claim, json) in [
            ("roles", #""roles":["auditor","viewer"]"#), ("scope", #""scope":"openid auditor viewer""#),
            ("https://a.example/roles", #""https://a.example/roles":["auditor","viewer"]"#),
            ("resource_access.standing.roles", #""resource_access":{"standing":{"roles":["viewer","auditor"]}}"#),
        ] {
            var rules = TestIssuer.rules
            rules.rolesClaim = claim
            let token = try issuer.token(claims(#""customer":"c-1""#, json))
            let keys = try await issuer.keys()
            let caller = try TokenVerifier(rules: rules).verify(token, by: keys, now: TestIssuer.now).caller
            #expect(caller.roles == [.auditor, .viewer], "\(claim)")
            #expect(caller.subject == nil)
        }
        #expect(
            try await refusal(try issuer.token(claims(#"["reviewer","of-another-program"]"#, #"["reviewer",1]"#)))
                == .noRoles)
    }

    @Test func aTokenWithoutAKeyIsVerifiedByAnyKeyOfItsAlgorithm() async throws {
        #expect(try await refusal(try issuer.token(header: #"{"alg":"ES256"}"#)) == nil)
        #expect(try await refusal(try TestIssuer().token(header: #"{"alg":"ES256"}"#)) == .badSignature)
    }
}
