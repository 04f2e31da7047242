import Randomness
import Testing

@testable import Pipeline

struct ChangeTokenTests {
    @Test func aTokenIsItsText() throws {
        var token = ChangeToken()
        #expect(token.text == "" && ChangeToken("") == token)
        (token[7], token[0], token[3]) = (1, 88, 4711)
        #expect(token.text == "0.88-3.4711-7.1")
        #expect(ChangeToken(token.text) == token)
        (token[3], token[7]) = (4712, nil)
        #expect(token.text == "0.88-3.4712" && token[3] == 4712 && token[7] == nil)
    }

    @Test(arguments: [
        "0", "0.", ".1", "0.1-", "-0.1", "0.1--1.1", "0.0", "00.1", "0.01", "+0.1", "0.+1", "0.-1", "0.1.1", "1.1-0.1",
        "0.1-0.2", "2147483648.1", "0.9223372036854775808", "0.1000000000000000000", "0.1 ", " 0.1", "0.1\n", "a.1",
        "٣.1",
        "0x1.1", "0.1,1.1",
    ]) func everythingElseIsRefused(_ text: String) { #expect(ChangeToken(text) == nil) }

    @Test func aTokenIsBounded() {
        let long = (0..<1000).map { "\($0).1000000000" }.joined(separator: "-")
        #expect(long.utf8.count > ChangeToken.maximumBytes && ChangeToken(long) == nil)
        let most = (0..<500).map { "\($0).1000000000" }.joined(separator: "-")
        #expect(ChangeToken(most)?.text == most)
    }

    /// Whatever is sent is refused, or is exactly what a token writes.
    @Test func nothingThatIsSentIsTakenForAnotherToken() {
        var fuzz = Fuzz("change token", count: 5000, long: 1_000_000)
        let letters = Array("0123456789.-.-.- +,xé".unicodeScalars)
        for seed in 0..<fuzz.count {
            var random = Seeded(fuzz.seed &+ UInt64(seed))
            var text = String.UnicodeScalarView()
            if random.below(2) == 0 {
                for _ in 0..<random.below(25) { text.append(letters[random.below(letters.count)]) }
            } else {
                text.append(contentsOf: "0.12-3.45-12.678".unicodeScalars)
                let index = text.index(text.startIndex, offsetBy: random.below(text.count))
                text.replaceSubrange(index...index, with: [letters[random.below(letters.count)]])
            }
            let sent = String(text)
            fuzz.run(sent) {
                guard let token = ChangeToken(sent) else { return }
                #expect(token.text == sent)
                #expect(zip(token.positions, token.positions.dropFirst()).allSatisfy { $0.partition < $1.partition })
                #expect(token.positions.allSatisfy { $0.partition >= 0 && $0.count > 0 })
            }
        }
        fuzz.report("")
    }
}
