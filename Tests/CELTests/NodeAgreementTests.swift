import CEL
import Testing

/// The quick nodes (of slots, constants and numbers in registers) agree with the plain ones.
@Suite struct NodeAgreementTests {
    static let literals = [
        "0", "1", "-1", "9223372036854775807", "-9223372036854775808", "0u", "1u", "18446744073709551615u", "0.0",
        "-0.0", "1.0", "1.5", "9007199254740992.0", "9007199254740993", "9007199254740993u", "-9007199254740992.0",
        "9223372036854775807.0", "18446744073709551616.0", "(0.0 / 0.0)", "(1.0 / 0.0)", "'1'",
        "''", "b'1'", "true", "null", "[1]", "{1: 1}", "duration('1s')", "timestamp(1)", "int",
    ]

    @Test(arguments: ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"])
    func operandsMayBeAnywhere(_ sign: String) throws {
        var declarations = Declarations()
        let x = declarations.declare("x", as: .dynamic)
        let y = declarations.declare("y", as: .dynamic)
        func compile(_ source: String) throws -> Expression { try Expression(source, in: &declarations) }
        let ofSlots = try compile("x \(sign) y")
        let plain = try compile("[x][0] \(sign) [y][0]")
        let nested = try compile("[x].map(v, v \(sign) y)[0]")
        for left in Self.literals {
            let fromLeft = try compile("\(left) \(sign) y")
            for right in Self.literals {
                let fromRight = try compile("x \(sign) \(right)")
                let frame = EvaluationFrame(declarations)
                frame.slots[x] = try #require(compile(left).constant)
                frame.slots[y] = try #require(compile(right).constant)
                let expected = brief(plain.evaluate(frame))
                for expression in [ofSlots, nested, fromLeft, fromRight] {
                    #expect(brief(expression.evaluate(frame)) == expected, "\(left) \(sign) \(right)")
                    let truth: Truth = expected == "true" ? .yes : expected == "false" ? .no : .error
                    #expect(expression.truth(frame) == truth, "\(left) \(sign) \(right)")
                    #expect(expression.integer(frame) == Int64(expected), "\(left) \(sign) \(right)")
                }
                for slot in [x, y] {
                    frame.slots[slot] = .error(.noSuchField)
                    #expect(ofSlots.truth(frame) == .error)
                    #expect(brief(ofSlots.evaluate(frame)) == "error: \(EvaluationError.noSuchField)")
                }
            }
        }
    }

    @Test func memberOfConstants() throws {
        for literal in Self.literals {
            for list in [
                "['1', '']", "[1, 1u, 1, true]", "[]", "['1', null]", "[1.0, 0]", "[9007199254740993]",
                "['1', -9007199254740993, 9007199254740994u, 9007199254740993u]", "[0, 9223372036854775807]",
                "[18446744073709551615u]",
            ] {
                var declarations = Declarations()
                let x = declarations.declare("x", as: .dynamic)
                let quick = try Expression("x in \(list)", in: &declarations)
                let plain = try Expression("[x][0] in [\(list)][0] + (x == x ? [] : [])", in: &declarations)
                let frame = EvaluationFrame(declarations)
                frame.slots[x] = try #require(Expression(literal, in: &declarations).constant)
                #expect(brief(quick.evaluate(frame)) == brief(plain.evaluate(frame)), "\(literal) in \(list)")
                #expect(quick.truth(frame) == plain.truth(frame), "\(literal) in \(list)")
            }
        }
    }
}
