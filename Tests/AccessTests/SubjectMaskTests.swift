import Access
import Events
import Testing

@Suite struct SubjectMaskTests {
    private let secret = (0..<32).map { UInt8($0) }

    @Test func aMaskIsTheSameForTheSameSecret() throws {
        let mask = try #require(SubjectMask(secret: secret))
        let again = try #require(SubjectMask(secret: secret))
        let other = try #require(SubjectMask(secret: secret.reversed()))
        let anna = Array("anna".utf8)
        let masked = mask.masked(anna)
        #expect(masked == again.masked(anna) && masked != other.masked(anna))
        #expect(masked != SubjectMask().masked(anna) && SubjectMask().masked(anna) != SubjectMask().masked(anna))
        #expect(masked.count == 17 && masked[0] == UInt8(ascii: "~"))
        let all = Set((0..<2000).map { mask.masked(Array("citizen-\($0)".utf8)) })
        #expect(all.count == 2000)
    }

    @Test func membersWithOneSecretMaskAlike() throws {
        let one = try #require(MemberSecret(secret)).mask
        // As a file has it, with a line's end.
        let other = try #require(MemberSecret(secret + [0x0A])).mask
        let stranger = try #require(MemberSecret(secret.reversed())).mask
        let anna = Array("anna".utf8)
        #expect(one.masked(anna) == other.masked(anna) && one.masked(anna) != stranger.masked(anna))
        let cursor = try #require(one.sealed("anna"))
        #expect(other.opened(cursor) == "anna" && stranger.opened(cursor) == nil)
    }

    @Test func aShortSecretIsRefused() {
        #expect(SubjectMask(secret: []) == nil)
        #expect(SubjectMask(secret: Array(secret.dropLast())) == nil)
    }

    @Test func whatIsSealedOpensUnderTheSameSecretOnly() throws {
        let mask = try #require(SubjectMask(secret: secret))
        let text = String(repeating: "cursor-", count: 200)
        let sealed = try #require(mask.sealed(text))
        #expect(SubjectMask(secret: secret)?.opened(sealed) == text)
        #expect(SubjectMask().opened(sealed) == nil)
        #expect(!sealed.contains("cursor") && sealed != mask.sealed(text))
        #expect(
            sealed.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || (48...57).contains(byte)
                    || (65...90).contains(byte) || (97...122).contains(byte)
            })
        var changed = Array(sealed.utf8)
        changed[40] = changed[40] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        #expect(mask.opened(String(decoding: changed, as: UTF8.self)) == nil)
        for text in ["", "x", String(sealed.dropLast(4)), String(repeating: "A", count: 100_000)] {
            #expect(mask.opened(text) == nil)
        }
    }
}
