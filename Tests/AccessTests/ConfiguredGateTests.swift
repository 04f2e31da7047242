import Foundation
import Logging
import Synchronization
import Testing

@testable import Access

struct ConfiguredGateTests {
    private let folder: TestFiles
    private let issuer = TestIssuer()
    private let nanoseconds = Steady()

    private final class Steady: Sendable {
        private let now = Atomic<Int64>(0)
        var value: Int64 { now.load(ordering: .relaxed) }
        func add(_ seconds: Double) { now.add(Int64(seconds * 1e9), ordering: .relaxed) }
    }

    init() throws { folder = try TestFiles() }

    private func open(_ change: (inout AccessConfiguration) throws -> Void = { _ in }) async throws -> AccessControl {
        var configuration = AccessConfiguration()
        try change(&configuration)
        let clock = AccessClock(
            wall: { [nanoseconds] in TestIssuer.now + Double(nanoseconds.value) / 1e9 },
            steady: { [nanoseconds] in nanoseconds.value })
        return try await configuration.open(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
    }

    private func tokens(_ configuration: inout AccessConfiguration) throws {
        configuration.issuer = TestIssuer.rules.issuer
        configuration.audience = TestIssuer.rules.audience
        configuration.rolesClaim = TestIssuer.rules.rolesClaim
        configuration.keys = try folder.write(issuer.webKeySet, to: "keys.json")
    }

    private func users(_ configuration: inout AccessConfiguration) throws {
        configuration.users = try folder.write(
            "anna reviewer - \(UsersFileTests.hash)\nsam subject c-1 \(UsersFileTests.hash)\n", to: "users")
    }

    private func request(
        _ authorization: String? = nil, session: String? = nil, from address: String = "192.0.2.1"
    ) -> Credentials {
        Credentials(
            authorization: authorization, session: session, address: address, isLoopback: address == "127.0.0.1")
    }

    private func denial(_ control: AccessControl, _ credentials: Credentials) async -> Denial? {
        do {
            _ = try await control.gate.caller(credentials)
            return nil
        } catch {
            // The count of each reason begins at 0.
            if case .unauthenticated(let reason) = error { #expect(Denial.reasons.contains(reason), "\(reason)") }
            return error
        }
    }

    @Test func withNothingConfiguredThisMachineAloneIsLetIn() async throws {
        let control = try await open()
        let caller = try await control.gate.caller(request(from: "127.0.0.1"))
        #expect(caller.name == "loopback" && caller.roles == Set(Role.allCases).subtracting([.subject]))
        #expect(await denial(control, request()) == .unauthenticated(reason: "access-not-configured"))
        #expect(await denial(control, request("Bearer x")) == .unauthenticated(reason: "access-not-configured"))
        #expect(control.openness.contains("this machine alone"))
        // Nothing limits it.
        for _ in 0..<1000 { _ = try await control.gate.caller(request(from: "127.0.0.1")) }
    }

    @Test func withSomethingConfiguredThisMachineProvesItselfToo() async throws {
        for control in [try await open(tokens), try await open(users)] {
            #expect(await denial(control, request(from: "127.0.0.1")) == .unauthenticated(reason: "no-credentials"))
            #expect(!control.openness.contains("this machine alone"))
        }
    }

    @Test func aTokenIsItsCaller() async throws {
        let control = try await open(tokens)
        let token = try issuer.token()
        for authorization in ["Bearer \(token)", "bearer \(token)"] {
            let caller = try await control.gate.caller(request(authorization))
            #expect(caller.name == "anna" && caller.roles == [.reviewer])
        }
        let cases: [(authorization: String, denial: Denial)] = [
            ("Bearer", .unauthenticated(reason: "unsupported-scheme")),
            ("Basic YTpi", .unauthenticated(reason: "unsupported-scheme")),
            ("Bearer a.b.c", .unauthenticated(reason: "malformed-token")),
            ("Bearer \(try TestIssuer().token())", .unauthenticated(reason: "bad-signature")),
            (
                "Bearer \(try issuer.token(TestIssuer.claims.replacingOccurrences(of: "reviewer", with: "none")))",
                .forbidden
            ),
        ]
        for (authorization, expected) in cases {
            #expect(await denial(control, request(authorization)) == expected, "\(authorization)")
        }
        #expect(await denial(control, request(session: "x")) == .unauthenticated(reason: "no-session"))
    }

    /// A token that was good is not verified again for a while, and yet not longer than it is good.
    @Test func aKnownTokenEndsAtItsTime() async throws {
        let control = try await open(tokens)
        let token = "Bearer \(try issuer.token())"
        _ = try await control.gate.caller(request(token))
        nanoseconds.add(600 + TokenVerifier.leeway - 1)
        _ = try await control.gate.caller(request(token))
        nanoseconds.add(1)
        #expect(await denial(control, request(token)) == .unauthenticated(reason: "expired"))
    }

    @Test func aChangedFileOfKeysEndsTheTokensOfTheOldKey() async throws {
        let control = try await open(tokens)
        let token = "Bearer \(try issuer.token())"
        _ = try await control.gate.caller(request(token))
        let other = TestIssuer()
        try folder.write("{", to: "keys.json")
        await control.gate.tokens?.keys.refresh()
        _ = try await control.gate.caller(request(token))
        try folder.write(other.webKeySet, to: "keys.json")
        await control.gate.tokens?.keys.refresh()
        #expect(await denial(control, request(token)) == .unauthenticated(reason: "bad-signature"))
        _ = try await control.gate.caller(request("Bearer \(try other.token())"))
    }

    @Test func aUserLogsInAndOut() async throws {
        let control = try await open(users)
        let session = try await control.logIn(name: "sam", password: "correct horse battery", address: "192.0.2.1")
        #expect(session.caller == Caller(name: "sam", roles: [.subject], subject: Array("c-1".utf8)))
        let cookie = try #require(session.setCookie?.split(separator: ";").first.map(String.init))
        let token = try #require(control.cookie.token(in: cookie))
        #expect(try await control.gate.caller(request(session: token)) == session.caller)
        let again = try #require(control.session(token))
        #expect(again.setCookie == nil && again.formToken == control.formToken(ofSession: token))
        await control.logOut(token)
        #expect(await denial(control, request(session: token)) == .unauthenticated(reason: "no-session"))
        #expect(control.session(token) == nil && again.formToken != control.formToken(ofSession: token))
        let common = control.formToken(ofSession: nil)
        #expect(common == control.formToken(ofSession: nil) && common != again.formToken && !common.isEmpty)
    }

    private actor Records: AuditLog {
        private(set) var all: [String] = []

        func append(_ record: AuditRecord) { all.append("\(record.actor) \(record.action) \(record.outcome)") }
    }

    /// A log-out is recorded once: who has no session has nothing to leave.
    @Test func logInsAndLogOutsAreInTheAudit() async throws {
        let (control, records) = (try await open(users), Records())
        let session = try await control.logIn(
            name: "sam", password: "correct horse battery", address: "192.0.2.1", audit: records)
        let token = try #require(
            session.setCookie.flatMap { control.cookie.token(in: String($0.prefix { $0 != ";" })) })
        for token in ["x", token, token] { await control.logOut(token, audit: records) }
        _ = try? await control.logIn(name: "sam", password: "wrong", address: "192.0.2.1", audit: records)
        #expect(await records.all == ["sam logIn allowed", "sam logOut allowed", "sam logIn denied"])
    }

    @Test func aSessionHasTheRolesThatTheUserHasNow() async throws {
        let control = try await open(users)
        let session = try await control.logIn(name: "anna", password: "correct horse battery", address: "192.0.2.1")
        let token = try #require(
            session.setCookie.flatMap { control.cookie.token(in: String($0.prefix { $0 != ";" })) })
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try folder.write("anna auditor - \(UsersFileTests.hash)\n", to: "users")
        control.gate.users?.reloadIfChanged(logger)
        #expect(try await control.gate.caller(request(session: token)).roles == [.auditor])
        try folder.write("bert auditor - \(UsersFileTests.hash)\n", to: "users")
        control.gate.users?.reloadIfChanged(logger)
        #expect(await denial(control, request(session: token)) == .unauthenticated(reason: "no-session"))
    }

    @Test func aWrongNameIsRefusedAsAWrongPasswordIs() async throws {
        let control = try await open(users)
        for (name, password) in [
            ("anna", "wrong horse battery"), ("nobody", "correct horse battery"), ("", ""), ("a b", "x"),
        ] {
            await #expect(throws: Denial.unauthenticated(reason: "wrong-name-or-password"), "\(name)") {
                _ = try await control.logIn(name: name, password: password, address: "192.0.2.1")
            }
        }
        await #expect(throws: Denial.unauthenticated(reason: "no-users")) {
            _ = try await open().logIn(name: "anna", password: "correct horse battery", address: "192.0.2.1")
        }
    }

    @Test func passwordsAreTriedSeldomByAddressAndByName() async throws {
        let control = try await open(users)
        let limits = control.gate.limits
        while limits.passwordsByAddress.take("192.0.2.1", at: nanoseconds.value) == nil {}
        await #expect(throws: Denial.tooMany(retryAfter: 5)) {
            _ = try await control.logIn(name: "anna", password: "correct horse battery", address: "192.0.2.1")
        }
        while limits.passwordsByName.take("anna", at: nanoseconds.value) == nil {}
        await #expect(throws: Denial.tooMany(retryAfter: 5)) {
            _ = try await control.logIn(name: "anna", password: "correct horse battery", address: "192.0.2.2")
        }
        nanoseconds.add(5)
        _ = try await control.logIn(name: "anna", password: "correct horse battery", address: "192.0.2.1")
    }

    @Test func whatIsKnownIsAnsweredAtOnceWithTheSameEffects() async throws {
        let control = try await open {
            try tokens(&$0)
            try users(&$0)
            $0.requestsPerSecond = 1
        }
        let token = "Bearer \(try issuer.token())"
        let session = try await control.logIn(name: "sam", password: "correct horse battery", address: "192.0.2.1")
        let cookie = control.gate.sessions.open(
            try #require(control.gate.users?["sam"]), now: Int64(TestIssuer.now))
        // Not verified yet, and refused for other reasons: nothing is taken from any bucket.
        for credentials in [
            request(token), request("Bearer a.b.c"), request("Basic x"), request(session: "x"), request(),
        ] {
            for _ in 0..<200 { #expect(control.gate.callerAtOnce(credentials) == nil) }
        }
        let caller = try await control.gate.caller(request(token))
        #expect(control.gate.callerAtOnce(request(token)) == caller)
        // The bucket has two requests.
        #expect(control.gate.callerAtOnce(request(token)) == nil)
        #expect(await denial(control, request(token)) == .tooMany(retryAfter: 1))
        #expect(control.gate.callerAtOnce(request(session: cookie)) == session.caller)
        let loopback = try await self.open()
        #expect(loopback.gate.callerAtOnce(request(from: "127.0.0.1"))?.name == "loopback")
        #expect(loopback.gate.callerAtOnce(request()) == nil)
    }

    @Test func aCallerAsksNoMoreOftenThanItMay() async throws {
        let control = try await open {
            try tokens(&$0)
            $0.requestsPerSecond = 2
        }
        let token = "Bearer \(try issuer.token())"
        for _ in 0..<4 { _ = try await control.gate.caller(request(token)) }
        // From another address too: it is the caller who is limited.
        #expect(await denial(control, request(token, from: "192.0.2.9")) == .tooMany(retryAfter: 1))
        nanoseconds.add(0.5)
        _ = try await control.gate.caller(request(token))
    }

    @Test func anAddressProvesNothingOnlySoOften() async throws {
        let control = try await open(tokens)
        let token = "Bearer \(try issuer.token())"
        var refused = 0
        while await denial(control, request("Bearer a.b.c")) != .tooMany(retryAfter: 1) { refused += 1 }
        #expect(refused == 100)
        #expect(await denial(control, request(token)) == .tooMany(retryAfter: 1))
        _ = try await control.gate.caller(request(token, from: "192.0.2.2"))
        // A request without credentials is answered as before.
        #expect(await denial(control, request()) == .unauthenticated(reason: "no-credentials"))
    }

    @Test func addressesOfOneNetworkAreOneCaller() {
        #expect(AddressGroup.of("192.0.2.1") == "192.0.2.1")
        #expect(AddressGroup.of("::ffff:192.0.2.1") == "192.0.2.1")
        #expect(AddressGroup.of("2001:db8::1") == AddressGroup.of("2001:db8:0:0:ffff::9"))
        #expect(AddressGroup.of("2001:db8::1") != AddressGroup.of("2001:db8:0:1::1"))
        #expect(AddressGroup.of("nonsense:") == "nonsense:")
    }
}
