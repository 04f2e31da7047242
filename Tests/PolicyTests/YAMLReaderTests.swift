import Policy
import Randomness
import Testing

/// Documents are YAML 1.2, whatever the library below takes them for.
@Suite struct YAMLReaderTests {
    static let separators = ["\u{85}", "\u{2028}", "\u{2029}"]

    /// A document's values as JSON; nil if there are none.
    private func json(_ text: String) -> String? {
        let reader = YAMLReader(text)
        let json = reader.root.flatMap { reader.json($0) }
        #expect(reader.mistakes.isEmpty, "\(text.debugDescription)")
        return json
    }

    private func mistakes(_ text: String) -> [String] {
        YAMLReader(text).mistakes.map { "\($0.line):\($0.column): \($0.message)" }
    }

    // MARK: Line breaks

    /// What a reviewer sees as a comment is never policy.
    @Test(arguments: separators) func aSeparatorInACommentIsNoLineBreak(separator: String) throws {
        let text = PolicyDocument.with { $0.version = "version: 3 # was 2\(separator)harm-budget: {largest-loss: 60}" }
        let policy = try ScoringPolicy(yaml: text, file: "town.yaml")
        #expect(policy.version == 3)
        #expect(policy.harmBudget == (try ScoringPolicy(yaml: PolicyDocument().text, file: "town.yaml")).harmBudget)
        #expect(json("a: 1 # b\(separator)c: 2\n#\(separator)d: 3\n#\(separator)# e\nf: 4") == "{\"a\":1,\"f\":4}")
    }

    @Test(arguments: separators) func aSeparatorInAQuotedTextIsKept(separator: String) {
        let expected = "{\"a\":\"x\(separator)y  \(separator) z\"}"
        #expect(json("a: \"x\(separator)y  \(separator) z\"") == expected)
        #expect(json("a: 'x\(separator)y  \(separator) z'") == expected)
        #expect(json("{\"a\": \"x\(separator)y  \(separator) z\"}") == expected)
        #expect(json("a: \"\\N\\L\\P\"") == "{\"a\":\"\u{85}\u{2028}\u{2029}\"}")
    }

    @Test(arguments: separators) func aSeparatorElsewhereIsContentToo(separator: String) {
        #expect(json("a: x\(separator)y\nc: 2") == "{\"a\":\"x\(separator)y\",\"c\":2}")
        #expect(json("a\(separator)b: 1") == "{\"a\(separator)b\":1}")
        #expect(json("a: |\n  x\(separator)y\n  z\nb: 1") == "{\"a\":\"x\(separator)y\\nz\\n\",\"b\":1}")
        #expect(json("a: >-\n  x\(separator)y\n  z\nb: 1") == "{\"a\":\"x\(separator)y z\",\"b\":1}")
    }

    @Test(arguments: separators) func aSeparatorMovesNoLocation(separator: String) {
        #expect(mistakes("a: x\(separator)b: 1") == ["1:7: mapping values are not allowed in this context"])
        #expect(mistakes("a: \"\(separator)\" \"x\"") == ["1:8: did not find expected key"])
        #expect(mistakes("# \(separator)\na: 1\na: 2") == ["3:1: the key a stands here for a second time"])
        #expect(
            mistakes("a\(separator): 1\na\(separator): 2") == [
                "2:1: the key a\(separator) stands here for a second time"
            ])
    }

    /// What stands for a separator on the way to the library is nothing that the document can have.
    @Test(arguments: separators) func noCharacterIsTakenForASeparator(separator: String) {
        let all = String(
            String.UnicodeScalarView((0xE000...0xF8FF as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init)))
        #expect(json("a: \"\(separator)\(all)\"") == "{\"a\":\"\(separator)\(all)\"}")
        #expect(
            json("a: \"\(separator)\u{E000}\\uE001\\U0000e002\"") == "{\"a\":\"\(separator)\u{E000}\u{E001}\u{E002}\"}")
    }

    // MARK: JSON

    @Test func aSurrogatePairInAJSONPolicyIsOneCharacter() throws {
        let text = #"""
            {
            	"policy": "town", "version": 1, "score": {"base": 0, "min": 0, "max": 10},
            	"dimensions": {"payment": {}},
            	"rules": [{"id": "paid", "dimension": "payment", "event": "bill\/paid", "points": 1}],
            	"bands": [{"name":"\ud83d\ude00","from":0},{"name":"\uD83D\uDE01","from":5}]
            }
            """#
        let policy = try ScoringPolicy(yaml: text, file: "town.json")
        #expect(policy.bands.map(\.name) == ["😀", "😁"])
        #expect(policy.rules.map { $0.events.map(\.description) } == [["bill/paid"]])
    }

    @Test(arguments: [
        (#""\ud83d\ude00""#, "😀"), (#""a\uD83D\uDE00b""#, "a😀b"), (#""😀\ud83d\ude01""#, "😀😁"),
        (#""\/""#, "/"), (#""\u00e9\u0041""#, "éA"), (#""\U0001F600""#, "😀"),
        // Two backslashes are one, and no escape.
        (#""\\ud83d""#, #"\ud83d"#), (#""\\\ud83d\ude00""#, #"\😀"#),
        // Only double quotes have escapes.
        (#"'\ud83d\ude00'"#, #"\ud83d\ude00"#), (#"\ud83d\ude00"#, #"\ud83d\ude00"#), (#"'\ud83d'"#, #"\ud83d"#),
    ])
    func escapesOfSurrogates(written: String, text: String) throws {
        for document in ["{\"a\": \(written)}", "a: \(written)\n", "a: \(written) # \\ud83d"] {
            let reader = YAMLReader(document)
            let value = try #require(reader.root.flatMap { reader.mapping($0, what: "it", known: nil)?["a"] })
            #expect(reader.string(value, what: "a") == text, "\(document)")
            #expect(reader.mistakes.isEmpty)
        }
    }

    private static let half = "half of a surrogate pair: such a character takes two escapes, as in \\ud83d\\ude00"

    @Test(arguments: [
        (#"{"a": "\ud83d"}"#, ["1:8"]), (#"{"a": "x\ude00y"}"#, ["1:9"]), (#"{"a": "\ude00\ud83d"}"#, ["1:8", "1:14"]),
        (#"{"a": "\ud83d \ude00"}"#, ["1:8", "1:15"]), (#"{"a": "\ud83d\ud83d\ude00"}"#, ["1:8"]),
        (#"{"a": "\ud83d\u0041"}"#, ["1:8"]), ("a: '\\ud83d'\nb: !!str # \\ude00\n  \"é\\ud83d\"", ["3:5"]),
        (#"{"\ud83d": 1}"#, ["1:3"]), ("a: \"\\ud83d\n  \\ude00\"", ["1:5", "2:3"]),
    ])
    func aLoneSurrogateHasItsLocation(document: String, locations: [String]) {
        #expect(mistakes(document) == locations.map { "\($0): \(Self.half)" })
    }

    // MARK: Comments

    @Test(arguments: [
        ("when: \"t\"#u", "1:10"), ("when: 't'#u", "1:10"), ("- \"t\"#u", "1:6"), ("\"t\"#u", "1:4"),
        ("when: \"t\"#u\nb: 1", "1:10"), ("{when: \"t\"#u\n}", "1:11"), ("[\"t\"#u\n]", "1:5"),
        ("\"t\"#u: 1", "1:4"), ("a: [b]#c", "1:7"), ("a: {b: c}#d", "1:10"), ("[a]#b", "1:4"), ("{a: b}#c", "1:7"),
        ("a: &b#c 1", "1:6"), ("a: *b#c", "1:6"), ("a: !!str#c", "1:9"), ("a: !#c", "1:5"),
        ("a: [#b\n  c]", "1:5"), ("a: [b,#c\n  d]", "1:7"), ("{\"a\":#b\n  1}", "1:6"),
        ("a: |#b\n  c", "1:5"), ("a: >-#b\n  c", "1:6"), ("%YAML 1.2#a\n---\nb: 1", "1:10"),
        ("a: \"t\"\u{2028}#u", ""), ("a: [b]\u{A0}#c", ""),
    ])
    func aCommentNeedsWhiteSpaceBeforeIt(document: String, location: String) {
        let found = mistakes(document)
        if location.isEmpty {
            #expect(found.count == 1)
        } else {
            #expect(found == ["\(location): a comment needs white space before its #"])
        }
    }

    @Test func aConditionWithACommentThatIsNoneIsAMistake() throws {
        let text = PolicyDocument.with { $0.perks = "perks:\n- id: bikes\n  when: \"band == 'A'\"#&& false" }
        #expect(try PolicyTests.mistakes(in: text) == ["10:22: a comment needs white space before its #"])
    }

    @Test(arguments: [
        ("a: \"t\" # u", "{\"a\":\"t\"}"), ("a: \"t\"\t#u", "{\"a\":\"t\"}"), ("a: [b] #c\n#d", "{\"a\":[\"b\"]}"),
        ("a: b#c", "{\"a\":\"b#c\"}"), ("a: b #c", "{\"a\":\"b\"}"), ("a: \"b#c\"", "{\"a\":\"b#c\"}"),
        ("a: 'b]#c'", "{\"a\":\"b]#c\"}"), ("a: |\n  [b]#c", "{\"a\":\"[b]#c\"}"), ("a#b: 1", "{\"a#b\":1}"),
        ("[a, # b\n c]", "[\"a\",\"c\"]"), ("a: 1\r# b\rc: 2", "{\"a\":1,\"c\":2}"), ("a: #b", "{\"a\":null}"),
        ("\u{FEFF}# a\nb: 1", "{\"b\":1}"), ("a: 1\n\u{FEFF}# b\n", "{\"a\":1}"),
    ])
    func whatIsACommentAndWhatIsNot(document: String, expected: String) {
        #expect(json(document) == expected)
    }

    // MARK: Other rules of YAML 1.1

    /// YAML 1.2 reads documents that say 1.1 as its own.
    @Test func aDirectiveOf11ChangesNothing() {
        let document = "a: yes\nb: 1:30\nc: 012\nd: 0o17\ne: 1_000\n"
        #expect(json(document) == "{\"a\":\"yes\",\"b\":\"1:30\",\"c\":12,\"d\":15,\"e\":\"1_000\"}")
        #expect(json("%YAML 1.1\n---\n" + document) == json(document))
        #expect(json("%YAML 1.2\n---\n" + document) == json(document))
        #expect(mistakes("%YAML 2.0\n---\n" + document) == ["1:1: found incompatible YAML document"])
    }

    @Test func aMergeKeyAndAnEqualsSignAreKeysLikeAnyOther() throws {
        #expect(json("<<: {a: 1}\n=: 2\na: 3") == "{\"<<\":{\"a\":1},\"=\":2,\"a\":3}")
        #expect(
            try PolicyTests.mistakes(in: PolicyDocument.with { $0.more = "<<: {early: 2 hours}" })
                == ["9:1: unknown key \"<<\" in the policy"])
    }

    @Test(arguments: [
        ("a: 1\n\"a\": 2", "2:1: the key a stands here for a second time"),
        ("{\"\\ud83d\\ude00\": 1, \"😀\": 2}", "1:21: the key 😀 stands here for a second time"),
        ("1: a\n\"1\": b", "2:1: the key 1 stands here for a second time"),
        ("yes: a\n!!str yes: b", "2:1: the key yes stands here for a second time"),
        ("{b: {a: 1, a: 2}}", "1:12: the key a stands here for a second time"),
        ((0..<40).map { "k\($0): 1\n" }.joined() + "k3: 2", "41:1: the key k3 stands here for a second time"),
        ("a: *x", "1:4: found undefined alias: aliases are not supported here"),
        ("a: &x 1\nb: *x", "2:4: \"*x\": aliases are not supported here"),
        ("&x [1, *x]", "1:8: \"*x\": aliases are not supported here"),
        ("a: 1\nb: \"x\nc: 2\n", "2:4: this quoted text has no closing quote"),
        ("a: 1\nb: {c: 'x}\nd: 2\n", "2:8: this quoted text has no closing quote"),
        ("a: 1\nb:2\nc: 3", "2:1: this line is no key: a key is followed by a colon and a space"),
        (
            "a: 1\n  b: 2",
            "2:4: mapping values are not allowed in this context: this line is indented unlike the one above it"
        ),
        ("a: 1\n---\nb: 2", "2:1: but found another document"),
        (
            "a:\n  - \"b\"\n  \"c\"\nd: 1",
            "3:3: this line is neither a key, with a colon and a space after it, nor a list's item, with - and a space before it"
        ),
        ("a: b\n\tc: 1", "2:1: found a tab character that violates indentation: indent with spaces, not tabs"),
        ("a:\n\tb: 1", "2:1: found character that cannot start any token: indent with spaces, not tabs"),
        ("é: \u{7F}", "1:4: control characters are not allowed (U+7F)"),
        ("a: 1\r\u{1}", "2:1: control characters are not allowed (U+1)"),
    ])
    func whatIsRefusedHasItsLocation(document: String, mistake: String) {
        #expect(mistakes(document) == [mistake])
    }

    @Test func theSignsOfAliasesInQuotesAreText() {
        #expect(json("a: '&b *b'\nc: &b 1") == "{\"a\":\"&b *b\",\"c\":1}")
    }

    @Test(arguments: ["a,", "{a: b},", "[],"])
    func aDocumentOfTooManyValuesIsRefused(item: String) {
        let text = "a: [" + String(repeating: item, count: 1_000_000 / item.utf8.count) + "]"
        #expect(mistakes(text).map { $0.hasSuffix("the document has more than 200000 values") } == [true])
    }

    @Test(arguments: ["[", "{a: "])
    func aDocumentOfTooManyLevelsIsRefused(opening: String) {
        let text = String(repeating: opening, count: 200_000)
        let message = "there are more than 100 lists and mappings in each other"
        #expect(mistakes(text).map { $0.hasSuffix(message) } == [true])
    }

    @Test func tabsThatSeparateAreWhiteSpace() {
        #expect(json("a:\t1\t# b") == "{\"a\":1}")
        #expect(json("{\n\t\"a\":\t1\n}") == "{\"a\":1}")
    }

    // MARK: Bytes

    private static let badBytes: [(bytes: [UInt8], expected: String)] = [
        (bytes("a: 1\nb: é", 0xE4, 0x20), "2:5: error: the byte 0xE4 is not UTF-8: save the file as UTF-8"),
        (bytes("a: 1\r\nxy", 0xC3), "2:3: error: the byte 0xC3 is not UTF-8: save the file as UTF-8"),
        ([0xEF, 0xBB, 0xBF, 0x61, 0xFF], "1:2: error: the byte 0xFF is not UTF-8: save the file as UTF-8"),
        // A surrogate, and a character in more bytes than it needs.
        (bytes("a: ", 0xED, 0xA0, 0x80), "1:4: error: the byte 0xED is not UTF-8: save the file as UTF-8"),
        (bytes("a: b", 0xC0, 0xAF), "1:5: error: the byte 0xC0 is not UTF-8: save the file as UTF-8"),
        ([0xFF, 0xFE, 0x61, 0x00], "1:1: error: the file is UTF-16 or UTF-32: save it as UTF-8"),
        ([0xFE, 0xFF, 0x00, 0x61], "1:1: error: the file is UTF-16 or UTF-32: save it as UTF-8"),
        ([0x61, 0x00, 0x3A, 0x00], "1:1: error: the file is UTF-16 or UTF-32: save it as UTF-8"),
        ([0x00, 0x61, 0x00, 0x3A], "1:1: error: the file is UTF-16 or UTF-32: save it as UTF-8"),
        ([0x00, 0x00, 0xFE, 0xFF], "1:1: error: the file is UTF-16 or UTF-32: save it as UTF-8"),
    ]

    private static func bytes(_ text: String, _ more: UInt8...) -> [UInt8] { Array(text.utf8) + more }

    @Test(arguments: badBytes)
    func bytesThatAreNotUTF8AreNamedWithTheirLocation(bytes: [UInt8], expected: String) {
        let error = #expect(throws: YAMLMistakes.self) { try YAMLReader.text(of: bytes, file: "town.yaml") }
        #expect(error?.description == "town.yaml:" + expected)
    }

    @Test func aByteOrderMarkOfUTF8IsNoPartOfTheDocument() throws {
        let text = try YAMLReader.text(of: [0xEF, 0xBB, 0xBF] + Array(PolicyDocument().text.utf8), file: "town.yaml")
        #expect(try PolicyTests.mistakes(in: text) == [])
        #expect(try YAMLReader.text(of: [], file: "town.yaml") == "")
    }

    /// As a ledger's policies were always read.
    @Test(arguments: [
        ("a: \u{FEFF}e", "{\"a\":\"e\"}"), ("a: '\u{FEFF}e'", "{\"a\":\"e\"}"), ("a: \"\u{FEFF}e\"", "{\"a\":\"e\"}"),
        ("a: \"\\ufeffe\"", "{\"a\":\"e\"}"), ("a: |-\n  \u{FEFF}e", "{\"a\":\"e\"}"), ("'\u{FEFF}a': 1", "{\"a\":1}"),
        ("a: '\u{FEFF}\u{FEFF}e'", "{\"a\":\"\u{FEFF}e\"}"), ("a: 'e\u{FEFF}'", "{\"a\":\"e\u{FEFF}\"}"),
    ])
    func aByteOrderMarkAtTheBeginOfATextIsDropped(document: String, expected: String) {
        #expect(json(document).map { Array($0.utf8) } == Array(expected.utf8))
    }

    // MARK: Any text

    private static let pieces: [String] =
        separators + [
            "a", "b ", " ", "\t", "#", " #", "\"", "'", "\\", "\\u", "d83d", "\\ude00", "\\n", ":", ": ", ",", "[", "]",
            "{", "}", "- ", "?", "!", "!!str ", "|", ">", "%", "@", "`", "~", "é", "😀", "\u{E000}", "\u{F8FF}",
            "\u{10FFFF}", "\u{A0}",
        ]

    private static func text(_ random: inout Seeded) -> String {
        (0..<random.below(12)).map { _ in pieces[random.below(pieces.count)] }.joined()
    }

    /// As JSON writes it, some characters by escapes.
    private static func json(_ text: String, _ random: inout Seeded) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch random.below(3) {
            case 0:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: random.below(2) == 0)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default:
                if scalar == "\"" || scalar == "\\" { result += "\\" }
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    @Test func everyTextIsReadAsItIsWritten() throws {
        var fuzz = Fuzz("yaml texts", count: 2000)
        var random = Seeded(fuzz.seed)
        for _ in 0..<fuzz.count {
            let texts = (0..<3).map { _ in Self.text(&random) }
            let single = "'" + texts[1].replacing("'", with: "''") + "'"
            let document = """
                # \(Self.text(&random))
                a: \(Self.json(texts[0], &random))\t# \(Self.text(&random))
                b: {"c": \(single), "d":\(Self.json(texts[2], &random))} # \(Self.text(&random))
                """
            try fuzz.run(document) {
                let reader = YAMLReader(document)
                let root = try #require(reader.root, "\(document.debugDescription): \(reader.mistakes)")
                let outer = reader.mapping(root, what: "it", known: ["a", "b"])
                let inner = outer?["b"].flatMap { reader.mapping($0, what: "b", known: ["c", "d"]) }
                let read = [outer?["a"], inner?["c"], inner?["d"]].map { value in
                    value.flatMap { reader.string($0, what: "text") }.map { Array($0.utf8) }
                }
                #expect(read == texts.map { Array($0.utf8) }, "\(document.debugDescription)")
                #expect(reader.mistakes.isEmpty, "\(document.debugDescription)")
            }
        }
        fuzz.report("all read back")
    }
}
