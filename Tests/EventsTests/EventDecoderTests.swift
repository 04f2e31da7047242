import CAllocationCounter
import Events
import Testing

@Suite struct EventDecoderTests {
    let decoder = EventDecoder()

    @Test func readsAStructuredEvent() throws {
        let event = try decoder.decode(eventJSON()).get()
        #expect(event.id == "e17")
        #expect(event.source == "/city/bus")
        #expect(event.type == "fare.paid")
        #expect(event.subject == "anna")
        #expect(event.time == "2026-01-02T03:04:05Z")
        #expect(event.data == #"{"line":17,"fare":2.50}"#)
    }

    @Test func membersMayComeInAnyOrderAmongOthers() throws {
        let text = """
            \t{ "data" : {} , "extension":[1,{"id":2},null], "time":"2026-01-02T04:04:05+01:00","subject":"anna",
            "datacontenttype":"application/json","type":"fare.paid","source":"/city/bus","id":"e17","flag":true,
            "specversion":"1.0"}\r\n
            """
        let event = try decoder.decode(text).get()
        #expect(event.id == "e17" && event.subject == "anna" && event.time == "2026-01-02T03:04:05Z")
        #expect(event.data == "{}")
    }

    @Test(arguments: [
        #"{"a":1}"#, "{}", "{ }", " {\n\t\"a\" : [ 1 , 2 ] \r\n}", #"{"a":{"b":{"c":"}"}},"d":"\"}"}"#,
        #"{"a":"\u0041\n","b":"ä€😀"}"#, #"{"n":1.50,"m":-0,"k":1E+2,"big":123456789012345678901234567890}"#,
        #"{"a":[{},{"x":[]}]}"#, #"{"data":"data","id":1}"#, #"{"":0}"#,
    ])
    func dataIsExactlyWhatWasWritten(data: String) throws {
        let trimmed = try #require(data.firstIndex(of: "{")).samePosition(in: data).map { String(data[$0...]) }
        for more in ["", #","z":1"#, " "] {
            #expect(try decoder.decode(eventJSON(data: data + " ", more: more)).get().data == trimmed)
        }
    }

    @Test func escapesAreReadInAttributesAndKept() throws {
        let text = eventJSON(
            id: #""a\"b\\c\/d""#, source: #""\u002Fcity""#, subject: #""\u00e4\ud83d\ude00€""#, data: #"{"k":"\u0041"}"#
        )
        let event = try decoder.decode(text).get()
        #expect(event.id == #"a"b\c/d"#)
        #expect(event.source == "/city")
        #expect(event.subject == "ä😀€")
        #expect(event.data == #"{"k":"\u0041"}"#)
    }

    @Test func anEscapedNameIsThatName() throws {
        let text = eventJSON(id: nil, more: #","\u0069d":"e18""#)
        #expect(try decoder.decode(text).get().id == "e18")
    }

    @Test func anEventNeedsNoData() throws {
        #expect(try decoder.decode(eventJSON(data: nil)).get().data == "")
    }

    @Test(arguments: ["datacontenttype", "data_base64", "traceparent"])
    func aNullAttributeIsAnAbsentOne(name: String) {
        #expect(decoder.decode(eventJSON(more: #","\#(name)":null"#)).code == "")
    }

    @Test(arguments: ["0", "-0", "123456789012345678901234567890", "9007199254740993", "1e308", "5e-324", "-1.5E-7"])
    func numbersInRangeAreTaken(number: String) throws {
        let data = "{\"n\":\(number)}"
        #expect(try decoder.decode(eventJSON(data: data)).get().data == data)
    }

    @Test func limitsAreInclusive() {
        let longest = String(repeating: "x", count: EventDecoder.maximumAttributeBytes)
        for text in [
            eventJSON(id: "\"\(longest)\""), eventJSON(source: "\"\(longest)\""), eventJSON(type: "\"\(longest)\""),
            eventJSON(subject: "\"\(longest)\""),
        ] {
            #expect(decoder.decode(text).code == "")
        }
        let good = eventJSON()
        let padding = String(repeating: " ", count: EventDecoder.maximumEventBytes - good.utf8.count)
        #expect(decoder.decode(good + padding).code == "")
        // The event and its data are two of the levels.
        let arrays = EventDecoder.maximumDepth - 2
        let nested = String(repeating: "[", count: arrays) + String(repeating: "]", count: arrays)
        #expect(decoder.decode(eventJSON(data: "{\"a\":\(nested)}")).code == "")
    }

    @Test(arguments: [#""standing.policy.activated""#, #""standing.source.reset""#])
    func whatConcernsEveryoneNeedsNoSubject(type: String) throws {
        #expect(try decoder.decode(eventJSON(type: type, subject: nil)).get().subject == "")
        // One that is there all the same would send it to one partition only.
        #expect(try decoder.decode(eventJSON(type: type)).get().subject == "")
    }

    @Test func aDefectLeavesTheDecoderUsable() throws {
        let good = try decoder.decode(eventJSON()).get()
        for bad in ["", "{", #"{"a":"\ud800"}"#, "[]", String(repeating: "[", count: 5000), "\u{FEFF}{}"] {
            #expect(decoder.decode(bad).code != "")
            #expect(try decoder.decode(eventJSON()).get() == good)
        }
    }

    @Test func membersOfAnObject() {
        let object =
            #"{"kind":"indi\u0076idual","n":-7,"big":9223372036854775808,"f":1.5,"o":{"kind":"x"},"z":null,"te\u0072ms":"1"}"#
        Array(object.utf8).withUnsafeBytes { object in
            let kind = decoder.string("kind", of: object).map { String(decoding: $0, as: UTF8.self) }
            #expect(kind == "individual")
            // A key is what its escapes say.
            #expect(decoder.string("terms", of: object).map { String(decoding: $0, as: UTF8.self) } == "1")
            #expect(decoder.string("n", of: object) == nil)
            #expect(decoder.string("z", of: object) == nil)
            #expect(decoder.string("absent", of: object) == nil)
            #expect(decoder.integer("n", of: object) == -7)
            #expect(decoder.integer("big", of: object) == nil)
            #expect(decoder.integer("f", of: object) == nil)
            #expect(decoder.integer("kind", of: object) == nil)
        }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(decoder.string("kind", of: nothing) == nil)
        #expect(decoder.integer("kind", of: nothing) == nil)
    }

    /// Unoptimised code allocates on its own account.
    static var isOptimised: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    @Test(.enabled(if: isOptimised, "allocations are counted in release builds"))
    func steadyStateDoesNotAllocate() {
        let events = [
            eventJSON(), eventJSON(id: #""\u0041""#, data: #"{"a":[1,2,{"b":"\n"}],"c":"😀"}"#), eventJSON(data: nil),
            eventJSON(time: #""yesterday""#), eventJSON(more: ","), "no JSON",
            eventJSON(data: "{" + (0..<40).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"),
        ].map { Array($0.utf8) }
        var event = EventView.empty
        func decode(_ rounds: Int) {
            for round in 0..<rounds {
                events[round % events.count].withUnsafeBytes { _ = decoder.decode(structured: $0, into: &event) }
            }
        }
        decode(100)
        let before = standing_allocations()
        decode(10_000)
        #expect(standing_allocations() - before == 0)
    }
}
