import Events
import Kafka
import Testing

@testable import Pipeline

/// Records of every kind, decoded without a broker.
@Suite struct RecordDecoderTests {
    private struct Header {
        var name: String
        var value: String?

        init(_ name: String, _ value: String?) { (self.name, self.value) = (name, value) }

        /// Of an attribute's header, the attribute.
        var attribute: String { String(name.dropFirst("ce_".count)) }
    }

    private static let structured = [Header("content-type", "application/cloudevents+json; charset=UTF-8")]
    private static let event = """
        {"specversion":"1.0","id":"e17","source":"/city/bus","type":"fare.paid","subject":"anna",\
        "time":"2026-01-02T03:04:05Z","data":{"line":17}}
        """
    /// The same event in binary mode.
    private static let attributes = [
        Header("ce_specversion", "1.0"), Header("ce_id", "e17"), Header("ce_source", "/city/bus"),
        Header("ce_type", "fare.paid"), Header("ce_subject", "anna"), Header("ce_time", "2026-01-02T03:04:05Z"),
    ]
    private static let json = Header("content-type", "application/json")
    private static let data = #"{"line":17}"#

    /// `attributes` with another value for one of them.
    private static func attributesWith(_ name: String, _ value: String?) -> [Header] {
        attributes.map { Header($0.name, $0.name == name ? value : $0.value) }
    }

    private let decoder = RecordDecoder()

    /// The code of the defect; of an event what it says, `ID SOURCE TYPE SUBJECT TIME DATA`.
    private func decode(
        _ value: String?, _ headers: [Header], fromControlTopic: Bool = false, latest: Int64 = .max
    ) -> String {
        var memory: [UnsafeMutableRawBufferPointer] = []
        defer { for bytes in memory { bytes.deallocate() } }
        func lend(_ text: String?) -> UnsafeRawBufferPointer? {
            guard let text else { return nil }
            let bytes = Array(text.utf8)
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
            copy.copyBytes(from: bytes)
            memory.append(copy)
            return UnsafeRawBufferPointer(rebasing: copy[..<bytes.count])
        }
        let record = MemoryRecord(
            key: nil, value: lend(value), headers: headers.map { ($0.name, lend($0.value)) })
        var event = EventView.empty
        let defect = withUnsafePointer(to: record) {
            decoder.decode(
                Record(source: 0, offset: 0, memory: $0), fromControlTopic: fromControlTopic, latest: latest,
                into: &event)
        }
        if let defect {
            #expect(EventDefect.codes.contains(defect.code), "the count of \(defect.code) begins at 0")
            return defect.code
        }
        let texts = [event.id, event.source, event.type, event.subject].map { String(decoding: $0, as: UTF8.self) }
        return (texts + [event.time.description, String(decoding: event.data, as: UTF8.self)]).joined(separator: " ")
    }

    // MARK: Modes

    @Test func bothModesGiveTheSameEvent() {
        let expected = "e17 /city/bus fare.paid anna 2026-01-02T03:04:05Z {\"line\":17}"
        #expect(decode(Self.event, Self.structured) == expected)
        #expect(decode(Self.data, Self.attributes + [Self.json]) == expected)
        #expect(decode(Self.data, Self.attributes) == expected)
        #expect(decode(Self.data, [Self.json, Header("trace", nil)] + Self.attributes.reversed()) == expected)
    }

    @Test func aBinaryEventWithoutAValueIsAnEventWithoutData() {
        let expected = "e17 /city/bus fare.paid anna 2026-01-02T03:04:05Z "
        for headers in [
            Self.attributes, Self.attributes + [Self.json], Self.attributes + [Header("content-type", nil)],
        ] {
            #expect(decode(nil, headers) == expected)
            #expect(decode("", headers) == expected)
        }
        // Its other attributes are checked as always, and so is what its type needs.
        for index in Self.attributes.indices {
            var headers = Self.attributes
            let attribute = headers.remove(at: index).attribute
            #expect(decode(nil, headers) == "\(attribute)/missing")
        }
        let enrolment = Self.attributesWith("ce_type", "standing.subject.enrolled")
        #expect(decode(nil, enrolment, fromControlTopic: true) == "data/missing")
        #expect(decode(nil, enrolment) == "type/reserved-type")
    }

    @Test func noValueIsNoEventWithoutBinaryAttributes() {
        #expect(decode(nil, []) == "event/null-value")
        #expect(decode(nil, [Header("trace", "1")]) == "event/null-value")
        #expect(decode(nil, [Self.json]) == "event/null-value")
        #expect(decode(nil, Self.structured) == "event/null-value")
        // The content type says that the value is the event, and the value is absent.
        #expect(decode(nil, Self.structured + Self.attributes) == "event/null-value")
        #expect(decode("{}", []) == "event/not-cloudevents")
        #expect(decode(Self.event, [Self.json]) == "event/not-cloudevents")
    }

    /// What a record is that holds a good event in its value, and one in its headers. `MediaTypeTests` has more forms.
    @Test(
        arguments: [
            ("Application/CloudEvents+JSON", "structured"),
            ("application/cloudevents+json ; charset=UTF-8", "structured"), ("application/cloudevents", "structured"),
            ("application/cloudevents-batch+json", "content-type/unsupported"),
            ("application/cloudevents+xml", "content-type/unsupported"),
            ("Application/CloudEvents+Avro", "content-type/unsupported"),
            ("application/cloudevents+json2", "content-type/unsupported"),
            ("application/avro", "content-type/unsupported"), ("", "content-type/unsupported"),
            ("application/vnd.bus+json", "binary"), ("text/JSON; charset=utf-8", "binary"),
        ] as [(String, String)])
    func theContentTypeDecidesTheMode(contentType: String, expected: String) {
        let headers = Self.attributesWith("ce_id", "binary")
        let value = Self.event.replacing("\"e17\"", with: "\"structured\"")
        let found = decode(value, headers + [Header("content-type", contentType)])
        #expect(found == expected || found.hasPrefix(expected + " "))
    }

    @Test func thatTypeIsNotFoldedAsOneEventEither() {
        for type in [
            "application/cloudevents-batch+json", "application/cloudevents+xml", "application/cloudevents+avro",
        ] {
            #expect(decode(Self.event, [Header("content-type", type)]) == "content-type/unsupported")
            #expect(decode("[\(Self.event)]", [Header("content-type", type)]) == "content-type/unsupported")
            #expect(decode(nil, Self.attributes + [Header("content-type", type)]) == "content-type/unsupported")
        }
    }

    // MARK: Headers

    @Test func anAttributeThatIsGivenTwiceIsADefect() {
        for header in Self.attributes + [Header("ce_datacontenttype", "application/json")] {
            let code = "\(header.attribute)/duplicate-key"
            for second in [header.value, "another", "", nil] {
                let headers = Self.attributes + [Self.json]
                let more: [Header] = headers.contains { $0.name == header.name } ? [] : [header]
                #expect(decode(Self.data, headers + more + [Header(header.name, second)]) == code)
                #expect(decode(Self.data, [Header(header.name, second)] + headers + more) == code)
                #expect(decode(nil, headers + more + [Header(header.name, second)]) == code)
                // Headers that the mode does not read say what is no event all the same.
                #expect(decode(Self.event, Self.structured + [header, Header(header.name, second)]) == code)
            }
        }
        let again = Self.attributes + [Header("ce_bus", "1"), Header("ce_line", "2"), Header("ce_bus", nil)]
        #expect(decode(Self.data, again) == "event/duplicate-key")
    }

    @Test func aContentTypeThatIsGivenTwiceIsADefect() {
        let code = "content-type/duplicate-key"
        #expect(decode(Self.event, Self.structured + Self.structured) == code)
        #expect(decode(Self.event, Self.structured + [Self.json]) == code)
        #expect(decode(Self.data, [Self.json] + Self.attributes + [Header("content-type", nil)]) == code)
        #expect(decode(nil, [Self.json, Self.json]) == code)
    }

    @Test func furtherHeadersMayBeManyAndOthersMayRepeat() {
        let further: [Header] = (0..<5000).map { Header("ce_x\($0)", "1") }
        let traces: [Header] = [
            Header("trace", "1"), Header("trace", "2"), Header("Content-Type", "a"), Header("Content-Type", "b"),
        ]
        #expect(decode(Self.data, Self.attributes + further + traces).hasPrefix("e17 "))
        #expect(decode(Self.data, Self.attributes + further + [Header("ce_x4711", "2")]) == "event/duplicate-key")
    }

    /// Kafka's header names are bytes: `CE_ID` is another one than `ce_id`.
    @Test func headerNamesAreExact() {
        let changes: [(String) -> String] = [
            { $0.uppercased() }, { $0.replacing("_", with: "-") }, { " " + $0 }, { $0 + " " },
        ]
        for index in Self.attributes.indices {
            for change in changes {
                var headers = Self.attributes
                headers[index].name = change(headers[index].name)
                #expect(decode(Self.data, headers) == "\(Self.attributes[index].attribute)/missing")
            }
        }
        #expect(decode(Self.event, [Header("Content-Type", "application/cloudevents+json")]) == "event/not-cloudevents")
        let upperCase = Self.attributes.map { Header($0.name.uppercased(), $0.value) }
        #expect(decode(Self.data, upperCase) == "event/not-cloudevents")
    }

    @Test func aNullAttributeIsAMissingOne() {
        for header in Self.attributes {
            #expect(decode(Self.data, Self.attributesWith(header.name, nil)) == "\(header.attribute)/missing")
        }
    }

    // MARK: What intake asks for besides

    @Test func timeTypeAndPolicyAreChecked() {
        let time = 1_767_323_045_000_000 as Int64
        #expect(decode(Self.event, Self.structured, latest: time).hasPrefix("e17 "))
        #expect(decode(Self.event, Self.structured, latest: time - 1) == "time/in-the-future")
        #expect(decode(nil, Self.attributes, latest: time - 1) == "time/in-the-future")
        let activation = Self.event.replacing("fare.paid", with: "standing.policy.activated")
            .replacing(#"{"line":17}"#, with: #"{"policy":"policy: town"}"#)
        #expect(decode(activation, Self.structured, fromControlTopic: true) == "data/invalid-policy")
        #expect(decode(activation, Self.structured) == "type/reserved-type")
    }

    @Test func anActivationThatNamesNoHashOfAPolicyIsADeadLetter() {
        for replaced in [#""""#, #""0123""#, "7", "null"] {
            let activation = Self.event.replacing("fare.paid", with: "standing.policy.activated")
                .replacing(#"{"line":17}"#, with: #"{"policy":"policy: town","replaces":\#(replaced)}"#)
            #expect(decode(activation, Self.structured, fromControlTopic: true) == "data/wrong-member", "\(replaced)")
        }
    }
}
