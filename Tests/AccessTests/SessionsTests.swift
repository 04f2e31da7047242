import Foundation
import Testing

@testable import Access

struct SessionsTests {
    private static let now: Int64 = 1_800_000_000
    private let secret = [UInt8](repeating: 9, count: 32)

    private func user(_ name: String = "anna", salt: String = "AAECAwQFBgcICQoLDA0ODw") throws -> User {
        let hash = UsersFileTests.hash.replacingOccurrences(of: "AAECAwQFBgcICQoLDA0ODw", with: salt)
        return User(name: name, roles: [.reviewer], password: try #require(PasswordHash(hash)))
    }

    @Test func aSessionIsTheUsersOnEveryMemberWithTheSecret() throws {
        let (one, other) = (Sessions(secret: secret), Sessions(secret: secret))
        let token = one.open(try user(), now: Self.now)
        for sessions in [one, other] {
            let session = try #require(sessions.session(token, now: Self.now + 60))
            let user = try user()
            #expect(session.name == "anna" && sessions.isOf(user, session))
        }
        #expect(Sessions(secret: [UInt8](repeating: 8, count: 32)).session(token, now: Self.now) == nil)
        #expect(Sessions(secret: nil).session(token, now: Self.now) == nil)
        #expect(one.open(try user(), now: Self.now) != token)
    }

    @Test func anotherPasswordEndsTheUsersSessions() throws {
        let sessions = Sessions(secret: secret)
        let session = try #require(sessions.session(sessions.open(try user(), now: Self.now), now: Self.now))
        let user = try user(salt: "BAECAwQFBgcICQoLDA0ODw")
        #expect(!sessions.isOf(user, session))
    }

    @Test func aSessionEndsWithoutRequestsAndAtTheLatestAfterTwelveHours() throws {
        let sessions = Sessions(secret: secret)
        var token = sessions.open(try user(), now: Self.now)
        #expect(sessions.session(token, now: Self.now + Sessions.idle - 1) != nil)
        #expect(sessions.session(token, now: Self.now + Sessions.idle) == nil)
        var now = Self.now
        while now < Self.now + Sessions.absolute {
            let session = try #require(sessions.session(token, now: now))
            if let renewed = sessions.renew(session, now: now) { token = renewed }
            now += Sessions.renewal
        }
        #expect(sessions.session(token, now: now) == nil)
        // A clock that is slow: a login of the future is refused.
        #expect(sessions.session(sessions.open(try user(), now: now + 61), now: now) == nil)
    }

    @Test func aTokenIsRenewedSeldom() throws {
        let sessions = Sessions(secret: secret)
        let session = try #require(sessions.session(sessions.open(try user(), now: Self.now), now: Self.now))
        #expect(sessions.renew(session, now: Self.now + Sessions.renewal - 1) == nil)
        #expect(sessions.renew(session, now: Self.now + Sessions.renewal) != nil)
    }

    @Test func anAlteredTokenIsNone() throws {
        let sessions = Sessions(secret: secret)
        let token = sessions.open(try user(), now: Self.now)
        for index in token.indices {
            var altered = token
            altered.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
            #expect(sessions.session(altered, now: Self.now) == nil)
        }
        for text in [
            "", ".", "..", "A.A", String(token.dropLast()), token + "A", token + ".",
            String(repeating: "A", count: 4096),
        ] {
            #expect(sessions.session(text, now: Self.now) == nil)
        }
    }

    @Test func aLogOutEndsTheSessionAndItsRenewals() throws {
        let sessions = Sessions(secret: secret)
        let token = sessions.open(try user(), now: Self.now)
        let other = sessions.open(try user(), now: Self.now)
        let session = try #require(sessions.session(token, now: Self.now))
        let renewed = try #require(sessions.renew(session, now: Self.now + 600))
        sessions.close(session, now: Self.now + 601)
        #expect(sessions.session(token, now: Self.now + 601) == nil)
        #expect(sessions.session(renewed, now: Self.now + 601) == nil)
        #expect(sessions.session(other, now: Self.now + 601) != nil)
    }

    @Test func whenTheListOfLogOutsIsFullAllSessionsFromBeforeEnd() throws {
        let sessions = Sessions(secret: secret, maximumRevoked: 3)
        let tokens = try (0..<5).map { _ in sessions.open(try user(), now: Self.now) }
        for token in tokens.prefix(4) {
            let session = try #require(sessions.session(token, now: Self.now))
            sessions.close(session, now: Self.now)
        }
        for token in tokens { #expect(sessions.session(token, now: Self.now + 1) == nil) }
        #expect(sessions.session(sessions.open(try user(), now: Self.now + 1), now: Self.now + 1) != nil)
    }

    @Test func aFormIsOfItsSession() throws {
        let sessions = Sessions(secret: secret)
        let session = try #require(sessions.session(sessions.open(try user(), now: Self.now), now: Self.now))
        let other = try #require(sessions.session(sessions.open(try user(), now: Self.now), now: Self.now))
        #expect(sessions.formToken(session) == sessions.formToken(session))
        let tokens = [sessions.formToken(session), sessions.formToken(other), sessions.formToken(nil)]
        #expect(Set(tokens).count == 3 && tokens.allSatisfy { $0.utf8.count == 43 })
        #expect(Sessions(secret: nil).formToken(nil) != tokens[2])
    }

    @Test func theCookieIsForThisHostAloneAndNoScript() {
        let (plain, secure) = (SessionCookie(isTLS: false), SessionCookie(isTLS: true))
        #expect(plain.setting("t") == "standing=t; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict")
        #expect(
            secure.setting("t") == "__Host-standing=t; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict; Secure"
        )
        #expect(secure.removal == "__Host-standing=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure")
    }

    @Test func aPlantedSecondCookieIsNotBelieved() {
        let cookie = SessionCookie(isTLS: false)
        #expect(cookie.token(in: "a=b; standing=t.u; c=d") == "t.u")
        #expect(cookie.token(in: "standing=") == "")
        for header in [
            "", "a=b", "standing", "xstanding=t", "Standing=t",
            "standing=t; standing=u",
            String(repeating: "a=b; ", count: 2000) + "standing=t",
        ] {
            #expect(cookie.token(in: header) == nil, "\(header.prefix(40))")
        }
    }
}
