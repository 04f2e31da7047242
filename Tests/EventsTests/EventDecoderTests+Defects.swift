import Events
import Testing

extension EventDecoderTests {
    /// `ATTRIBUTE/REASON` of each way to be no event.
    static let defects: [(String, String)] = [
        // Not JSON.
        ("", "event/not-json"), (" ", "event/not-json"),
        ("{", "event/not-json"), ("{}}", "event/not-json"), ("{\"a\"}", "event/not-json"),
        ("{\"a\":}", "event/not-json"), ("{\"a\":1,}", "event/not-json"), ("{a:1}", "event/not-json"),
        ("{'a':1}", "event/not-json"), ("{\"a\":1 \"b\":2}", "event/not-json"), ("{\"a\":[1,]}", "event/not-json"),
        ("{\"a\":[1 2]}", "event/not-json"), ("{\"a\":tru}", "event/not-json"), ("{\"a\":truely}", "event/not-json"),
        ("{\"a\":nul}", "event/not-json"), ("{\"a\":nulls}", "event/not-json"), ("{\"a\":NaN}", "event/not-json"),
        ("{\"a\":Infinity}", "event/not-json"), ("{/* */}", "event/not-json"),
        (eventJSON() + "x", "event/not-json"), (eventJSON() + "{}", "event/not-json"),
        (eventJSON() + " " + eventJSON(), "event/not-json"), (eventJSON() + "]", "event/not-json"),
        (eventJSON() + ",", "event/not-json"), (eventJSON() + "\u{0}", "event/not-json"),
        (eventJSON(more: ","), "event/not-json"),
        (eventJSON(more: #","x":"y":1"#), "event/not-json"), (eventJSON(more: #","x":"y":[1]}"#), "event/not-json"),
        (eventJSON(id: #""e17":[1]}"#), "event/not-json"), (eventJSON(data: #"{"a":"b":{}}}"#), "event/not-json"),
        (eventJSON(data: #"{"a":"b":[1]},"c":2}"#), "event/not-json"),
        // JSON of another type, and what does not begin as an object.
        ("fare.paid", "event/not-an-object"), ("\u{FEFF}" + eventJSON(), "event/not-an-object"),
        ("[]", "event/not-an-object"), ("[{}]", "event/not-an-object"), ("null", "event/not-an-object"),
        ("17", "event/not-an-object"), ("\"event\"", "event/not-an-object"), ("true", "event/not-an-object"),
        (eventJSON(data: "[1]"), "data/not-an-object"), (eventJSON(data: "17"), "data/not-an-object"),
        (eventJSON(data: "\"{}\""), "data/not-an-object"), (eventJSON(data: "null"), "data/not-an-object"),
        (eventJSON(data: "true"), "data/not-an-object"),
        (eventJSON(specversion: "1.0"), "specversion/not-a-string"), (eventJSON(id: "17"), "id/not-a-string"),
        (eventJSON(source: "{}"), "source/not-a-string"), (eventJSON(type: "[]"), "type/not-a-string"),
        (eventJSON(subject: "true"), "subject/not-a-string"), (eventJSON(time: "0"), "time/not-a-string"),
        (eventJSON(more: #","datacontenttype":1"#), "datacontenttype/not-a-string"),
        // Attributes.
        ("{}", "specversion/missing"), (eventJSON(specversion: nil), "specversion/missing"),
        (eventJSON(specversion: "null"), "specversion/missing"),
        (eventJSON(specversion: #""""#), "specversion/wrong-version"),
        (eventJSON(specversion: #""0.3""#), "specversion/wrong-version"),
        (eventJSON(specversion: #""1.0.0""#), "specversion/wrong-version"),
        (eventJSON(id: nil), "id/missing"), (eventJSON(id: "null"), "id/missing"), (eventJSON(id: #""""#), "id/empty"),
        (eventJSON(source: nil), "source/missing"), (eventJSON(source: "null"), "source/missing"),
        (eventJSON(source: #""""#), "source/empty"), (eventJSON(type: nil), "type/missing"),
        (eventJSON(type: "null"), "type/missing"), (eventJSON(type: #""""#), "type/empty"),
        (eventJSON(subject: nil), "subject/missing"), (eventJSON(subject: "null"), "subject/missing"),
        (eventJSON(subject: #""""#), "subject/empty"), (eventJSON(time: nil), "time/missing"),
        (eventJSON(time: "null"), "time/missing"), (eventJSON(time: #""""#), "time/empty"),
        (eventJSON(time: #""2026-02-29T00:00:00Z""#), "time/not-a-time"),
        (eventJSON(time: #""2026-01-02""#), "time/not-a-time"),
        (eventJSON(type: #""standing.subject.enrolled""#, subject: nil), "subject/missing"),
        (eventJSON(more: #","data_base64":"e30=""#), "data_base64/unsupported"),
        (eventJSON(data: nil, more: #","data_base64":"""#), "data_base64/unsupported"),
        // The same key twice.
        (eventJSON(more: #","id":"e17""#), "id/duplicate-key"), (eventJSON(more: #","data":{}"#), "data/duplicate-key"),
        (eventJSON(more: #","subject":null"#), "subject/duplicate-key"),
        (eventJSON(more: #","\u0069d":"e18""#), "id/duplicate-key"),
        (eventJSON(more: #","x":1,"x":2"#), "event/duplicate-key"),
        (eventJSON(more: #","x":1,"\u0078":2"#), "event/duplicate-key"),
        (eventJSON(more: #","x":{"a":1,"a":2}"#), "event/duplicate-key"),
        (eventJSON(data: #"{"a":1,"b":2,"a":1}"#), "data/duplicate-key"),
        (eventJSON(data: #"{"a":1,"\u0061":1}"#), "data/duplicate-key"),
        (eventJSON(data: #"{"":1,"":1}"#), "data/duplicate-key"),
        (eventJSON(data: #"{"a":[{"b":{"c":0,"c":0}}]}"#), "data/duplicate-key"),
        (
            eventJSON(data: "{" + (0..<100).map { "\"k\($0 % 99)\":0" }.joined(separator: ",") + "}"),
            "data/duplicate-key"
        ),
        // Strings.
        (eventJSON(id: #""\ud800""#), "event/not-json"), (eventJSON(id: #""\udc00""#), "event/not-json"),
        (eventJSON(data: #"{"a":"\ud83d"}"#), "event/not-json"),
        (eventJSON(data: #"{"a":"\ud83d\u0041"}"#), "event/not-json"),
        (eventJSON(data: #"{"a":"\ude00\ud83d"}"#), "event/not-json"),
        (eventJSON(data: #"{"\udead":1}"#), "event/not-json"), (eventJSON(data: #"{"a":"\u12g4"}"#), "event/not-json"),
        (eventJSON(data: #"{"a":"\x41"}"#), "event/not-json"), (eventJSON(data: "{\"a\":\"\n\"}"), "event/not-json"),
        (eventJSON(id: "\"a\u{1}\""), "event/not-json"), (eventJSON(id: #""a\u0001""#), "id/control-character"),
        (eventJSON(source: #""\u0000""#), "source/control-character"),
        (eventJSON(type: #""fare\tpaid""#), "type/control-character"),
        (eventJSON(subject: #""anna\n""#), "subject/control-character"),
        (eventJSON(subject: "\"anna\u{7F}\""), "subject/control-character"),
        (eventJSON(subject: #""\u007fanna""#), "subject/control-character"),
        (eventJSON(more: #","datacontenttype":"application/json\u0007""#), "datacontenttype/control-character"),
        // Numbers.
        (eventJSON(data: #"{"n":1e400}"#), "data/number-out-of-range"),
        (eventJSON(data: #"{"n":-1E999}"#), "data/number-out-of-range"),
        (eventJSON(more: #","n":[1e400]"#), "event/number-out-of-range"),
        (eventJSON(data: "{\"n\":" + String(repeating: "9", count: 400) + ".5}"), "data/number-out-of-range"),
        (eventJSON(data: #"{"n":1e}"#), "event/not-json"), (eventJSON(data: #"{"n":1e+}"#), "event/not-json"),
        (eventJSON(data: #"{"n":-1E-}"#), "event/not-json"), (eventJSON(data: #"{"n":1.e5}"#), "event/not-json"),
        (eventJSON(data: #"{"n":01e999}"#), "event/not-json"), (eventJSON(data: #"{"n":1e400x}"#), "event/not-json"),
        (eventJSON(data: #"{"n":01}"#), "event/not-json"), (eventJSON(data: #"{"n":-01}"#), "event/not-json"),
        (eventJSON(data: #"{"n":00}"#), "event/not-json"), (eventJSON(data: #"{"n":+1}"#), "event/not-json"),
        (eventJSON(data: #"{"n":.5}"#), "event/not-json"), (eventJSON(data: #"{"n":1.}"#), "event/not-json"),
        (eventJSON(data: #"{"n":-}"#), "event/not-json"), (eventJSON(data: #"{"n":0x10}"#), "event/not-json"),
        (eventJSON(data: #"{"n":1 2}"#), "event/not-json"), (eventJSON(data: #"{"n":1a}"#), "event/not-json"),
        // Limits.
        (eventJSON(id: "\"" + String(repeating: "x", count: 1025) + "\""), "id/too-long"),
        (eventJSON(subject: "\"" + String(repeating: "ä", count: 513) + "\""), "subject/too-long"),
        (eventJSON() + String(repeating: " ", count: EventDecoder.maximumEventBytes), "event/too-large"),
        (
            eventJSON(data: "{\"a\":" + String(repeating: "[", count: 63) + String(repeating: "]", count: 63) + "}"),
            "data/too-deep"
        ),
        (
            eventJSON(
                data: String(repeating: "{\"a\":", count: 64) + "0" + String(repeating: "}", count: 64)),
            "data/too-deep"
        ),
    ]

    @Test(arguments: defects) func everyDefectHasItsCode(text: String, code: String) {
        let result = decoder.decode(text)
        #expect(result.code == code)
        #expect(EventDefect.codes.contains(code), "its count begins at 0")
        if case .failure(let defect) = result { #expect(!defect.description.isEmpty) }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0xAF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
            [0xFE, 0xFF],
        ] as [[UInt8]])
    func textsMustBeUTF8(bytes: [UInt8]) {
        for piece in ["e17", "anna", "line", "2026"] {
            let text = Array(eventJSON().utf8)
            let start = text.indices.first { text[$0...].starts(with: piece.utf8) } ?? 0
            #expect(decoder.decode(text[..<start] + bytes + text[start...]).code == "event/invalid-utf-8")
        }
    }

    /// Eight bytes are looked at in one step: a control character shows at every position, its neighbours do not.
    @Test func controlCharactersShowAtEveryPosition() {
        for length in 1...20 {
            for neighbour in [" ", "~", "!", "\u{A0}", "\u{FFFD}"] {
                let text = String(repeating: neighbour, count: length)
                #expect(decoder.decode(eventJSON(id: "\"\(text)\"")).code == "")
            }
            for position in 0..<length {
                for escape in [#"\u0000"#, #"\u001f"#, "\u{7F}"] {
                    let text =
                        String(repeating: "!", count: position) + escape
                        + String(repeating: "!", count: length - position - 1)
                    #expect(decoder.decode(eventJSON(id: "\"\(text)\"")).code == "id/control-character")
                }
            }
        }
    }

    /// What CloudEvents' type String excludes beyond ASCII.
    private static let excluded: [(scalar: UInt32, reason: String)] = [
        (0x80, "control-character"), (0x85, "control-character"), (0x9F, "control-character"),
        (0xFDD0, "noncharacter"), (0xFDEF, "noncharacter"), (0xFFFE, "noncharacter"), (0xFFFF, "noncharacter"),
        (0x1FFFE, "noncharacter"), (0x1FFFF, "noncharacter"), (0xAFFFE, "noncharacter"), (0x10FFFF, "noncharacter"),
    ]

    /// `\uXXXX` for each UTF-16 unit.
    private static func escaped(_ text: String) -> String {
        text.utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    @Test func textsHaveOnlyTheCharactersOfACloudEventsString() throws {
        for (scalar, reason) in Self.excluded {
            let text = String(try #require(Unicode.Scalar(scalar)))
            for written in [text, Self.escaped(text)] {
                for (before, after) in [("", ""), ("anna", ""), ("", "anna"), ("a subject's ä", "and more of it")] {
                    let value = "\"\(before)\(written)\(after)\""
                    #expect(decoder.decode(eventJSON(id: value)).code == "id/\(reason)")
                    #expect(decoder.decode(eventJSON(source: value)).code == "source/\(reason)")
                    #expect(decoder.decode(eventJSON(type: value)).code == "type/\(reason)")
                    #expect(decoder.decode(eventJSON(subject: value)).code == "subject/\(reason)")
                    // Data is not such a string.
                    #expect(decoder.decode(eventJSON(data: "{\"a\":\(value)}")).code == "")
                }
            }
        }
    }

    @Test(
        arguments: [
            0xA0, 0xAD, 0x2028, 0xD7FF, 0xE000, 0xFDCF, 0xFDF0, 0xFEFF, 0xFFFD, 0x10000, 0x1FFFD, 0x20000, 0x2FDD0,
            0x10FFFD,
        ] as [UInt32])
    func theirNeighboursAreCharacters(scalar: UInt32) throws {
        let text = String(try #require(Unicode.Scalar(scalar)))
        for written in [text, Self.escaped(text)] {
            let value = "\"\(written)\""
            let event = try decoder.decode(eventJSON(id: value, source: value, type: value, subject: value)).get()
            for read in [event.id, event.source, event.type, event.subject] {
                #expect(read.unicodeScalars.elementsEqual(text.unicodeScalars))
            }
        }
    }

    @Test func anEventCutAtAnyByteIsADefect() {
        for text in [
            eventJSON(), eventJSON(id: #""\u0041\ud83d\ude00""#, data: #"{"a":[1.5e3,true,null,{"b":"\\"}],"ä":-0}"#),
        ] {
            let bytes = Array(text.utf8)
            for count in 0..<bytes.count { #expect(decoder.decode(bytes[..<count]).code != "") }
            #expect(decoder.decode(bytes).code == "")
        }
    }
}
