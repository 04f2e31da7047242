import Foundation
import Logging
import Synchronization
import Testing

@testable import Access

/// Keys from a URL, over real sockets.
struct KeySourceTests {
    private let steady = Steady()
    private let issuer = TestIssuer()

    private final class Steady: Sendable {
        private let now = Atomic<Int64>(0)
        var value: Int64 { now.load(ordering: .relaxed) }
        func add(_ nanoseconds: Int64) { now.add(nanoseconds, ordering: .relaxed) }
    }

    private func gate(_ url: String) async throws -> TokenGate {
        let clock = AccessClock(wall: { TestIssuer.now }, steady: { [steady] in steady.value })
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let keys = KeySource(.url(try #require(URL(string: url))), [.es256], clock: clock, logger: logger)
        try await keys.start()
        return TokenGate(TestIssuer.rules, keys: keys)
    }

    private func refusal(_ gate: TokenGate, _ token: String) async -> TokenRefusal? {
        do {
            _ = try await gate.caller(of: token, now: TestIssuer.now)
            return nil
        } catch {
            return error
        }
    }

    @Test func aTokenOfANewKeyMakesTheURLBeAskedAgainButSeldom() async throws {
        let server = try KeyServer(issuer.webKeySet)
        defer { server.stop() }
        let gate = try await gate(server.url)
        #expect(await refusal(gate, try issuer.token()) == nil)
        var second = TestIssuer()
        second.id = "second"
        server.answer(#"{"keys":[\#(issuer.webKey()),\#(second.webKey())]}"#)
        // It was asked a moment ago.
        for _ in 0..<5 { #expect(await refusal(gate, try second.token()) == .unknownKey) }
        #expect(server.count == 1)
        steady.add(KeySource.minimumInterval)
        #expect(await refusal(gate, try second.token()) == nil)
        #expect(server.count == 2)
        var third = TestIssuer()
        third.id = "third"
        steady.add(KeySource.minimumInterval)
        // Many tokens wait for one question.
        let token = try third.token()
        await withTaskGroup { group in
            for _ in 0..<20 { group.addTask { #expect(await refusal(gate, token) == .unknownKey) } }
        }
        #expect(server.count == 3)
    }

    @Test func aKeyThatIsNoLongerPublishedEndsAtTheInterval() async throws {
        let server = try KeyServer(issuer.webKeySet)
        defer { server.stop() }
        let gate = try await gate(server.url)
        let token = try issuer.token()
        #expect(await refusal(gate, token) == nil)
        var second = TestIssuer()
        second.id = "second"
        server.answer(second.webKeySet)
        await gate.keys.refresh()
        #expect(await refusal(gate, token) == nil)
        steady.add(KeySource.interval)
        await gate.keys.refresh()
        #expect(await refusal(gate, token) == .unknownKey)
    }

    @Test func theLastGoodKeysAreUsedWhileTheURLIsAwayOrWrong() async throws {
        let server = try KeyServer(issuer.webKeySet)
        let gate = try await gate(server.url)
        let token = try issuer.token()
        let answers = [
            ("<html>", "200 OK", ""), (TestIssuer().webKeySet, "500 Internal Server Error", ""),
            ("", "302 Found", "Location: http://127.0.0.1:1/\r\n"),
            (String(repeating: " ", count: TokenKeys.maximumBytes + 1), "200 OK", ""), (#"{"keys":[]}"#, "200 OK", ""),
        ]
        for (index, (body, status, more)) in answers.enumerated() {
            server.answer(body, status: status, more: more)
            steady.add(KeySource.interval)
            await gate.keys.refresh()
            #expect(server.count == index + 2)
            #expect(await refusal(gate, token) == nil, "\(status)")
        }
        server.stop()
        steady.add(KeySource.interval)
        await gate.keys.refresh()
        #expect(await refusal(gate, token) == nil)
    }

    @Test func beforeTheKeysCanBeReadNoTokenIsAccepted() async throws {
        let server = try KeyServer("<html>")
        defer { server.stop() }
        let gate = try await gate(server.url)
        #expect(await refusal(gate, try issuer.token()) == .keysUnavailable)
        server.answer(issuer.webKeySet)
        steady.add(KeySource.minimumInterval)
        #expect(await refusal(gate, try issuer.token()) == nil)
    }
}
