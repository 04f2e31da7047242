import CAllocationCounter
import Events
import Testing

/// A record in binary mode: `ce_` headers and the value.
private struct BinaryRecord {
    var specversion: [UInt8]? = Array("1.0".utf8)
    var id: [UInt8]? = Array("e17".utf8)
    var source: [UInt8]? = Array("/city/bus".utf8)
    var type: [UInt8]? = Array("fare.paid".utf8)
    var subject: [UInt8]? = Array("anna".utf8)
    var time: [UInt8]? = Array("2026-01-02T03:04:05Z".utf8)
    var contentType: [UInt8]? = Array("application/json".utf8)
    var value: [UInt8]? = Array(#"{"line":17}"#.utf8)

    func lend<Answer>(_ body: ([UnsafeRawBufferPointer?], UnsafeRawBufferPointer?) -> Answer) -> Answer {
        let headers = [specversion, id, source, type, subject, time, contentType]
        let all = headers.flatMap { $0 ?? [] }
        return all.withUnsafeBytes { bytes in
            var start = 0
            let views = headers.map { header in
                header.map { text in
                    defer { start += text.count }
                    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + text.count])
                }
            }
            guard let value else { return body(views, nil) }
            return value.withUnsafeBytes { body(views, $0) }
        }
    }
}

extension EventDecoder {
    fileprivate func decode(_ record: BinaryRecord) -> Result<Decoded, EventDefect> {
        record.lend { headers, value in
            var event = EventView.empty
            let defect = decode(
                binary: value, specversion: headers[0], id: headers[1], source: headers[2], type: headers[3],
                subject: headers[4], time: headers[5], contentType: headers[6], into: &event)
            return defect.map { .failure($0) } ?? .success(Decoded(event))
        }
    }
}

@Suite struct EventDecoderBinaryTests {
    private let decoder = EventDecoder()

    private func code(_ change: (inout BinaryRecord) -> Void) -> String {
        var record = BinaryRecord()
        change(&record)
        return decoder.decode(record).code
    }

    @Test func readsABinaryEvent() throws {
        let event = try decoder.decode(BinaryRecord()).get()
        #expect(event == (try EventDecoder().decode(eventJSON(data: #"{"line":17}"#)).get()))
    }

    @Test func dataIsExactlyWhatWasWritten() throws {
        var record = BinaryRecord()
        record.value = Array(" \n{ \"a\" : [1 , 2] }\r\n ".utf8)
        #expect(try decoder.decode(record).get().data == "{ \"a\" : [1 , 2] }")
        record.value = []
        #expect(try decoder.decode(record).get().data == "")
    }

    /// No value is no data, whatever type the data would have had.
    @Test(arguments: [nil, "application/json", "text/plain", ""])
    func anEventWithoutAValueHasNoData(contentType: String?) throws {
        var record = BinaryRecord()
        record.value = nil
        record.contentType = contentType.map { Array($0.utf8) }
        #expect(try decoder.decode(record).get() == EventDecoder().decode(eventJSON(data: nil)).get())
        record.subject = nil
        #expect(decoder.decode(record).code == "subject/missing")
    }

    /// `MediaTypeTests` has the forms of a media type.
    @Test(arguments: [nil, "application/json", "Application/Vnd.Town+JSON ; charset=utf-8"])
    func takesJSON(contentType: String?) {
        #expect(code { $0.contentType = contentType.map { Array($0.utf8) } } == "")
    }

    @Test(arguments: ["", "text/plain", "application/json x", "application/cloudevents-batch+xml"])
    func refusesOtherContent(contentType: String) {
        #expect(code { $0.contentType = Array(contentType.utf8) } == "content-type/unsupported")
    }

    @Test func attributesAreChecked() {
        #expect(code { $0.specversion = nil } == "specversion/missing")
        #expect(code { $0.specversion = Array("0.3".utf8) } == "specversion/wrong-version")
        #expect(code { $0.specversion = [] } == "specversion/wrong-version")
        #expect(code { $0.id = nil } == "id/missing")
        #expect(code { $0.id = [] } == "id/empty")
        #expect(code { $0.id = [0xFF] } == "id/invalid-utf-8")
        #expect(code { $0.id = Array(repeating: 0x78, count: 1025) } == "id/too-long")
        #expect(code { $0.source = nil } == "source/missing")
        #expect(code { $0.source = [] } == "source/empty")
        #expect(code { $0.source = [0xED, 0xA0, 0x80] } == "source/invalid-utf-8")
        #expect(code { $0.type = nil } == "type/missing")
        #expect(code { $0.type = [0x0A] } == "type/control-character")
        #expect(code { $0.subject = nil } == "subject/missing")
        #expect(code { $0.subject = [] } == "subject/empty")
        #expect(code { $0.subject = [0x61, 0x7F] } == "subject/control-character")
        #expect(code { $0.subject = [0xC3] } == "subject/invalid-utf-8")
        #expect(code { $0.id = Array("\u{85}".utf8) } == "id/control-character")
        #expect(code { $0.source = Array("/city/\u{9F}".utf8) } == "source/control-character")
        #expect(code { $0.type = Array("fare.".utf8) + [0xEF, 0xB7, 0x90] } == "type/noncharacter")
        #expect(code { $0.subject = Array("anna".utf8) + [0xF0, 0x9F, 0xBF, 0xBF] } == "subject/noncharacter")
        #expect(code { $0.subject = Array("änna\u{A0}".utf8) } == "")
        #expect(code { $0.time = nil } == "time/missing")
        #expect(code { $0.time = [] } == "time/empty")
        #expect(code { $0.time = Array("now".utf8) } == "time/not-a-time")
    }

    @Test(arguments: [
        ("[]", "data/not-an-object"), ("17", "data/not-an-object"), (" ", "data/not-json"),
        ("{\"a\":1", "data/not-json"), ("{}{}", "data/not-json"), ("{} x", "data/not-json"),
        (#"{"a":1,"a":2}"#, "data/duplicate-key"), (#"{"a":1e400}"#, "data/number-out-of-range"),
        (#"{"a":1e}"#, "data/not-json"), (#"{"a":1e-}"#, "data/not-json"),
        (#"{"a":"\ud800"}"#, "data/not-json"),
        ("{\"a\":" + String(repeating: "[", count: 64) + String(repeating: "]", count: 64) + "}", "data/too-deep"),
        (String(repeating: " ", count: EventDecoder.maximumEventBytes) + "{}", "event/too-large"),
    ])
    func dataIsChecked(value: String, code expected: String) {
        #expect(code { $0.value = Array(value.utf8) } == expected)
    }

    @Test func dataMustBeUTF8() {
        #expect(code { $0.value = Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}".utf8) } == "data/invalid-utf-8")
    }

    @Test func dataCutAtAnyByteIsADefect() {
        let value = Array(#"{"a":[1.5,true,null,{"b":"\\"}],"ä":-0}"#.utf8)
        for count in 1..<value.count { #expect(code { $0.value = Array(value[..<count]) } != "") }
        #expect(code { $0.value = value } == "")
    }

    @Test(.enabled(if: EventDecoderTests.isOptimised, "allocations are counted in release builds"))
    func steadyStateDoesNotAllocate() {
        var record = BinaryRecord()
        record.subject = Array("a-subject-whose-id-is-long".utf8)
        let counted = record.lend { headers, value in
            var event = EventView.empty
            func decode(_ rounds: Int) {
                for _ in 0..<rounds {
                    _ = decoder.decode(
                        binary: value, specversion: headers[0], id: headers[1], source: headers[2], type: headers[3],
                        subject: headers[4], time: headers[5], contentType: headers[6], into: &event)
                }
            }
            decode(100)
            let before = standing_allocations()
            decode(10_000)
            return standing_allocations() - before
        }
        #expect(counted == 0)
    }
}
