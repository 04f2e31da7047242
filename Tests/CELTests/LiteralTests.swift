import CEL
import Testing

@Suite struct LiteralTests {
    @Test func numbers() {
        #expect(evaluated("0x7fffffffffffffff") == "9223372036854775807")
        #expect(evaluated("-9223372036854775808") == "-9223372036854775808")
        #expect(evaluated("0xFFu") == "255u")
        #expect(evaluated(".5") == "0.5")
        #expect(evaluated("1e3") == "1000.0")
        #expect(evaluated("-0.0") == "-0.0")
    }

    @Test func numbersThatDoNotFit() {
        #expect(evaluated("9223372036854775808").hasPrefix("error: 1:1"))
        #expect(evaluated("18446744073709551616u").hasPrefix("error: 1:1"))
        #expect(evaluated("1e309").hasPrefix("error: 1:1"))
    }

    @Test func minusBelongsToALiteralOfANumber() {
        #expect(evaluated("-1.0 + 1.0") == "0.0")
        #expect(evaluated("--1") == "1")
        #expect(evaluated("3-1") == "2")
        #expect(evaluated("3 - -1") == "4")
        #expect(evaluated("!-1 || true") == "true")
        #expect(evaluated("!-x || true", ("x", .int(1))).hasPrefix("error: 1:2"))
    }

    @Test func escapes() {
        #expect(evaluated(#"'\x41\u00e9\U0001F431\101\n' == 'Aé🐱A' + '\n'"#) == "true")
        #expect(evaluated(#"b'\xff\377\n' == b'\377\xff' + b'\n'"#) == "true")
        #expect(evaluated(#"r'\n' == '\\n'"#) == "true")
        #expect(evaluated("'''a\n'b''' == 'a\\n\\'b'") == "true")
        #expect(evaluated(#"size(b'é') + size('é')"#) == "3")
    }

    @Test(arguments: [#"'\q'"#, #"'\400'"#, #"'\u12'"#, #"'\ud800'"#, #"'\U00110000'"#, #"b'\u0041'"#, "'a", "'a\nb'"])
    func textThatIsNone(_ source: String) {
        #expect(evaluated(source).hasPrefix("error: 1:"))
    }

    @Test func listsAndMapsMayEndInAComma() {
        #expect(evaluated("[1, 2,]") == "[1, 2]")
        #expect(evaluated("{'a': 1,}") == "{'a': 1}")
        #expect(evaluated("[,]").hasPrefix("error: 1:2"))
    }

    @Test func commentsAndBlanks() {
        #expect(evaluated("1 // one\r\n + \t2 // two") == "3")
    }

    @Test func reservedWordsAreNoNames() {
        #expect(evaluated("for").hasPrefix("error: 1:1"))
        #expect(evaluated("{'for': 1}.for") == "1")
        #expect(evaluated("{'in': 1}.in").hasPrefix("error: 1:11"))
        #expect(evaluated("{'a-b c': 1}.`a-b c`") == "1")
    }
}
