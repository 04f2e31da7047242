import CEL
import Testing

@Suite struct FunctionTests {
    @Test func conversions() {
        #expect(evaluated("int('-9223372036854775808')") == "-9223372036854775808")
        #expect(evaluated("[int(1.9), int(-1.9), int(2u)]") == "[1, -1, 2]")
        #expect(evaluated("[uint('7'), uint(7.9)]") == "[7u, 7u]")
        #expect(evaluated("[string(1.5), string(true), string(b'a'), string(7u)]") == "['1.5', 'true', 'a', '7']")
        #expect(evaluated("type(type(1)) == type && type([]) == list && type(null) == null_type") == "true")
        #expect(evaluated("double('1e3') + double(1)") == "1001.0")
    }

    @Test(arguments: ["int('')", "int('1 ')", "int('+')", "uint('-1')", "int(1e19)", "bool('yes')", "string(b'\\xff')"])
    func conversionsThatFail(_ source: String) {
        #expect(evaluated(source).hasPrefix("error: "))
    }

    @Test func texts() {
        #expect(evaluated("'añb'.size() + size(b'añb')") == "7")
        #expect(evaluated("'abcabd'.contains('abd') && !'abcabc'.contains('abd') && 'a'.contains('')") == "true")
        #expect(evaluated("'abc'.startsWith('ab') && 'abc'.endsWith('bc') && !'b'.endsWith('ab')") == "true")
        #expect(evaluated("'grey'.matches('gr[ae]y') && matches('x', '^.$')") == "true")
        #expect(evaluated("'a'.matches(p)", ("p", .string(Text("(")))) == "error: \(EvaluationError.badPattern)")
    }

    @Test func partsOfTimes() {
        let time = "timestamp('2026-01-02T03:04:05.678Z')"
        #expect(evaluated("[\(time).getMonth(), \(time).getDate(), \(time).getDayOfMonth()]") == "[0, 2, 1]")
        #expect(evaluated("\(time).getHours('+02:30')") == "5")
        #expect(evaluated("\(time).getFullYear('America/New_York')") == "2026")
        #expect(evaluated("\(time).getHours('Nowhere')") == "error: \(EvaluationError.badTimeZone)")
        let early = "timestamp('1950-01-02T03:04:05Z')"
        #expect(evaluated("\(early).getHours('Europe/Paris')") == "error: \(EvaluationError.badTimeZone)")
        #expect(evaluated("\(early).getHours('UTC')") == "3")
        #expect(evaluated("duration('90m').getHours() + duration('1.5s').getMilliseconds()") == "501")
        #expect(evaluated("\(time) - timestamp('2026-01-01T03:04:05.678Z') == duration('24h')") == "true")
    }
}
