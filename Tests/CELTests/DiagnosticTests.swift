import CEL
import Testing

@Suite struct DiagnosticTests {
    var town = Town()

    @Test mutating func misspeltNamesAreSuggested() {
        #expect(town.diagnostics("pionts > 0") == "1:1: error: unknown name 'pionts'; did you mean 'points'?")
        #expect(
            town.diagnostics("dimension.paymnet > 0")
                == "1:11: error: 'dimension' has no field 'paymnet'; did you mean 'payment'?")
        #expect(
            town.diagnostics("kind.startWith('a')")
                == "1:6: error: unknown function 'startWith'; did you mean 'startsWith'?")
        #expect(town.diagnostics("elsewhere") == "1:1: error: unknown name 'elsewhere'")
        #expect(town.diagnostics("True || kind == 'a'") == "1:1: error: unknown name 'True'; did you mean 'true'?")
        #expect(town.diagnostics("kim == 'a'") == "1:1: error: unknown name 'kim'")
        #expect(
            town.diagnostics("data.x.exist(1, 2)")
                == "1:8: error: unknown function 'exist'; did you mean 'exists'?")
        #expect(
            town.diagnostics("data.x.map(y)")
                == "1:8: error: 'map' is called as list.map(x, value) or list.map(x, condition, value)")
        #expect(town.diagnostics("has(data.x, 1)") == "1:1: error: 'has' is called as has(a.b)")
    }

    @Test mutating func certainTypeErrors() {
        #expect(
            town.diagnostics("points + 1.0")
                == "1:8: error: no overload of + for int and double; convert one of them")
        #expect(
            town.diagnostics("1.5 % 2.0")
                == "1:5: error: no overload of % for double and double: it is for int and uint")
        #expect(town.diagnostics("kind < 3") == "1:6: error: no overload of < for string and int")
        #expect(town.diagnostics("kind == 3") == "1:6: error: a string never equals an int: '==' is always false")
        #expect(town.diagnostics("points && true") == "1:1: error: an operand of && is a bool, not an int")
        #expect(town.diagnostics("points.size()") == "1:8: error: no overload of 'size' for (int)")
        #expect(town.diagnostics("points.x") == "1:8: error: an int has no fields")
        #expect(town.diagnostics("time > '2026-01-01'").hasPrefix("1:6: error: no overload of >"))
        #expect(town.diagnostics("size(kind, kind)").hasPrefix("1:1: error: no overload of 'size'"))
        #expect(town.diagnostics("contains(kind, 'a')") == "1:1: error: 'contains' is called as value.contains(…)")
    }

    @Test mutating func whatMayBeRightIsLeftAlone() {
        for source in [
            "data.a + data.b > 1", "points >= 1.5", "data.x == 3 && data.x == 'a'", "kind == null", "data.a.b.c",
            "time + duration('1h') > time", "data.list.exists(x, x.y > 1)", "data[kind]", "points > 0 ? 1 : 'a'",
        ] {
            #expect(town.diagnostics(source) == "", "\(source)")
        }
    }

    @Test mutating func aPatternThatIsNoneIsAMistake() {
        #expect(town.diagnostics("kind.matches('a(')").hasPrefix("1:14: error: bad pattern at its byte "))
    }

    @Test(arguments: [
        ("1 / 0", "1:3: error: always an error: division by zero"),
        ("points > 10 % 0", "1:13: error: always an error: division by zero"),
        ("[1, 2][2]", "1:7: error: always an error: index out of range"),
        ("{'a': 1}.b == points", "1:10: error: always an error: no such key"),
        ("points + 9223372036854775807 + 1 > 0", ""),
        (
            "points > 9223372036854775807 + 1",
            "1:30: error: always an error: integer, timestamp or duration out of range"
        ),
        ("time > timestamp('yesterday')", "1:8: error: always an error: the value cannot be converted"),
        ("time.getHours(\"Mars\") > 1", ""),
        ("data.x in {'a': 1, 'a': 2}", "1:11: error: always an error: a map has the same key twice"),
    ])
    func constantsWhoseValuesFailAreWarnedOf(source: String, warning: String) throws {
        var town = Town()
        let expression = try town.compile(source)
        #expect(expression.diagnostics == [])
        #expect(expression.warnings.map(\.description).joined(separator: "\n") == warning)
    }

    @Test mutating func aRecordIsUsedByItsFields() {
        #expect(
            town.diagnostics("size(dimension)")
                == "1:6: error: 'dimension' is used by its fields: dimension.payment, dimension.conduct")
    }

    @Test mutating func placesCountScalarsAndLines() {
        #expect(town.diagnostics("'é🐱' + 1").hasPrefix("1:6: error: "))
        #expect(town.diagnostics("points > 0 &&\n\tnobody").hasPrefix("2:2: error: "))
        #expect(town.diagnostics("points >").hasPrefix("1:9: error: expected a value, not the end"))
        #expect(town.diagnostics("points = 1").hasPrefix("1:8: error: '=' is no operator: '==' was meant?"))
        #expect(town.diagnostics("") == "1:1: error: there is no expression")
    }

    @Test mutating func diagnosticsShowTheirLine() throws {
        let source = "points > 0 &&\n\t nobody"
        let error = try #require(try town.compile(source).diagnostics.first)
        #expect(
            error.diagnostic(source: source, name: "card.yaml")
                == "card.yaml:2:3: error: unknown name 'nobody'\n\t nobody\n\t ^")
        #expect(error.diagnostic(source: "x", name: nil) == "2:3: error: unknown name 'nobody'\n\n^")
    }

    @Test mutating func whatIsInvisibleIsShownByNumber() throws {
        #expect(town.diagnostics("1 \u{A0}+ 1") == "1:3: error: unexpected U+00A0")
        #expect(town.diagnostics("\u{1B}") == "1:1: error: unexpected U+001B")
        #expect(town.diagnostics("é") == "1:1: error: unexpected 'é'")
        #expect(
            town.diagnostics("dimension['pay\u{200B}ment']")
                .hasPrefix("1:11: error: 'dimension' has no field 'payU+200Bment'"))
        let error = ExpressionError(line: 1, column: 4, message: "m")
        #expect(
            error.diagnostic(source: "\ta\u{1B}b\u{202E}c\r\nd")
                == "1:4: error: m\n\ta\u{FFFD}b\u{FFFD}c\n\t  ^")
    }

    @Test mutating func thereAreOnlySoMany() throws {
        let source = Array(repeating: "nobody", count: 500).joined(separator: " || ")
        #expect(try town.compile(source).diagnostics.count == Limit.diagnostics)
    }

    /// What happened, unless a diagnostic says more of it; with its location, as of what is no expression.
    @Test func anErrorIsWhatHappened() {
        #expect(
            evaluated("points / 0 > 0 || points > 0 || nothing.x", ("points", .int(0))).hasSuffix("division by zero"))
        #expect(evaluated("nothing > 0 || 1 / 0 > 0") == "error: 1:1: error: unknown name 'nothing'")
        #expect(evaluated("1 + 1.0").hasPrefix("error: 1:3: error: no overload of +"))
        #expect(evaluated("points == 'a' && points / 0 == 1", ("points", .int(0))) == "false")
        #expect(evaluated("points != 'a' && points / 0 == 1", ("points", .int(0))) == "error: division by zero")
    }
}
