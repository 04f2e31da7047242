import Events
import Testing

@Suite struct EventViewTests {
    private static let hash = PolicyHash.of("abc")

    private func controlCode(type: String, data: String? = "{}", fromControlTopic: Bool = true) throws -> String? {
        var event = EventView.empty
        let decoder = EventDecoder()
        let text = Array(eventJSON(type: "\"\(type)\"", data: data).utf8)
        try text.withUnsafeBytes { try #require(decoder.decode(structured: $0, into: &event) == nil) }
        return event.controlDefect(EventDecoder(), fromControlTopic: fromControlTopic)?.code
    }

    @Test func controlEventsAreHonouredOnlyFromTheControlTopic() throws {
        for control in ControlType.allCases {
            let code = try controlCode(type: control.name.description, fromControlTopic: false)
            #expect(code == "type/reserved-type")
        }
        #expect(try controlCode(type: "standing.unheard-of", fromControlTopic: false) == "type/reserved-type")
        #expect(try controlCode(type: "fare.paid", fromControlTopic: false) == nil)
        #expect(try controlCode(type: "standingfare", fromControlTopic: false) == nil)
    }

    @Test(
        arguments: [
            ("fare.paid", nil, nil), ("standing.unheard-of", "{}", "type/unknown-control-type"),
            ("standing.", "{}", "type/unknown-control-type"), ("standing.subject.withdrawn", nil, nil),
            ("standing.subject.enrolled", nil, "data/missing"),
            ("standing.subject.enrolled", "{}", "data/unknown-kind"),
            ("standing.subject.enrolled", #"{"kind":"robot","terms":"t"}"#, "data/unknown-kind"),
            ("standing.subject.enrolled", #"{"kind":1,"terms":"t"}"#, "data/unknown-kind"),
            ("standing.subject.enrolled", #"{"kind":"individual"}"#, "data/missing-member"),
            ("standing.subject.enrolled", #"{"kind":"individual","terms":""}"#, "data/missing-member"),
            ("standing.subject.enrolled", #"{"kind":"individual","terms":null}"#, "data/missing-member"),
            ("standing.subject.enrolled", #"{"terms":"t","kind":"official"}"#, nil),
            ("standing.subject.enrolled", #"{"\u0074erms":"t","kind":"official"}"#, nil),
            ("standing.subject.enrolled", #"{"kind":"business","terms":"t","attributes":{"fleet":3}}"#, nil),
            (
                "standing.subject.enrolled", #"{"kind":"business","terms":"t","attributes":["fleet"]}"#,
                "data/wrong-member"
            ),
            ("standing.subject.enrolled", #"{"kind":"business","terms":"t","attributes":null}"#, nil),
            ("standing.subject.enrolled", #"{"kind":"business","terms":"t","attributes":"none"}"#, "data/wrong-member"),
            ("standing.event.voided", #"{"source":"/s","id":"e"}"#, "data/missing-member"),
            ("standing.event.voided", #"{"source":"/s","id":"e","reason":""}"#, nil),
            ("standing.appeal.filed", #"{"sanction":"rail-ban"}"#, "data/missing-member"),
            ("standing.appeal.filed", #"{"sanction":"rail-ban","statement":""}"#, nil),
            ("standing.appeal.decided", #"{"sanction":"rail-ban","outcome":"upheld"}"#, "data/missing-member"),
            ("standing.appeal.decided", #"{"sanction":"rail-ban","reason":"-"}"#, "data/unknown-outcome"),
            ("standing.source.gap", #"{"topic":"t","partition":0,"to":1}"#, "type/unknown-control-type"),
            ("standing.source.acknowledged", "{}", "data/missing-member"),
            ("standing.source.acknowledged", #"{"topic":"t"}"#, nil),
            ("standing.source.acknowledged", #"{"topic":"t","reason":7}"#, "data/wrong-member"),
            ("standing.source.withdrawn", #"{"topic":"t"}"#, "data/missing-member"),
            ("standing.source.withdrawn", #"{"topic":"t","reason":"r","by":7}"#, "data/wrong-member"),
            ("standing.source.restored", #"{"topic":"t","reason":"r"}"#, nil),
            ("standing.source.reset", "{}", "data/missing-member"), ("standing.source.reset", nil, "data/missing"),
            ("standing.source.reset", #"{"topic":"t"}"#, nil),
            ("standing.policy.activated", #"{"policy":"p"}"#, nil),
            ("standing.policy.activated", #"{"policy":1}"#, "data/missing-member"),
            ("standing.policy.activated", nil, "data/missing"),
            ("standing.policy.activated", #"{"policy":"p","replaces":"\#(hash)"}"#, nil),
            ("standing.policy.activated", #"{"policy":"p","replaces":"\#(hash.dropLast())"}"#, "data/wrong-member"),
            ("standing.policy.activated", #"{"policy":"p","replaces":"\#(hash)0"}"#, "data/wrong-member"),
            ("standing.policy.activated", #"{"policy":"p","replaces":"\#(hash.uppercased())"}"#, "data/wrong-member"),
            ("standing.policy.activated", #"{"policy":"p","replaces":"\#(hash.dropLast())g"}"#, "data/wrong-member"),
            ("standing.policy.activated", #"{"policy":"p","replaces":""}"#, "data/wrong-member"),
            ("standing.policy.activated", #"{"policy":"p","replaces":7}"#, "data/wrong-member"),
            ("standing.policy.activated", #"{"policy":"p","replaces":null}"#, "data/wrong-member"),
        ] as [(String, String?, String?)])
    func controlEventsNeedTheirData(type: String, data: String?, code: String?) throws {
        #expect(try controlCode(type: type, data: data) == code)
    }

    @Test func bytesAreComparedAndOrderedBytewise() {
        let texts = ["", "a", "aa", "ab", "abcdefgh", "abcdefgi", "abcdefgi1", "b", "ä"]
        for (i, a) in texts.enumerated() {
            for (j, b) in texts.enumerated() {
                Array(a.utf8).withUnsafeBytes { a in
                    Array(b.utf8).withUnsafeBytes { b in
                        #expect(a.equals(b) == (i == j))
                        #expect(a.precedes(b) == (i < j))
                    }
                }
            }
        }
    }

    /// A fingerprint depends on every byte, on the length and on the seed, and is the same on every machine.
    @Test func fingerprints() {
        func fingerprint(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
            bytes.withUnsafeBytes { $0.fingerprint(seed: seed) }
        }
        var seen: Set<UInt64> = []
        var made = 0
        for length in 0..<40 {
            for seed in UInt64(0)..<3 {
                made += 1
                seen.insert(fingerprint(Array(repeating: 0, count: length), seed: seed))
                for bit in 0..<length * 8 {
                    var bytes = [UInt8](repeating: 0, count: length)
                    bytes[bit / 8] = 1 << UInt8(bit % 8)
                    made += 1
                    seen.insert(fingerprint(bytes, seed: seed))
                }
            }
        }
        #expect(seen.count == made)
    }
}
