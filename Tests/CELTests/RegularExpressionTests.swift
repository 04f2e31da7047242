import Testing

@testable import CEL

func compiled(
    _ pattern: String, tableWork: Int = RegularExpression.maximumTableWork
) throws(RegularExpressionError) -> RegularExpression {
    try compiled(Array(pattern.utf8), tableWork: tableWork)
}

func compiled(
    _ pattern: [UInt8], tableWork: Int = RegularExpression.maximumTableWork
) throws(RegularExpressionError) -> RegularExpression {
    try pattern.withUnsafeBytes { bytes in
        Result<RegularExpression, RegularExpressionError> { () throws(RegularExpressionError) in
            var classWork = RegularExpression.maximumClassWork
            return try RegularExpression(bytes, classWork: &classWork, tableWork: tableWork)
        }
    }.get()
}

extension RegularExpression {
    func matches(_ text: String) -> Bool { Array(text.utf8).withUnsafeBytes { matches($0) } }
    func matches(_ text: [UInt8]) -> Bool { text.withUnsafeBytes { matches($0) } }
}

@Suite struct RegularExpressionTests {
    /// Pattern, texts it matches, texts it does not. The answers are RE2's.
    @Test(
        arguments: [
            ("ubb", ["hubba"], ["hub", ""]), ("", ["", "cows"], []), ("gr(a|e)y", ["grey", "gray"], ["groy"]),
            ("ba(na)*", ["banana", "ba"], ["b"]), ("a+ñ+a+", ["mañana"], ["manana"]),
            ("(a|\u{1F600}){2}", ["\u{1F431}\u{1F600}\u{1F600}"], ["\u{1F600}"]),
            ("^foo|bar$", ["foox", "xbar"], ["xfoo", "barx"]),
            ("^.$", ["é", "\u{1F431}"], ["", "ab", "\n"]), ("(?s)^.$", ["\n"], []), ("a.b", ["axb"], ["a\nb"]),
            ("(?m)^b$", ["a\nb\nc"], ["abc"]), ("^b$", ["b"], ["a\nb", "b\n"]), ("\\Ab\\z", ["b"], ["ab", "b\n"]),
            ("(?m)^$", ["", "a\n", "\n\na"], ["a"]), ("\\bcat\\b", ["a cat.", "cat"], ["cats", "concat", "_cat"]),
            ("\\Bcat", ["concat"], ["cat"]), ("\\b", ["a"], ["", " é "]), ("\\B", ["", "é", "ab"], ["a"]),
            ("x{2}", ["xx"], ["x"]), ("^x{2,}$", ["xx", "xxxx"], ["x"]), ("^x{2,3}$", ["xx", "xxx"], ["x", "xxxx"]),
            ("^x{0}$", [""], ["x"]), ("x{,2}", ["x{,2}"], ["xx"]), ("x{", ["x{"], ["x"]), ("x{02}", ["x{02}"], ["xx"]),
            ("a*?b+?c??", ["b"], ["a"]), ("(?U)a*b", ["b"], ["a"]), ("(a*)*b", ["b", "aab"], ["aa"]),
            ("(|a)*b", ["aab"], ["a"]), ("(?i)straSSe", ["STRASSE", "strasse", "ſtraſse"], ["straße"]),
            ("(?i)k", ["K", "k", "\u{212A}"], ["ж"]), ("(?i)[^k]", ["x"], ["K\u{212A}"]), ("(?i)σ", ["Σ", "ς"], ["s"]),
            ("(?i)i", ["I"], ["\u{130}", "\u{131}"]), ("(?i)\\w", ["ſ"], ["é"]), ("\\w", ["_"], ["ſ"]),
            ("(?i:a)b", ["Ab"], ["AB"]), ("(a(?i)b)c", ["aBc"], ["aBC", "Abc"]), ("(?i)a(?-i)b", ["Ab"], ["aB"]),
            ("[a-c]", ["b"], ["d"]), ("[^a-c]", ["d", "\n"], ["abc"]), ("[]a]", ["]"], ["b"]), ("[^]a]", ["b"], ["]a"]),
            ("[a-]", ["-"], ["b"]), ("[-a]", ["-"], ["b"]), ("[a\\]b]", ["]"], ["c"]),
            ("[\\d-z]", ["5", "-", "z"], ["a"]),
            ("[[:alpha:]_]", ["x", "_"], ["1"]), ("[[:^alpha:]]", ["1"], ["x"]), ("[^[:alpha:]]", ["1"], ["x"]),
            ("[[:word:]]", ["_"], ["-"]), ("[[:alpha]", ["["], ["]"]), ("\\d+\\.\\d\\d", ["3.14"], ["3.1", "٣.١٤"]),
            ("^\\s$", [" ", "\t", "\u{0C}"], ["\u{0B}", "\u{A0}"]), ("\\S", ["\u{0B}"], [" "]), ("\\D", ["é"], ["1"]),
            ("\\pL", ["é", "漢"], ["1"]), ("\\p{Lu}", ["É"], ["é"]), ("\\P{Lu}", ["é"], ["É"]),
            ("\\p{^Lu}", ["é"], ["É"]),
            ("[\\pN\\p{Sc}]", ["€", "½"], ["a"]), ("(?i)\\p{Lu}", ["é"], ["1"]), ("\\p{Any}", ["a"], [""]),
            ("\\x41\\x{e9}\\101", ["AéA"], ["A"]), ("\\x{1F431}", ["\u{1F431}"], ["a"]),
            ("\\Qa*b\\E+", ["a*bb"], ["aab"]),
            ("\\Q\\Q", ["\\Q"], ["Q"]), ("\\n\\t\\r\\a\\f\\v", ["\n\t\r\u{07}\u{0C}\u{0B}"], [""]),
            ("\\.\\_\\-", ["._-"], ["a"]),
            ("(?P<name>a)(?<other>b)(?:c)", ["abc"], ["ab"]), ("a||b", ["", "x"], []), ("()|", [""], []),
            ("(?)a", ["a"], ["b"]),
            ("^*a", ["a"], ["b"]), ("a(?i)*b", ["b", "aaB"], ["a"]), ("[^\\x00-\\x{10FFFF}]", [], ["a", ""]),
            ("^[a-z0-9._%+-]+@[a-z0-9.-]+\\.[a-z]{2,}$", ["a.b@c.de"], ["a@b", "a@b.c", "@b.cd"]),
        ] as [(String, [String], [String])])
    func answers(_ pattern: String, _ matching: [String], _ other: [String]) throws {
        for work in [RegularExpression.maximumTableWork, 0] {
            let expression = try compiled(pattern, tableWork: work)
            for text in matching { #expect(expression.matches(text), "\(pattern) on \(text)") }
            for text in other { #expect(!expression.matches(text), "\(pattern) on \(text)") }
        }
    }

    @Test(
        arguments: [
            ("a**", 1), ("a*+", 1), ("a{2}{3}", 1), ("*a", 0), ("a|*", 2), ("(*)", 1), ("(?i)*", 4), ("(a", 0),
            ("x(a(b)", 1),
            ("a)", 1), ("[a", 0), ("x[a-", 1), ("[b-a]", 1), ("[[:foo:]]", 1), ("a\\", 1), ("\\1", 0), ("(a)\\1", 3),
            ("\\8", 0), ("\\k<n>", 0), ("\\q", 0), ("\\Z", 0), ("\\C", 0), ("\\xg1", 0), ("\\x{110000}", 0),
            ("\\x{}", 0),
            ("\\x{41", 0), ("\\p{Greek}", 0), ("\\pX", 0), ("\\p", 0), ("\\p{L", 0), ("(?=a)", 0), ("(?!a)", 0),
            ("(?<=a)", 0),
            ("(?<!a)", 0), ("(?>a)", 0), ("(?#a)", 0), ("(?P=n)", 0), ("(?P<n", 0), ("(?P<>a)", 4), ("(?P<a-b>a)", 5),
            ("(?z)", 0), ("(?i-)", 0), ("(?--i)", 0), ("(?i", 0), ("a{1001}", 1), ("a{2,1}", 1), ("a{0,1001}", 1),
            ("(a{500}){3}", 8), ("((a{100}){100}){100}", 9), ("\\é", 0),
        ] as [(String, Int)])
    func refuses(_ pattern: String, _ offset: Int) {
        do throws(RegularExpressionError) {
            _ = try compiled(pattern)
            Issue.record("\(pattern) is taken")
        } catch {
            #expect(error.offset == offset, "\(pattern): \(error.message)")
        }
    }

    @Test func refusesPatternsThatAreNotUTF8() {
        #expect(throws: RegularExpressionError.self) { try compiled([0x61, 0xFF]) }
        #expect(throws: RegularExpressionError.self) { try compiled([0xED, 0xA0, 0x80]) }
        #expect(throws: Never.self) { try compiled("\u{FFFD}") }
    }

    @Test func badBytesOfTheTextAreReplacements() throws {
        for work in [RegularExpression.maximumTableWork, 0] {
            let one = try compiled("^.$", tableWork: work)
            let two = try compiled("^\u{FFFD}{2}$", tableWork: work)
            for bytes in [[0xFF], [0xC3], [0x80]] as [[UInt8]] { #expect(one.matches(bytes)) }
            for bytes in [[0xC0, 0x80], [0xE2, 0x82], [0xC3, 0xFF], [0xF5, 0x80]] as [[UInt8]] {
                #expect(two.matches(bytes))
            }
            #expect(try compiled("^\u{FFFD}{3}$", tableWork: work).matches([0xED, 0xA0, 0x80]))
            #expect(try compiled("^\u{FFFD}a$", tableWork: work).matches([0xE2, 0x61]))
        }
    }

    // MARK: Limits

    /// Each would take longer than the universe has, had it to be tried out; all of them within a second.
    @Test func patternsThatDefeatBacktracking() throws {
        let start = ContinuousClock.now
        let text = String(repeating: "a", count: 20_000)
        for pattern in [
            "(a*)*b", "(a+a+)+b", "(a|a)*b", "(a|aa)+b", "(.*)*b", "(.*){1,30}b", "((a*)*)*b", "(a?){50}a{50}b",
            "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y",
        ] {
            #expect(try !compiled(pattern).matches(text), "\(pattern)")
            #expect(try !compiled(pattern, tableWork: 0).matches(text.prefix(500).description), "\(pattern)")
        }
        #expect(start.duration(to: .now) < .seconds(20))
    }

    @Test func tooLargePatternsAreRefusedAtOnce() {
        let start = ContinuousClock.now
        let many = String(repeating: "(?i)é", count: 40)
        for pattern in [
            String(repeating: "a", count: RegularExpression.maximumPatternLength + 1),
            String(repeating: "a", count: RegularExpression.maximumProgramSize),
            "(" + String(repeating: "a", count: 100) + "){1000}",
            "(((a{10}){10}){10}b{30}){10}", String(repeating: "[\\pL_]", count: 9000), "(" + many + "){999}",
            String(repeating: "(a{1000})", count: 100), "(" + String(repeating: "a?", count: 200) + "){0,1000}",
            "[" + String(repeating: "\\pL", count: 5000) + "]",
        ] {
            #expect(throws: RegularExpressionError.self, "\(pattern.prefix(20))") { try compiled(pattern) }
        }
        #expect(start.duration(to: .now) < .seconds(20))
    }

    @Test func deepNestingNeedsNoStack() throws {
        let depth = 15_000
        let groups = String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
        #expect(try compiled(groups).matches("a"))
        let stars = String(repeating: "(", count: depth) + "a" + String(repeating: ")*", count: depth)
        #expect(try compiled(stars).matches("b"))
        let alternatives = String(repeating: "(a|", count: depth / 2) + "b" + String(repeating: ")", count: depth / 2)
        #expect(try compiled(alternatives).matches("b"))
        #expect(throws: RegularExpressionError.self) { try compiled(String(repeating: "(", count: 60_000)) }
        #expect(try compiled(String(repeating: "(){1000}", count: 8000)).matches(""))
    }

    /// So many states that there is no table.
    @Test func patternsWithoutATableAreSimulated() throws {
        let expression = try compiled("[ab]*a[ab]{14}c")
        #expect(expression.table == nil)
        #expect(expression.matches("bbab" + String(repeating: "b", count: 13) + "c"))
        #expect(!expression.matches("bbab" + String(repeating: "b", count: 12) + "c"))
        #expect(try compiled("refund|chargeback").table != nil)
    }
}
