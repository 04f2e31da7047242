import Events
import Testing

struct ObjectDefectTests {
    @Test(
        arguments: [
            ("{}", nil), (#" {"a":[1,{"b":null}]} "#, nil), ("", .notJSON), ("{", .notJSON), ("[1]", .notAnObject),
            (#"{"a":1,"a":2}"#, .duplicateKey), (#"{"a":{"b":1,"b":2}}"#, .duplicateKey),
            (#"{"a":1e999}"#, .numberOutOfRange),
            (#"{"a":"# + String(repeating: "[", count: 70) + String(repeating: "]", count: 70) + "}", .tooDeep),
        ] as [(String, EventDefect.Reason?)])
    func anObjectIsCheckedAsAnEventsDataIs(_ text: String, _ reason: EventDefect.Reason?) {
        let decoder = EventDecoder()
        #expect(Array(text.utf8).withUnsafeBytes { decoder.defect(ofObject: $0) } == reason)
    }

    @Test func whatIsTooLargeOrNoTextIsRefused() {
        let decoder = EventDecoder()
        let large =
            Array(#"{"a":""#.utf8) + [UInt8](repeating: 0x78, count: EventDecoder.maximumEventBytes)
            + Array(#""}"#.utf8)
        #expect(large.withUnsafeBytes { decoder.defect(ofObject: $0) } == .tooLarge)
        #expect(
            (Array(#"{"a":""#.utf8) + [0xFF, 0x22, 0x7D]).withUnsafeBytes { decoder.defect(ofObject: $0) }
                == .invalidUTF8)
    }
}
