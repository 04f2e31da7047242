import CEL
import Testing

@Suite struct OperatorTests {
    @Test func precedence() {
        #expect(evaluated("1 + 2 * 3 - 4 / 2 % 3") == "5")
        #expect(evaluated("true || false && false") == "true")
        #expect(evaluated("!true || 1 < 2 == true") == "true")
        #expect(evaluated("false ? 1 : true ? 2 : 3") == "2")
    }

    @Test func numbersOfAllTypesCompare() {
        #expect(evaluated("dyn(1) == 1u && dyn(1u) == 1.0 && 1 < 1.5 && 2u > 1 && 1.0 <= 1u") == "true")
        #expect(evaluated("dyn(-1) < 18446744073709551615u") == "true")
        #expect(evaluated("1u in [1.0] && 1.0 in {1: true} && {1u: 2}[1] == 2") == "true")
    }

    @Test func notANumberEqualsNothing() {
        #expect(evaluated("0.0 / 0.0 == 0.0 / 0.0") == "false")
        #expect(evaluated("0.0 / 0.0 != 0.0 / 0.0") == "true")
        #expect(evaluated("0.0 / 0.0 < 1.0 || 0.0 / 0.0 >= 1.0") == "false")
    }

    @Test func unlikeValuesAreUnequal() {
        #expect(evaluated("dyn('1') == 1 || dyn(null) == false || dyn([]) == {}") == "false")
        #expect(evaluated("[1, [2.0]] == [1u, [2]]") == "true")
        #expect(evaluated("{'a': 1, 'b': 2} == {'b': 2.0, 'a': 1u}") == "true")
    }

    @Test func errorsAreAbsorbedFromBothSides() {
        #expect(evaluated("1 / 0 > 0 || true") == "true")
        #expect(evaluated("false && nothing") == "false")
        #expect(evaluated("nothing && false") == "false")
        #expect(evaluated("1 / 0 > 0 && true") == "error: division by zero")
        #expect(evaluated("[1, 0].exists(x, 1 / x > 5 || x == 0)") == "true")
        #expect(evaluated("[0, 1].all(x, 1 / x > 5)") == "false")
    }

    @Test func overflowIsAnError() {
        for source in [
            "9223372036854775807 + 1", "-9223372036854775808 - 1", "9223372036854775807 * 2", "-(-9223372036854775808)",
            "-9223372036854775808 / -1", "-9223372036854775808 % -1", "0u - 1u", "1 % 0",
            "timestamp('9999-12-31T23:59:59Z') + duration('1s')",
        ] {
            #expect(evaluated(source).hasPrefix("error: "), "\(source)")
        }
    }

    @Test func textIsOrderedByCodePoints() {
        #expect(evaluated("'\u{FFFD}' < '\u{10000}' && 'Z' < 'a' && 'a' < 'aa'") == "true")
    }

    @Test func macros() {
        #expect(evaluated("[1, 2, 3].map(x, x > 1, x * x)") == "[4, 9]")
        #expect(evaluated("{'b': 1, 'a': 2}.map(k, k)") == "['b', 'a']")
        #expect(evaluated("[1, 2].map(x, [3, 4].map(y, x * y))") == "[[3, 4], [6, 8]]")
        #expect(evaluated("[1, 2].map(x, [x].map(x, x + 1)[0] + x)") == "[3, 5]")
        #expect(evaluated("[5, 6].exists_one(x, x == 5)") == "true")
        #expect(evaluated("['a', 'b'].exists(i, v, i == 1 && v == 'b')") == "true")
        #expect(evaluated("{'a': 1}.transformMap(k, v, v + 1)") == "{'a': 2}")
        #expect(evaluated("[4, 5].transformList(i, v, i > 0, v)") == "[5]")
    }

    @Test func aMacrosVariableHidesWhatBeginsWithItsName() {
        #expect(evaluated("[{'b': 1}].map(a, a.b + .a.b)", ("a.b", .int(10))) == "[11]")
    }

    @Test func namesAreLookedUpInTheContainerFirst() {
        #expect(evaluated("a", container: "x.y", ("a", .int(1)), ("x.a", .int(2)), ("x.y.a", .int(3))) == "3")
        #expect(evaluated("a", container: "x.z", ("a", .int(1)), ("x.a", .int(2)), ("x.y.a", .int(3))) == "2")
        #expect(evaluated(".a", container: "x.y", ("a", .int(1)), ("x.y.a", .int(3))) == "1")
    }

    @Test func aNameInBackticksIsAField() {
        let map = Value.map(ValueMap([(.string(Text("b.c")), .int(2))]))
        #expect(evaluated("a.`b.c`", ("a.b.c", .int(1)), ("a", map)) == "2")
        #expect(evaluated("a.b.c", ("a.b.c", .int(1)), ("a", .int(3))) == "1")
    }

    @Test func mapsOfAnySizeAreSearched() {
        let map = Value.map(
            ValueMap((0..<1000).map { (.string(Text("k\($0)")), .int($0)) } + (0..<1000).map { (.int($0), .uint(1)) }))
        #expect(evaluated("m.k7 + m['k999']", ("m", map)) == "1006")
        #expect(evaluated("m[999.0] == 1u && 1000 in m == false && 'k1000' in m == false", ("m", map)) == "true")
        #expect(evaluated("m == m && size(m.filter(k, k == 'k3')) == 1", ("m", map)) == "true")
    }
}
