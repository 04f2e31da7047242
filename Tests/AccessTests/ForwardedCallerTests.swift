import Access
import Synchronization
import Testing

/// A member's word about who asked it: for one request, to one member, for a short time, once.
struct ForwardedCallerTests {
    private let secret = MemberSecret(Array(repeating: 7, count: 32))!
    private let caller = Caller(name: "rita", roles: [.reviewer, .subject], subject: Array("ann\"a.é".utf8))

    private func callers(_ now: Int64 = 1_000, member: String? = "m1:8080") -> ForwardedCallers {
        ForwardedCallers(secret, member: { member }, now: { now })
    }

    private func token(
        method: String = "GET", target: String = "/subjects/anna", to member: String = "m1:8080", at time: Int64 = 1_000
    ) -> String { secret.token(for: caller, method: method, target: target, to: member, at: time) }

    /// The reason of the refusal; nil if the caller is accepted.
    private func refusal(
        _ token: String, by callers: ForwardedCallers, method: String = "GET", target: String = "/subjects/anna"
    ) -> String? {
        do {
            _ = try callers.caller(token, method: method, target: target)
            return nil
        } catch {
            guard case .unauthenticated(let reason) = error else { return "\(error)" }
            #expect(Denial.reasons.contains(reason), "\(reason)")
            return reason
        }
    }

    @Test func theCallerComesThroughWhole() throws {
        #expect(try callers().caller(token(), method: "GET", target: "/subjects/anna") == caller)
        let plain = Caller(name: "m", roles: [])
        let token = secret.token(for: plain, method: "GET", target: "/", to: "m1:8080", at: 1_000)
        #expect(try callers().caller(token, method: "GET", target: "/") == plain)
    }

    @Test func aTokenIsForItsRequestAndItsMemberAlone() {
        #expect(refusal(token(target: "/subjects/ben"), by: callers()) == "member-token-seal")
        #expect(refusal(token(method: "POST"), by: callers()) == "member-token-seal")
        #expect(refusal(token(to: "m2:8080"), by: callers()) == "member-token-seal")
        let withBody = secret.token(
            for: caller, method: "GET", target: "/subjects/anna", body: [1], to: "m1:8080", at: 1_000)
        #expect(refusal(withBody, by: callers()) == "member-token-seal")
        #expect(refusal(token(), by: callers(member: nil)) == "member-token-elsewhere")
        let other = MemberSecret(Array(repeating: 8, count: 32))!
        #expect(
            refusal(token(), by: ForwardedCallers(other, member: { "m1:8080" }, now: { 1_000 })) == "member-token-seal")
    }

    @Test(arguments: [(970, true), (1_030, true), (969, false), (1_031, false), (Int64.min, false), (.max, false)])
    func aTokenIsForAShortTime(_ time: Int64, _ isAccepted: Bool) {
        #expect(refusal(token(at: time), by: callers()) == (isAccepted ? nil : "member-token-expired"))
    }

    @Test func aTokenCountsOnceAsLongAsItIsValid() {
        let box = Clock()
        let callers = ForwardedCallers(secret, member: { "m1:8080" }, now: { box.seconds.load(ordering: .relaxed) })
        for start in stride(from: Int64(1_000), through: 1_120, by: 1) {
            box.seconds.store(start, ordering: .relaxed)
            let late = token(at: start + ForwardedCallers.window)
            #expect(refusal(late, by: callers) == nil)
            for later in [0, 1, 29, 30, 59, 60] as [Int64] {
                box.seconds.store(start + later, ordering: .relaxed)
                #expect(refusal(late, by: callers) == "member-token-repeated", "\(start) + \(later)")
            }
        }
    }

    private final class Clock: Sendable {
        let seconds = Atomic<Int64>(0)
    }

    @Test func everyChangedByteIsNoticed() {
        let bytes = Array(token().utf8)
        for index in bytes.indices {
            for byte in [UInt8(ascii: "A"), UInt8(ascii: "."), UInt8(ascii: "7"), UInt8(ascii: "=")]
            where byte != bytes[index] {
                var changed = bytes
                changed[index] = byte
                #expect(refusal(String(decoding: changed, as: UTF8.self), by: callers()) != nil, "\(index)")
            }
        }
        for text in ["", ".", "....", "v1....", "v1.1.a.b.c", String(repeating: "a", count: 10_000)] {
            #expect(refusal(text, by: callers()) == "member-token-malformed", "\(text)")
        }
    }

    @Test func aSecretHasABoundedLength() {
        #expect(MemberSecret(Array(repeating: 7, count: 31)) == nil)
        #expect(MemberSecret(Array(repeating: 7, count: 31) + Array("\n".utf8)) == nil)
        #expect(MemberSecret(Array(repeating: 7, count: 4_096) + Array("\r\n".utf8)) != nil)
        #expect(MemberSecret(Array(repeating: 7, count: 4_097)) == nil)
    }

    @Test func aCodeIsForOnePurpose() {
        let code = secret.code(of: [1, 2], for: "a")
        #expect(secret.isCode(code, of: [1, 2], for: "a"))
        #expect(!secret.isCode(code, of: [1, 2], for: "b"))
        #expect(!secret.isCode(code, of: [1, 3], for: "a"))
        #expect(!secret.isCode([], of: [1, 2], for: "a"))
    }
}
