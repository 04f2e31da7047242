import CEL
import Testing

/// Why an evaluation had no answer.
@Suite struct EvaluationFailureTests {
    /// `data.x` is the only variable.
    private func failure(_ source: String, of value: Value, wanted: ValueType) throws -> String {
        var town = Town()
        let expression = try town.compile(source)
        let frame = EvaluationFrame(town.declarations)
        if let slot = expression.slots.first { frame.slots[slot] = value }
        if wanted == .bool {
            #expect(expression.truth(frame) == .error)
        } else {
            #expect(expression.integer(frame) == nil)
        }
        return expression.failure(frame, wanted: wanted).description
    }

    /// A JSON number without a fraction is an int, which a double does not divide.
    @Test func aWholeNumberIsNotDividedByADouble() throws {
        #expect(try failure("int(data.x / 10.0)", of: .int(25), wanted: .int) == "no such overload")
        #expect(try failure("data.x / 10.0 > 2.0", of: .int(25), wanted: .bool) == "no such overload")
        var town = Town()
        let expression = try town.compile("int(data.x / 10.0)")
        let frame = EvaluationFrame(town.declarations)
        frame.slots[expression.slots[0]] = .double(25)
        #expect(expression.integer(frame) == 2)
    }

    @Test(arguments: [
        ("data.x > 1", Value.error(.noSuchField), "no such field"),
        ("10 / data.x > 1", Value.int(0), "division by zero"),
        ("data.x + 1 > 0", Value.int(.max), "integer, timestamp or duration out of range"),
        ("int(data.x) > 1", Value.string(Text("a lot")), "the value cannot be converted"),
    ])
    func theReasonIsThatOfTheValue(source: String, value: Value, reason: String) throws {
        #expect(try failure(source, of: value, wanted: .bool) == reason)
    }

    @Test func aValueOfAnotherTypeIsNone() throws {
        #expect(try failure("data.x", of: .string(Text("yes")), wanted: .bool) == "the value is a string, not a bool")
        #expect(try failure("data.x", of: .double(2.5), wanted: .int) == "the value is a double, not an int")
        #expect(try failure("data.x", of: .null, wanted: .int) == "the value is null, not an int")
    }

    /// An evaluation that has spent all it may cost is not done once more.
    @Test func whatIsTooExpensiveIsNotDoneAgain() throws {
        let list = Value.list(ValueList((0..<1000).map { .int($0) }))
        let source = "data.x.all(a, data.x.all(b, data.x.all(c, a + b + c >= 0)))"
        #expect(try failure(source, of: list, wanted: .bool) == EvaluationError.tooExpensive.description)
    }
}
