import Policy
import Testing

/// Scalars are those of YAML 1.2's core schema, and JSON has them as its own.
@Suite struct YAMLScalarTests {
    /// A value as JSON, in block and in flow style; nil if it has mistakes.
    private func json(_ value: String) -> [String?] {
        ["x: \(value)\n", "{x: \(value) }"].map { document in
            let reader = YAMLReader(document)
            return reader.root.flatMap { reader.json($0) }
        }
    }

    private func mistake(_ value: String) -> String? {
        let reader = YAMLReader("x: \(value)")
        guard let root = reader.root, reader.json(root) == nil else { return nil }
        return reader.mistakes.map { "\($0.line):\($0.column): \($0.message)" }.joined(separator: "; ")
    }

    @Test(arguments: [
        ("0", "0"), ("12", "12"), ("+12", "12"), ("-12", "-12"), ("012", "12"), ("-012", "-12"), ("00", "0"),
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ("99999999999999999999", "99999999999999999999"),
        ("0x10", "16"), ("0xfF", "255"), ("0o17", "15"), ("0x7fffffffffffffff", "9223372036854775807"),
        ("0x000000000000000000001", "1"),
        // The nearest double, a tie to the even one: 2^64 - 1, 2^63, 2^64 + 2^11 and one more.
        ("0xFFFFFFFFFFFFFFFF", "1.8446744073709552e+19"), ("0o1000000000000000000000", "9.223372036854776e+18"),
        ("0x10000000000000800", "1.8446744073709552e+19"), ("0x10000000000000801", "1.8446744073709556e+19"),
    ])
    func integers(value: String, expected: String) {
        #expect(json(value) == Array(repeating: "{\"x\":\(expected)}", count: 2))
    }

    @Test(arguments: [
        (".5", "0.5"), ("5.", "5.0"), ("+1.5", "1.5"), ("01.5", "1.5"), ("-.5", "-0.5"), ("+.5", "0.5"),
        ("-5.", "-5.0"),
        ("1e3", "1e3"), ("1E+3", "1E+3"), ("5.e3", "5.0e3"), (".5e-3", "0.5e-3"), ("007.50", "7.50"), ("-0.0", "-0.0"),
    ])
    func otherNumbers(value: String, expected: String) {
        #expect(json(value) == Array(repeating: "{\"x\":\(expected)}", count: 2))
    }

    @Test(arguments: [
        "1_000", "0b11", "1:30", "190:20:30", "0X10", "0O17", "-0x10", "+0x10", "0x", "0o8", "0xg", "0x_1", ".", "-.",
        "+",
        "1e", "1e+", ".e3", "e3", "1.5.2", "--1", "1 2", "٣", "NaN", "inf", ".iNf", "+.nan", "-.nan", "2026-01-01",
        "2026-01-01T10:00:00Z", "yes", "Yes", "no", "on", "off", "y", "n", "tRUE", "nULL", "none", "=", "<<",
    ])
    func texts(value: String) {
        #expect(json(value) == Array(repeating: "{\"x\":\"\(value)\"}", count: 2))
    }

    @Test(arguments: ["", "~", "null", "Null", "NULL", "!!null ''", "!!null null"]) func nulls(value: String) {
        #expect(json(value) == Array(repeating: "{\"x\":null}", count: 2))
    }

    @Test(arguments: [
        ("true", "true"), ("True", "true"), ("TRUE", "true"), ("false", "false"), ("False", "false"),
        ("FALSE", "false"),
        ("!!bool \"true\"", "true"),
    ])
    func booleans(value: String, expected: String) {
        #expect(json(value) == Array(repeating: "{\"x\":\(expected)}", count: 2))
    }

    @Test(arguments: ["'5'", "\"5\"", "!!str 5", "! 5", "&a !!str 5", "! &a 5", "&a ! 5", "!<tag:yaml.org,2002:str> 5"])
    func quotedAndTaggedScalarsAreTexts(value: String) {
        #expect(json(value) == Array(repeating: "{\"x\":\"5\"}", count: 2))
    }

    @Test(arguments: [
        ("'true'", "\"true\""), ("\"~\"", "\"~\""), ("!!str ~", "\"~\""), ("''", "\"\""), ("!!str null", "\"null\""),
        ("!!int \"5\"", "5"), ("!!int 0x1F", "31"), ("!!float 5", "5.0"), ("!!float '1e3'", "1e3"), ("&a 5", "5"),
        ("!!seq [1]", "[1]"), ("!!map {a: 1}", "{\"a\":1}"), ("! [1]", "[1]"),
    ])
    func tagsAreHeeded(value: String, expected: String) {
        #expect(json(value) == Array(repeating: "{\"x\":\(expected)}", count: 2))
    }

    @Test func aBlockTextIsAText() {
        let reader = YAMLReader("x: |-\n  5\ny: >-\n  true\n")
        #expect(reader.root.flatMap { reader.json($0) } == "{\"x\":\"5\",\"y\":\"true\"}")
    }

    @Test(arguments: [
        (".inf", "1:4: .inf is no number that JSON knows"), ("-.INF", "1:4: -.INF is no number that JSON knows"),
        ("+.Inf", "1:4: +.Inf is no number that JSON knows"), (".NaN", "1:4: .NaN is no number that JSON knows"),
        (".NAN", "1:4: .NAN is no number that JSON knows"),
        ("!!float .inf", "1:4: .inf is no number that JSON knows"),
        ("!!int abc", "1:4: \"abc\" is no !!int of YAML's core schema"),
        ("!!int 1.5", "1:4: \"1.5\" is no !!int of YAML's core schema"),
        ("!!int .inf", "1:4: \".inf\" is no !!int of YAML's core schema"),
        ("!!bool yes", "1:4: \"yes\" is no !!bool of YAML's core schema"),
        ("!!null 0", "1:4: \"0\" is no !!null of YAML's core schema"),
        ("!!binary aGk=", "1:4: the tag !!binary is not known here: JSON has values of YAML's core schema only"),
        ("!money 5", "1:4: the tag !money is not known here: JSON has values of YAML's core schema only"),
        ("[1, !!set {a}]", "1:8: the tag !!set is not known here: JSON has values of YAML's core schema only"),
        ("!!omap [a: 1]", "1:4: the tag !!omap is not known here: JSON has values of YAML's core schema only"),
    ])
    func whatJSONCannotHaveIsAMistakeWithItsLocation(value: String, expected: String) {
        #expect(mistake(value) == expected)
    }

    @Test func aNumberThatIsMoreThanADoubleHoldsIsAMistake() {
        let digits = "0x" + String(repeating: "f", count: 257)
        #expect(mistake(digits) == "1:4: \(digits.prefix(80)) is no number that JSON knows")
    }

    /// Whole numbers of a policy are the same ones.
    @Test func aPolicysWholeNumbers() throws {
        let text = PolicyDocument.with {
            ($0.version, $0.score) = ("version: 0x10", "score: {base: +100, min: 012, max: 0o777}")
        }
        .replacing("from: 0}", with: "from: 12}")
        let policy = try ScoringPolicy(yaml: text, file: "town.yaml")
        #expect(policy.version == 16)
        #expect([policy.score.base, policy.score.min, policy.score.max] == [100, 12, 511])
        #expect(
            try mistakes(in: PolicyDocument.with { $0.version = "version: 1_000" }) == [
                "2:10: version must be a whole number"
            ])
        #expect(
            try mistakes(in: PolicyDocument.with { $0.version = "version: '3'" }) == [
                "2:10: version must be a whole number, without quotes"
            ])
    }
}
