import Testing

@Suite struct JSONSchemaTests {
    /// Each row: a schema, values that are valid, values that are not.
    private static let rows: [(schema: String, valid: [String], invalid: [String])] = [
        (#"{"type": "integer"}"#, ["1", "-3", "1.0"], ["1.5", #""1""#, "true", "null"]),
        (#"{"type": "number"}"#, ["1", "1.5"], ["true", #""1""#]),
        (#"{"type": "boolean"}"#, ["true", "false"], ["1", "0"]),
        (#"{"type": ["string", "null"]}"#, [#""""#, "null"], ["0", "[]", "{}"]),
        (#"{"type": "array", "items": {"type": "integer"}}"#, ["[]", "[1, 2]"], [#"[1, "2"]"#, "{}"]),
        (#"{"type": "object", "required": ["a"]}"#, [#"{"a": null}"#], ["{}", "[]"]),
        (
            #"{"properties": {"a": {"type": "string"}}, "additionalProperties": false}"#,
            ["{}", #"{"a": ""}"#, "1"], [#"{"a": 1}"#, #"{"b": 1}"#]
        ),
        (#"{"properties": {"a": false}}"#, ["{}", #"{"b": 1}"#], [#"{"a": 1}"#]),
        (#"{"additionalProperties": {"type": "integer"}}"#, [#"{"a": 1}"#], [#"{"a": "1"}"#]),
        (#"{"const": "1.0"}"#, [#""1.0""#], ["1.0", #""1""#]),
        (#"{"const": 1}"#, ["1", "1.0"], ["true", #""1""#]),
        (#"{"enum": [1, null, {"a": [true]}]}"#, ["1", "null", #"{"a": [true]}"#], ["0", #"{"a": [1]}"#, "true"]),
        (#"{"oneOf": [{"type": "integer"}, {"minimum": 5}]}"#, ["1", "5.5"], ["7", "1.5"]),
        (#"{"pattern": "^[a-z]+$"}"#, [#""ab""#, "1"], [#""aB""#, #""""#]),
        (#"{"pattern": "b"}"#, [#""abc""#], [#""ac""#]),
        (#"{"minLength": 1}"#, [#""a""#, "0"], [#""""#]),
        (#"{"minimum": 1}"#, ["1", #""""#], ["0", "0.5"]),
        (#"{"exclusiveMinimum": 1, "maximum": 2}"#, ["1.5", "2", #""""#], ["1", "3"]),
        (#"{"multipleOf": 0.5}"#, ["1.5", #""""#], ["1.3"]),
        (#"{"allOf": [{"minimum": 1}, {"maximum": 2}]}"#, ["1", "2"], ["0", "3"]),
        (#"{"anyOf": [{"type": "integer"}, {"minimum": 5}]}"#, ["1", "7", "5.5"], ["1.5"]),
        (#"{"not": {"type": "integer"}}"#, ["1.5"], ["1"]),
        (
            #"{"if": {"type": "integer"}, "then": {"minimum": 5}, "else": {"type": "string"}}"#,
            ["5", #""""#], ["4", "true"]
        ),
        (#"{"items": [{"type": "string"}], "additionalItems": false}"#, ["[]", #"[""]"#], ["[1]", #"["", 1]"#]),
        (#"{"contains": {"type": "string"}}"#, [#"[1, ""]"#, "1"], ["[]", "[1]"]),
        (
            #"{"minItems": 1, "maxItems": 2, "uniqueItems": true}"#, ["[1]", "[1, 2]", "1"],
            ["[]", "[1, 1]", "[1, 2, 3]"]
        ),
        (#"{"minProperties": 1}"#, [#"{"a": 1}"#, "1"], ["{}"]),
        (#"{"propertyNames": {"pattern": "^a"}}"#, [#"{"ab": 1}"#], [#"{"b": 1}"#]),
        (#"{"dependencies": {"a": ["b"]}}"#, ["{}", #"{"a": 1, "b": 1}"#], [#"{"a": 1}"#]),
        (
            #"{"patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": false}"#,
            [#"{"x-a": 1}"#], [#"{"x-a": ""}"#, #"{"a": 1}"#]
        ),
        (
            ##"{"$ref": "http://b", "$defs": {"b": {"$id": "http://b", "$ref": "#/$defs/c", "$defs": {"c": {"minimum": 2}}}}}"##,
            ["2"], ["1"]
        ),
        (
            ##"{"$ref": "#/$defs/a", "minimum": 2, "$defs": {"a": {"type": "integer"}}}"##,
            ["2"], ["1", #""""#]
        ),
        ("true", ["1"], []),
        ("false", [], ["1"]),
    ]

    @Test(arguments: rows.indices) func keywords(_ index: Int) throws {
        let row = Self.rows[index]
        let schema = try JSONSchema(row.schema)
        for text in row.valid { #expect(try schema.errors(in: text) == [], "\(row.schema) accepts \(text)") }
        for text in row.invalid { #expect(try schema.errors(in: text) != [], "\(row.schema) refuses \(text)") }
    }

    @Test func errorsNameTheValue() throws {
        let schema = try JSONSchema(
            #"{"properties": {"a": {"items": {"required": ["b"], "additionalProperties": false}}}}"#)
        #expect(
            try schema.errors(in: #"{"a": [{}, {"c": 1}]}"#) == [
                "$.a[0]: `b` is missing", "$.a[1].c: is not allowed", "$.a[1]: `b` is missing",
            ])
    }

    @Test func aSchemaThatIsNotUnderstoodIsAnError() throws {
        #expect(try JSONSchema(#"{"maxLength": 2}"#).errors(in: #""\u00e9\u00e9""#) == [])
        #expect(try JSONSchema(#"{"maxLength": 2}"#).errors(in: #""abc""#) == ["$: is longer than 2"])
        #expect(
            try JSONSchema(#"{"maxProperties": 1}"#).errors(in: "1") == ["$: the schema has an unknown `maxProperties`"]
        )
        #expect(try JSONSchema(#"{"minimum": "1"}"#).errors(in: "1") == ["$: the schema has an unknown `minimum`"])
        #expect(
            try JSONSchema(##"{"$ref": "#/$defs/a"}"##).errors(in: "1") == ["$: the schema has no #/$defs/a"])
    }
}
