import Events
import Policy
import Randomness
import Scoring
import Testing

/// Whatever an event's data is, the fold goes on, and the rule that cannot be evaluated is no match.
@Suite struct EventDataFuzzTests {
    private static let policy = """
        policy: fuzzed
        version: 1
        score: {base: 0, min: -1000000, max: 1000000}
        dimensions: {d: {}}
        measures:
          - {id: sum, dimension: d, event: deed, sum: data.a, within: 3 days}
          - {id: least, dimension: d, event: "dee.*", min: data.a}
          - {id: most, dimension: d, event: [deed, "dee.*"], max: data.a * data.a, within: 1 month}
          - {id: last, dimension: d, event: deed, when: data.b > 1.5, latest: data.a - data.b}
          - {id: streak, dimension: d, event: deed, when: size(data.s) > 1, streak: ["dee.*"], within: 2 days}
        rules:
          - {id: measures, dimension: d, points: measure.sum - measure.most * measure.last + measure.streak}
          - {id: number, dimension: d, event: deed, when: data.a >= 10, points: data.a * 3 + data.b, per: day, cap: 50, lasts: 3 days}
          - {id: text, dimension: d, event: deed, when: 'data.s.matches("^(x|y)*z") || data.s.contains(data.t)', points: size(data.s)}
          - {id: list, dimension: d, event: deed, when: 'data.l.exists(i, i == data.a) && data.l.all(i, i != 3)', points: 'data.l[0]'}
          - {id: nested, dimension: d, event: deed, when: has(data.o.p.q), points: int(data.o.p.q)}
          - {id: whole, dimension: d, event: deed, when: 'data.exists(k, k.startsWith("a")) && size(data) < 9', points: size(data)}
          - {id: time, dimension: d, event: deed, when: 'timestamp(data.s) < time', points: time.getHours()}
        bands: [{name: A, from: -1000000}]

        """

    private static func value(_ random: inout Seeded, depth: Int) -> String {
        switch random.below(depth > 3 ? 7 : 9) {
        case 0: String(Int64(bitPattern: random.next()) >> Int64(random.below(64)))
        case 1: "\(Double(random.below(2000)) / 8 - 100)"
        case 2: "1e\(random.below(320))"
        case 3: ["true", "false", "null", "-0.0", "9223372036854775808", "\"\""][random.below(6)]
        case 4:
            "\"\(["x", "xyz", "\\u00e9", "e\\u0301", "2026-01-01T00:00:00Z", "\\\"", "\\ud83d\\ude00"][random.below(7)])\""
        case 5, 6: "\(random.below(20))"
        case 7: "[\((0..<random.below(5)).map { _ in value(&random, depth: depth + 1) }.joined(separator: ","))]"
        default: object(&random, depth: depth + 1)
        }
    }

    private static func object(_ random: inout Seeded, depth: Int) -> String {
        let names = ["a", "b", "s", "t", "l", "o", "p", "q", "\\u0061", "gender"].shuffled(using: &random)
        let members = names.prefix(random.below(8)).map { "\"\($0)\":\(value(&random, depth: depth))" }
        return "{\(members.joined(separator: random.below(4) == 0 ? " ,\n" : ","))}"
    }

    @Test func noDataTraps() throws {
        var fuzz = Fuzz("event data", count: 20_000)
        var random = Seeded(fuzz.seed)
        let story = Story(try ScoringPolicy(yaml: Self.policy, file: "fuzzed.yaml"))
        story.given(enrolled("anna"))
        var fold = Fold(policy: story.fold.policy)
        fold.fold(story.item(enrolled("anna"), entry: 0).event, type: EventTypeID(.enrolled), entry: 0)
        let subject = story.lend("anna")
        let type = story.lend("deed")
        for number in 0..<fuzz.count {
            var bytes = Array(Self.object(&random, depth: 0).utf8)
            // Every third text is damaged, though the decoder lets none of those through.
            if number % 3 == 0 {
                for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
                if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
            }
            let id = Array("\(number)".utf8)
            fuzz.run(String(decoding: bytes, as: UTF8.self)) {
                bytes.withUnsafeBytes { data in
                    id.withUnsafeBytes { id in
                        let event = EventView(
                            id: id, source: type, type: type, subject: subject,
                            time: Happening.day(Double(number / 1000)), data: data)
                        fold.fold(event, type: fold.resolve(type: type), entry: 0)
                        fold.clearOutput()
                    }
                }
            }
        }
        fuzz.report("\(fold.counters.scored) scored, \(fold.counters.evaluationErrors) without a value")
        #expect(fold.counters.entries == Int64(fuzz.count) + 1)
        #expect(fold.counters.scored > 0 && fold.counters.evaluationErrors > 0)
    }
}
