import Events
import Policy
import Randomness
import Scoring
import Testing

/// Whatever an event's data is, the fold continues, and the rule that cannot be evaluated is no match.
@Suite struct EventDataFuzzTests {
    private static let policy = """
        policy: fuzzed
        version: 1
        score: {base: 0, min: -1000000, max: 1000000}
        dimensions: {d: {}, e: {min: -9}}
        constants: {three: 3, texts: [x, xyz], rate: 1.5, numbers: [1, 2, 3, 5, 8]}
        attributes: {tier: string, n: int, d: double, vip: bool, since: timestamp}
        measures:
          - {id: sum, dimension: d, event: deed, sum: data.a, within: 3 days}
          - {id: least, dimension: d, event: "dee.*", min: data.a}
          - {id: most, dimension: d, event: [deed, "dee.*"], max: data.a * data.a, within: 1 month}
          - {id: last, dimension: d, event: deed, when: data.b > constant.rate, latest: data.a - data.b, adverse: true}
          - {id: streak, dimension: d, event: deed, when: size(data.s) > 1, streak: ["dee.*"], within: 2 days}
          - {id: count, dimension: d, event: [deed, dee.a], when: data.s in constant.texts || data.a in constant.numbers, count: true, within: 1 year}
        rules:
          - {id: measures, dimension: d, points: measure.sum - measure.most * measure.last + measure.streak}
          - {id: absent, dimension: d, points: 'has(measure.least) ? measure.least / measure.count : attribute.n * 2', cap: 70}
          - {id: number, dimension: d, event: deed, when: data.a >= 10, points: data.a * 3 + data.b, per: day, cap: 50, lasts: 3 days}
          - {id: fading, dimension: d, event: "dee.*", points: data.a % 100, per: month, cap: 5000000, lasts: 120 months, fades: true}
          - {id: days, dimension: d, event: deed, points: data.a, per: day, lasts: 9 days, fades: true}
          - {id: rolling, dimension: d, event: deed, when: attribute.vip || data.b < attribute.d, points: data.a, within: 4 days, cap: 900}
          - {id: text, dimension: d, event: deed, when: 'data.s.matches("^(x|y)*z") || data.s.contains(data.t)', points: size(data.s)}
          - {id: list, dimension: d, event: deed, when: 'data.l.exists(i, i == data.a) && data.l.all(i, i != 3)', points: 'data.l[0]'}
          - {id: pairs, dimension: d, event: deed, when: 'data.l.exists(i, data.l.exists(j, i == j && string(i) != attribute.tier))', points: size(data.l)}
          - {id: nested, dimension: d, event: deed, when: has(data.o.p.q), points: int(data.o.p.q)}
          - {id: whole, dimension: d, event: deed, when: 'data.exists(k, k.startsWith("a")) && size(data) < 9', points: size(data)}
          - {id: time, dimension: d, event: deed, when: 'timestamp(data.s) < time && attribute.since < time', points: time.getHours()}
          - {id: other, dimension: e, event: other, points: 'data.map(k, size(k)).size() - constant.three'}
        bands: [{name: B, from: -1000000}, {name: A, from: 5}]
        perks:
          - {id: p, when: 'score > 3 && measure.count > constant.three && !sanctioned', grace: 1 day}
        sanctions:
          - {id: level, dimension: d, measures: [m], when: points < -50 || measure.last < 0, lasts: 2 days}
          - {id: event, dimension: d, measures: [m], event: deed, when: data.a == constant.three, lifted-by: "dee.*", notice: 1 day, lasts: 9 days}

        """

    private static let types = ["deed", "deed", "deed", "dee.a", "dee.b.c", "other", "unknown"]

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
        var fuzz = Fuzz("event data", count: 20_000, long: 1_000_000)
        var random = Seeded(fuzz.seed)
        let story = Story(try ScoringPolicy(yaml: Self.policy, file: "fuzzed.yaml"))
        var fold = Fold(policy: story.fold.policy)
        let attributes = #"{"tier":"x","n":-3,"d":2.5,"vip":false,"since":"2020-01-01T00:00:00Z"}"#
        let enrolment = happened(
            "standing.subject.enrolled", "anna", on: 0,
            data: #"{"kind":"individual","terms":"t","attributes":\#(attributes)}"#)
        fold.fold(story.item(enrolment, entry: 0).event, type: EventTypeID(.enrolled), entry: 0)
        let subject = story.lend("anna")
        let types = Self.types.map { story.lend($0) }
        for number in 0..<fuzz.count {
            var bytes = Array(Self.object(&random, depth: 0).utf8)
            // Every third text is damaged, though the decoder lets none of those through.
            if number % 3 == 0 {
                for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
                if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
            }
            let id = Array("\(number)".utf8)
            let type = types[random.below(types.count)]
            fuzz.run(String(decoding: bytes, as: UTF8.self)) {
                bytes.withUnsafeBytes { data in
                    id.withUnsafeBytes { id in
                        let event = EventView(
                            id: id, source: type, type: type, subject: subject,
                            time: Happening.day(Double(number / 1000 + random.below(4)) / 4), data: data)
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
