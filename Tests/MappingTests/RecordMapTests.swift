import Events
import Mapping
import Policy
import Testing

struct RecordMapTests {
    /// The lines under `map:`, indented.
    private static func document(_ lines: String) -> String {
        "map:\n" + lines.split(separator: "\n").map { "  \($0)\n" }.joined()
    }

    private static let good = """
        source: /s
        type: bill.paid
        subject: value.who
        time: timestamp
        """

    private static func map(_ lines: String) throws -> RecordMap {
        try RecordMap(yaml: document(lines), file: "map.yaml")
    }

    private static func mistakes(_ lines: String) -> [String] {
        do throws(YAMLMistakes) {
            _ = try RecordMap(yaml: document(lines), file: "map.yaml")
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    /// The event's JSON, `none`, or what is wrong.
    private static func outcome(
        _ lines: String, value: String?, key: String? = nil, timestamp: Int64 = 1_704_103_200_000, id: String? = nil
    ) throws -> String {
        let mapper = CheckedMapper(try map(lines))
        func withBytes<Result>(_ text: String?, _ body: (UnsafeRawBufferPointer?) -> Result) -> Result {
            guard let text else { return body(nil) }
            return Array(text.utf8).withUnsafeBytes { body($0) }
        }
        return withBytes(value) { value in
            withBytes(key) { key in
                withBytes(id) { id in
                    withBytes("orders") { topic in
                        let record = SourceRecord(
                            key: key, value: value, timestamp: timestamp, topic: topic!, partition: 3, offset: 14)
                        let outcome = mapper.map(record, id: id, latest: .max)
                        switch outcome {
                        case .event: return String(decoding: mapper.bytes, as: UTF8.self)
                        case .noEvent: return "none"
                        case .noValue, .notAnEvent: return outcome.refusal?.message ?? ""
                        }
                    }
                }
            }
        }
    }

    private static func event(_ part: String, data: String = "") -> String {
        #"{"specversion":"1.0","id":"orders/3/14","source":"/s","type":"bill.paid","#
            + #""subject":"\#(part)","time":"2024-01-01T10:00:00Z"\#(data)}"#
    }

    // MARK: Compiling

    @Test func everyMistakeHasItsLocation() {
        #expect(
            Self.mistakes(
                """
                source: /s
                type: value.kind +
                subject: customer
                time: value.paid_at > 3
                when: '"yes"'
                data: {amount: value.amount ++ 1, sex: value.s}
                """)
                == [
                    "map.yaml:3:9: error: expected a value, not the end (character 13 of the expression)",
                    "map.yaml:4:12: error: unknown name 'customer': a map sees key, value, headers, timestamp, topic, "
                        + "partition, offset (character 1 of the expression)",
                    "map.yaml:5:9: error: time must give google.protobuf.Timestamp or string, not bool",
                    "map.yaml:6:9: error: when must give bool, not string",
                    "map.yaml:7:18: error: expected a value, not '+' (character 15 of the expression)",
                    "map.yaml:7:37: error: \"sex\" is a protected attribute: no map may look at it or pass it on",
                ])
    }

    @Test func aPartThatIsMissingOrUnknownIsAMistake() {
        let mistakes = Self.mistakes("source: /s\ntype: a.b\nsubjekt: key\ntime: timestamp")
        #expect(
            mistakes == [
                "map.yaml:2:3: error: the map lacks \"subject\"",
                "map.yaml:4:3: error: unknown key \"subjekt\" in the map; did you mean \"subject\"?",
            ])
        #expect(throws: YAMLMistakes.self) { try RecordMap(yaml: "maps: {}", file: "f") }
        #expect(throws: YAMLMistakes.self) { try RecordMap(yaml: "map: [", file: "f") }
        #expect(throws: YAMLMistakes.self) { try RecordMap(yaml: "", file: "f") }
    }

    @Test func noMapLooksAtAProtectedAttribute() {
        for part in [
            "subject: value.person.Gender", "subject: value[\"marital-status\"]", "data: 'value.rows.map(r, r.health)'",
        ] {
            let lines = Self.good.split(separator: "\n").filter { !part.hasPrefix($0.prefix(7)) } + [part[...]]
            let mistakes = Self.mistakes(lines.joined(separator: "\n"))
            #expect(mistakes.count == 1 && mistakes[0].contains("is a protected attribute"), "\(part): \(mistakes)")
        }
    }

    @Test func aProtectedAttributeIsNotThereUnderAComputedName() throws {
        let lines = Self.good + "\ndata: {a: 'key in value', b: value.size()}"
        #expect(
            try Self.outcome(lines, value: #"{"who":"a","sex":"f"}"#, key: "sex")
                == Self.event("a", data: #","data":{"a":false,"b":1}"#))
    }

    /// The names of an expression's maps are known when it is evaluated.
    @Test func aProtectedAttributeIsInNoKeyHeaderOrListAndIsNotPassedOn() throws {
        let value = #"{"who":"a","n":1}"#
        let fromKey = try Self.outcome(
            Self.good + "\ndata: {a: key.b, c: 'has(key.Gender)', d: key}", value: value,
            key: #"{"Gender":"f","b":1,"e":[{"sex":1}]}"#)
        #expect(fromKey == Self.event("a", data: #","data":{"a":1,"c":false,"d":{"b":1,"e":[{}]}}"#))
        for data in [#"'{"health": value.n}'"#, #"'{"a": {"marital" + "_status": value.n}}'"#] {
            let refused = try Self.outcome(Self.good + "\ndata: \(data)", value: value)
            #expect(refused.contains("a key is the name of a protected attribute"), "\(refused)")
        }
    }

    @Test func aDottedNameIsATextUnlessItBeginsLikeAVariable() throws {
        #expect(try Self.outcome(Self.good, value: #"{"who":"a"}"#) == Self.event("a"))
        let near = Self.mistakes(Self.good.replacing("bill.paid", with: "valeu.kind"))
        #expect(near.count == 1 && near[0].contains("did you mean \"value\"?"), "\(near)")
        let computed = Self.good.replacing("bill.paid", with: "value.kind")
        #expect(try Self.outcome(computed, value: #"{"who":"a","kind":"bill.paid"}"#) == Self.event("a"))
    }

    @Test func twoMapsAreEqualIfTheirPartsAre() throws {
        #expect(try Self.map(Self.good) == Self.map(Self.good + "  # the same"))
        #expect(try Self.map(Self.good) != Self.map(Self.good + "\nwhen: 'true'"))
    }

    // MARK: Records

    @Test func membersThatAreNullAreLeftOut() throws {
        let lines = Self.good + "\ndata: {a: value.a, b: value.b, c: 'has(value.c) ? value.c : null'}"
        #expect(
            try Self.outcome(lines, value: #"{"a":null,"who":"x","b":[1,2.0,1e300,null,{"k":"\u0001"}]}"#)
                == Self.event("x", data: #","data":{"b":[1,2.0,1e+300,null,{"k":"\u0001"}]}"#))
    }

    @Test func valuesAreWrittenAsJSONKnowsThem() throws {
        let lines =
            Self.good
                + """

                data: >-
                  {"time": timestamp, "span": duration("90s"), "bytes": b"\\xff\\x00", "uint": 18446744073709551615u,
                  "keys": {1: "a", true: "b"}, "text": value.who + "\\u00e9"}
                """.replacing("\n", with: "\n")
        #expect(
            try Self.outcome(lines, value: #"{"who":"x"}"#)
                == Self.event(
                    "x",
                    data:
                        #","data":{"time":"2024-01-01T10:00:00Z","span":"90s","bytes":"/wA=","uint":18446744073709551615,"#
                        + #""keys":{"1":"a","true":"b"},"text":"xé"}"#))
    }

    @Test func whatIsNoNumberIsNoJSON() throws {
        let lines = Self.good + "\ndata: {a: 'double(value.x)'}"
        #expect(
            try Self.outcome(lines, value: #"{"who":"x","x":"NaN"}"#)
                == "data.a: a double that is infinite or no number, in: double(value.x)")
    }

    @Test func theRecordsOffsetIsTheIdUnlessSomethingElseIs() throws {
        let value = #"{"who":"a","n":7}"#
        #expect(try Self.outcome(Self.good, value: value) == Self.event("a"))
        #expect(
            try Self.outcome(Self.good, value: value, id: "row-1")
                == Self.event("a").replacing("orders/3/14", with: "row-1"))
        for expression in ["value.n", "uint(value.n)", "string(value.n)", "'\"7\"'"] {
            #expect(
                try Self.outcome(Self.good + "\nid: \(expression)", value: value, id: "row-1")
                    == Self.event("a").replacing("orders/3/14", with: "7"))
        }
        #expect(
            try Self.outcome(Self.good + "\nid: value.half", value: #"{"who":"a","half":0.5}"#)
                == "id: the value is a double, not a string, in: value.half")
    }

    /// A text such as 007 is no number: keys are texts unless they are an object, a list or a text in quotes.
    @Test(arguments: [
        ("007", "007"), (#""7""#, "7"), ("7", "7"), (#"{"payload":7}"#, "7"), ("{7", "{7"), ("a b", "a b"),
        (" \n{\"payload\":7}", "7"), ("{3F25-04E0}", "{3F25-04E0}"), ("[1", "[1"),
    ])
    func aKeyIsTextUnlessItIsAnObject(_ key: String, _ subject: String) throws {
        let lines = Self.good.replacing("value.who", with: "'type(key) == map ? key.payload : key'")
        #expect(try Self.outcome(lines, value: "{}", key: key) == Self.event(subject))
    }

    /// As a text it would show what the object has of protected attributes.
    @Test(arguments: [
        #"{"sex""#, #"[ {"sex":"f"}"#, #" {"who":"a","who":"b"}"#, #"{"sex":"f"} x"#,
        String(repeating: "[", count: 80) + String(repeating: "]", count: 80),
    ])
    func aKeyThatBeginsAsAnObjectOrAListMustBeOne(_ key: String) throws {
        let lines = Self.good + "\ndata: {key: key}"
        #expect(
            try Self.outcome(lines, value: #"{"who":"a"}"#, key: key)
                == "key: it begins as a JSON object or list and cannot be read as one")
        #expect(try Self.outcome(Self.good, value: #"{"who":"a"}"#, key: key) == Self.event("a"), "it is not read")
    }

    @Test func aKeyLargerThanAnEventIsNoText() throws {
        let key = #"{"sex":"f","x":""# + String(repeating: "a", count: EventDecoder.maximumEventBytes) + "\"}"
        let found = try Self.outcome(Self.good + "\ndata: {n: key.size()}", value: #"{"who":"a"}"#, key: key)
        #expect(found == "key: it is larger than \(EventDecoder.maximumEventBytes) bytes")
    }

    /// As the data of a CloudEvent are taken.
    @Test func theWholeValueIsCopiedAsItIs() throws {
        let value = #"{ "who":"a","sex":"f" }"#
        #expect(
            try Self.outcome(Self.good + "\ndata: value", value: value) == Self.event("a", data: ",\"data\":\(value)"))
    }

    @Test func whenPassesOverRecords() throws {
        let lines = Self.good + "\nwhen: value != null && value.op == \"c\""
        #expect(try Self.outcome(lines, value: nil) == "none")
        #expect(try Self.outcome(lines, value: #"{"op":"d"}"#) == "none")
        #expect(try Self.outcome(lines, value: #"{"op":"c","who":"a"}"#) == Self.event("a"))
        #expect(
            try Self.outcome(lines, value: "{}")
                == "when: no such field, in: value != null && value.op == \"c\"")
        #expect(
            try Self.outcome(Self.good, value: nil)
                == "subject: no such field (the record has no value: `when: value != null` passes over such records), in: "
                + "value.who")
    }

    @Test func aTimeIsATimestampOrAText() throws {
        func time(_ expression: String, _ value: String) throws -> String {
            try Self.outcome(Self.good.replacing("time: timestamp", with: "time: \(expression)"), value: value)
        }
        let event = Self.event("a")
        #expect(try time("value.t", #"{"who":"a","t":"2024-01-01T10:00:00Z"}"#) == event)
        #expect(try time("timestamp(value.t)", #"{"who":"a","t":1704103200}"#) == event)
        #expect(try time("value.t", #"{"who":"a","t":1704103200}"#).hasPrefix("time: the value is an int"))
        #expect(try time("value.t", #"{"who":"a","t":"yesterday"}"#) == "time is not an RFC 3339 time")
        #expect(
            try time("timestamp(value.t)", #"{"who":"a","t":"yesterday"}"#)
                == "time: the value cannot be converted, in: timestamp(value.t)")
        #expect(
            try Self.outcome(Self.good, value: #"{"who":"a"}"#, timestamp: -1) == "time: no such field, in: timestamp")
        #expect(
            try Self.outcome(Self.good, value: #"{"who":"a"}"#, timestamp: .max) == "time: no such field, in: timestamp"
        )
    }

    @Test(arguments: [
        ("{", "the record is not JSON"), ("", "the record is not JSON"), ("[1", "the record is not JSON"),
        (#"{"who":"a","who":"b"}"#, "a JSON object has the same key twice"),
        (#"{"who":"a","x":{"y":1,"y":2}}"#, "a JSON object has the same key twice"),
        (
            #"{"x":"# + String(repeating: "[", count: 80) + String(repeating: "]", count: 80) + "}",
            "the JSON is nested deeper than 64 levels"
        ),
    ])
    func whatIsNotJSONIsToldApart(_ value: String, _ message: String) throws {
        #expect(try Self.outcome(Self.good, value: value) == "value: \(message)")
    }

    @Test func whatAnEventMayNotBeIsRefusedAsAnywhere() throws {
        #expect(try Self.outcome(Self.good, value: #"{"who":""}"#) == "subject is empty")
        let reserved = Self.good.replacing("bill.paid", with: "standing.subject.enrolled")
        #expect(try Self.outcome(reserved, value: #"{"who":"a"}"#).contains("honoured only from the control topic"))
    }

    /// Every part may cost no more than they all may.
    @Test func aMapThatCostsTooMuchIsRefused() throws {
        let long = "[" + (0..<200).map(String.init).joined(separator: ",") + "]"
        let expression = "'\(long).all(a, \(long).all(b, \(long).all(c, a + b + c >= 0))) ? value.who : \"\"'"
        let lines = Self.good.replacing("value.who", with: expression)
        #expect(
            try Self.outcome(lines, value: #"{"who":"a"}"#).hasPrefix("subject: the evaluation takes too much work"))
    }
}
