import Foundation
import Pipeline
import Randomness
import Scoring
import Testing

extension PipelineServiceTests {
    /// Two hundred kinds of records that are no events, among good ones: each costs one dead letter, and nothing else.
    /// `STANDING_FUZZ` rounds of them.
    @Suite struct PoisonTests {
        private typealias Fixture = PipelineFixture

        private static let good = """
            {"specversion":"1.0","id":"x","source":"/hamlet","type":"bill.paid","subject":"anna",\
            "time":"2020-01-01T00:00:00Z","data":{}}
            """
        /// Each required attribute as it stands in `good`.
        private static let attributes = [
            #""specversion":"1.0""#, #""id":"x""#, #""source":"/hamlet""#, #""type":"bill.paid""#,
            #""subject":"anna""#, #""time":"2020-01-01T00:00:00Z""#,
        ]

        static func kinds() -> [[UInt8]?] {
            var kinds: [[UInt8]?] = [nil, [], [0], [0xFF], Array("null".utf8), Array("[]".utf8), Array("\"\"".utf8)]
            func add(_ text: String) { kinds.append(Array(text.utf8)) }
            for attribute in attributes {
                let name = String(attribute.prefix { $0 != ":" })
                for value in ["", "null", "1", "true", "[]", "{}", #""""#, "1.0", #""\ud800""#, "nan"] {
                    add(good.replacing(attribute, with: value.isEmpty ? name : name + ":" + value))
                }
                add(good.replacing(attribute + ",", with: ""))
                add(good.replacing(attribute, with: attribute + "," + attribute))
                add(good.replacing(attribute, with: attribute.uppercased()))
            }
            for type in ["crowned", "subject.enrolled", "subject.withdrawn", "event.voided", "policy.activated", ""] {
                add(good.replacing("bill.paid", with: "standing." + type))
            }
            for time in [
                "2020-13-01T00:00:00Z", "2020-02-30T00:00:00Z", "2020-01-01T25:00:00Z", "2020-01-01", "now",
                "2020-01-01T00:00:00", "2020-01-15T12:30:60Z", "9020-01-01T00:00:00Z", "2020-01-01T00:00:00+99:00",
                "0000-00-00T00:00:00Z",
            ] { add(good.replacing("2020-01-01T00:00:00Z", with: time)) }
            for (old, new) in [
                ("\"x\"", #""x\u0085""#), ("/hamlet", #"/hamlet\uFDD0"#), ("bill.paid", #"bill.paid\uFFFE"#),
                ("anna", #"anna\uD83F\uDFFF"#), ("anna", "anna\u{9F}"),
            ] { add(good.replacing(old, with: new)) }
            for version in ["0.3", "1", "1.1", "2.0", " 1.0"] { add(good.replacing("\"1.0\"", with: "\"\(version)\"")) }
            for data in ["nul", "{", "{\"a\":}", "{\"a\":1,}", "\u{1}"] {
                add(good.replacing("\"data\":{}", with: "\"data\":\(data)"))
            }
            // Cut off anywhere.
            let bytes = Array(good.utf8)
            var length = 1
            while kinds.count < 200 {
                kinds.append(Array(bytes.prefix(length)))
                length += 1
            }
            return kinds
        }

        @Test func twoHundredKindsAmongGoodEvents() throws {
            var fuzz = Fuzz("poison", count: 3, long: 500)
            let kinds = Self.kinds()
            #expect(kinds.count == 200 && Set(kinds).count == 200)
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            var (poisoned, clean) = (Duration.zero, Duration.zero)
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send([Fixture.enrolment(of: "anna")])
                try fixture.waitForFold(of: 1, by: service)
                var (entries, letters) = (1, Int64(0))
                for round in 0..<fuzz.count {
                    for isPoisoned in [false, true] {
                        let count = isPoisoned ? kinds.count : 2 * kinds.count
                        var records = (0..<count).map { Fixture.bill("\(round)-\(isPoisoned)-\($0)", of: "anna") }
                        if isPoisoned {
                            let poison = kinds.map {
                                Fixture.Sent(topic: Fixture.bills, key: Array("anna".utf8), value: $0)
                            }
                            records = zip(poison, records).flatMap { [$0, $1] }
                            letters += Int64(kinds.count)
                        }
                        entries += count
                        let (wanted, wantedLetters) = (entries, letters)
                        let start = ContinuousClock.now
                        try fuzz.run("round \(round)") {
                            try fixture.send(records)
                            try fixture.wait("round \(round)") {
                                service.foldCounters.entries >= Int64(wanted)
                                    && service.status.intake.deadLetterTotal >= wantedLetters
                            }
                        }
                        if isPoisoned {
                            poisoned += ContinuousClock.now - start
                        } else {
                            clean += ContinuousClock.now - start
                        }
                    }
                }
                try fixture.waitForFold(of: entries, by: service)
                #expect(service.status.intake.deadLetterTotal == letters)
                #expect(service.foldCounters.duplicates == 0)
            }
            _ = try fixture.checkedFacts()
            fuzz.report("as many records take \(poisoned / clean) times as long with poison in them")
        }
    }
}
