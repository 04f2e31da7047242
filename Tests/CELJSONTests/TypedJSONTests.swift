import CEL
import Testing

@testable import CELJSON

@Suite struct TypedJSONTests {
    @Test(arguments: [
        (0.1, "0.1"), (1, "1.0"), (-0.0, "-0.0"), (1e15, "1000000000000000.0"), (1e16, "1e+16"),
        (123456.75, "123456.75"),
        (1.5e300, "1.5e+300"), (0.0001, "0.0001"), (0.00001, "1e-05"), (.leastNonzeroMagnitude, "5e-324"),
        (.infinity, "Infinity"),
        (-.infinity, "-Infinity"), (.nan, "NaN"), (9007199254740992, "9007199254740992.0"),
        (1.7976931348623157e308, "1.7976931348623157e+308"), (12345678901234568, "1.2345678901234568e+16"),
    ])
    func doublesHaveOneForm(_ value: Double, _ text: String) {
        #expect(Value.double(value).typedJSON == #"{"type":"double","value":"\#(text)"}"#)
    }

    @Test func valuesComeBackFromTheirJSON() throws {
        let source = """
            [null, true, -1, 2u, 1.5, 'a"\\\\\\n\\u0001é', b'\\x00\\xff\\x01', {'k': [1], 2: {}}, duration('1.5s'), \
            timestamp('2026-01-02T03:04:05.5Z'), int, type(timestamp(0))]
            """
        let json = try #require(EvaluationRow(name: "", source, variables: []).value.typedJSON)
        let variables = try EvaluationRow.variables(json: #"{"x":\#(json)}"#)
        #expect(variables.count == 1)
        #expect(variables[0].value.typedJSON == json)
        #expect(EvaluationRow(name: "", "x == \(source)", variables: variables).error == nil)
        #expect(json.hasPrefix(#"{"type":"list","value":[{"type":"null","value":null},{"type":"bool","value":true},"#))
    }

    @Test(arguments: [
        "1", "{", #"{"x":{"type":"int","value":1}}"#, #"{"x":{"type":"utility","value":5}}"#, #"{"x":1,"x":1}"#,
        #"{"x":{"type":"int","value":"1.5"}}"#, #"{"x":{"type":"bytes","value":"AA="}}"#,
        #"{"x":{"type":"map","value":[[{"type":"null","value":null},{"type":"null","value":null}]]}}"#,
        #"{"x":{"type":"what","value":"1"}}"#,
    ])
    func variablesThatAreNone(_ json: String) {
        #expect(throws: EvaluationRow.Defect.self) { try EvaluationRow.variables(json: json) }
    }

    @Test func variablesMayBePlain() throws {
        let json = """
            \u{FEFF}{"data": {"amount": 5, "rate": 5.0, "list": [1e2, -7, 9223372036854775808], "none": null},
             "kind": "business", "n": {"type": "int", "value": "7"}, "t": {"type": "int", "value": "7", "more": 1}}
            """
        let variables = try EvaluationRow.variables(json: json)
        #expect(variables.map(\.name) == ["data", "kind", "n", "t"])
        #expect(
            variables.map { shown($0.value) } == [
                #"{"amount":5,"rate":double \#(5.0.bitPattern),"list":[double \#(100.0.bitPattern),-7,"#
                    + #"double \#(9_223_372_036_854_775_808.0.bitPattern)],"none":null}"#,
                #""business""#, "7", #"{"type":"int","value":"7","more":1}"#,
            ])
        let row = #"{"name":"a","expr":"x","vars":{"x":1}}"#
        #expect(EvaluationRow(line: row.utf8).error == #"variable 'x': a value is {"type": …, "value": …}"#)
    }

    @Test func whatIsWrongWithARowIsTold() {
        func error(_ line: String) -> String? { EvaluationRow(line: line.utf8).error }
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(error(#"{"expr":"1","more":\#(deep)}"#) == "malformed row: the JSON nests more than 64 deep")
        #expect(error(#"{"expr":"1","expr":"2"}"#) == "malformed row: a JSON object has a key twice")
        #expect(error("[1]") == "malformed row: not a JSON object")
        #expect(error("\u{FEFF}" + #"{"expr":"1"}"#) == nil)
        let name = String(repeating: "a", count: TypedJSON.maximumTypeNameBytes + 1)
        let row = #"{"expr":"1","vars":{"x":{"type":"type","value":"\#(name)"}}}"#
        #expect(error(row)?.hasPrefix("variable 'x': ") == true)
    }

    @Test func aRowAlwaysHasAResult() {
        func result(_ line: String) -> String { EvaluationRow(line: line.utf8).resultLine }
        #expect(
            result(#"{"name":"a","expr":"x + 1","vars":{"x":{"type":"int","value":"1"}},"more":[1.5e3]}"#)
                == #"{"name":"a","value":{"type":"int","value":"2"}}"#)
        #expect(
            result(#"{"name":"b","expr":"y","container":"x","vars":{"x.y":{"type":"null","value":null}}}"#)
                == #"{"name":"b","value":{"type":"null","value":null}}"#)
        #expect(result(#"{"name":"c","expr":"1/0"}"#) == #"{"name":"c","error":"division by zero"}"#)
        #expect(
            result(#"{"name":"d","expr":"1 +"}"#)
                == #"{"name":"d","error":"1:4: error: expected a value, not the end"}"#)
        #expect(result(#"{"name":"e"}"#) == #"{"name":"e","error":"malformed row: no \"expr\""}"#)
        #expect(
            result(#"{"name":"h","expr":"t","vars":{"t":{"type":"type","value":"a\"b"}}}"#)
                == #"{"name":"h","value":{"type":"type","value":"a\"b"}}"#)
        #expect(result("[") == #"{"name":"","error":"malformed row: not a JSON object"}"#)
        #expect(result(#"{"name":"f","expr":1}"#).contains("\"expr\\\" is no string"))
        #expect(result(#"{"name":"g","expr":"x","vars":[]}"#).contains("no JSON object"))
    }
}

extension Value {
    /// As typed JSON; nil for an error and beyond its limits.
    var typedJSON: String? {
        (try? TypedJSON.encode(self)).map { String(decoding: $0, as: UTF8.self) }
    }
}
