import Events
import Foundation
import Testing

/// What the schemas of events say of `source`, `id`, `type`, `subject` and `time` is what the decoder takes.
@Suite struct DecoderSchemaTests {
    /// An event of each schema, and of control events one about a subject and one about everyone.
    private static let events: [(schema: String, type: String, data: [String: String])] = [
        ("event.json", "fare.paid", [:]),
        ("control.json", "standing.subject.enrolled", ["kind": "individual", "terms": "1"]),
        ("control.json", "standing.subject.withdrawn", [:]),
        ("control.json", "standing.event.voided", ["source": "/s", "id": "1", "reason": "-"]),
        ("control.json", "standing.appeal.filed", ["sanction": "s", "statement": "-"]),
        ("control.json", "standing.appeal.decided", ["sanction": "s", "outcome": "upheld", "reason": "-"]),
        ("control.json", "standing.policy.activated", ["policy": "policy: town"]),
        (
            "control.json", "standing.policy.activated",
            ["policy": "policy: town", "replaces": PolicyHash.of("policy: village")]
        ),
        ("control.json", "standing.source.reset", ["topic": "t"]),
        ("control.json", "standing.source.acknowledged", ["topic": "t", "reason": "-"]),
        ("control.json", "standing.source.withdrawn", ["topic": "t", "reason": "-", "by": "anna"]),
        ("control.json", "standing.source.restored", ["topic": "t", "reason": "-"]),
    ]

    private static let scalars: [UInt32] =
        Array(0...0x20) + Array(0x7E...0xA0) + [0xD7FF, 0xE000, 0xFDCF, 0xFDD0, 0xFDEF, 0xFDF0, 0x1F600]
        + (0...16).flatMap { plane in [0xFFFD, 0xFFFE, 0xFFFF].map { plane << 16 | $0 } }

    private static let texts: [String] =
        scalars.compactMap { Unicode.Scalar($0) }.map { "a\(String($0))b" } + [
            "", "a", "a\r\nb", "e\u{301}", "\u{E9}", "a\n", "\n", String(repeating: "a", count: 1024),
            String(repeating: "a", count: 1025), String(repeating: "\u{E9}", count: 512),
        ]

    private static let times: [String] =
        [
            "2026-01-02T03:04:05Z", "2026-01-02t03:04:05z", "2026-01-02T03:04:05.123456789+01:00",
            "2026-01-02T23:59:59-23:59", "2024-02-29T00:00:00Z", "2016-12-31T23:59:60Z", "2026-12-31T00:00:00Z", "",
            "2026-01-02", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05", "2026-01-02T03:04Z", "2026-1-02T03:04:05Z",
            "0000-01-02T03:04:05Z", "2026-00-02T03:04:05Z", "2026-13-02T03:04:05Z", "2026-01-00T03:04:05Z",
            "2026-01-32T03:04:05Z", "2026-04-31T03:04:05Z", "2026-02-30T03:04:05Z", "2026-01-02T24:00:00Z",
            "2026-01-02T03:60:05Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05,5Z",
            "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+01:60", "2026-01-02T03:04:05+0100",
            "2026-01-02T03:04:05Z\n", " 2026-01-02T03:04:05Z", "yesterday",
        ] + [43, 44].map { "2026-01-02T03:04:05." + String(repeating: "5", count: $0) + "Z" }

    private static func defect(of bytes: Data, fromControlTopic: Bool) -> EventDefect? {
        let (decoder, memberDecoder) = (EventDecoder(), EventDecoder())
        // The event that is read borrows the decoder's memory.
        return withExtendedLifetime(decoder) {
            Array(bytes).withUnsafeBytes { bytes in
                var event = EventView.empty
                if let defect = decoder.decode(structured: bytes, into: &event) { return defect }
                return event.controlDefect(memberDecoder, fromControlTopic: fromControlTopic)
            }
        }
    }

    @Test(arguments: events.indices) func theSchemaTakesWhatTheDecoderTakes(_ index: Int) throws {
        let (name, type, data) = Self.events[index]
        let schema = try ShippedTopics.schema(name)
        let good: [String: Any] = [
            "specversion": "1.0", "id": "1", "source": "/s", "type": type, "subject": "anna",
            "time": "2026-01-02T03:04:05Z", "data": data,
        ]
        func isTaken(_ event: [String: Any]) throws -> (schema: Bool, decoder: Bool) {
            let bytes = try JSONSerialization.data(withJSONObject: event)
            let defect = Self.defect(of: bytes, fromControlTopic: name == "control.json")
            return (schema.errors(in: event).isEmpty, defect == nil)
        }
        let isGood = try isTaken(good)
        #expect(isGood.schema && isGood.decoder)
        // Every character once for each schema; the rest is the same attribute.
        let texts = index < 2 ? Self.texts : Self.texts.suffix(20)
        // Another type is another event, which the control topic may have too.
        let types = name == "event.json" ? texts + ["standing.", "standing.no", "standing"] : []
        for (attribute, values) in [
            ("id", texts), ("source", texts), ("type", types), ("subject", texts), ("time", Self.times),
        ] {
            let without = try isTaken(good.filter { $0.key != attribute })
            #expect(without.schema == without.decoder, "without \(attribute)")
            for value in values {
                let taken = try isTaken(good.merging([attribute: value]) { $1 })
                #expect(taken.schema == taken.decoder, "\(attribute): \(value.unicodeScalars.map(\.value))")
            }
        }
    }

    /// A schema counts characters; of bytes its description speaks.
    @Test func bytesAreTheDecodersAlone() throws {
        let event: [String: Any] = [
            "specversion": "1.0", "id": String(repeating: "\u{E9}", count: 513), "source": "/s", "type": "fare.paid",
            "subject": "anna", "time": "2026-01-02T03:04:05Z",
        ]
        #expect(try ShippedTopics.schema("event.json").errors(in: event) == [])
        let bytes = try JSONSerialization.data(withJSONObject: event)
        #expect(Self.defect(of: bytes, fromControlTopic: false)?.code == "id/too-long")
    }
}
