import Policy
import Randomness
import Testing

/// Whatever the document is, it is a policy or its mistakes are reported with their locations.
@Suite struct PolicyFuzzTests {
    private static let document = """
        policy: fuzzed
        version: 2
        score: {base: 1000, min: 0, max: 1300}
        kinds: [individual, business]
        dimensions:
          payment: {min: -400, max: 150}
          transport: {}
        constants: {strikes: 3, tiers: [gold, "plus"], rate: 1.5}
        attributes: {tier: string, fleet: int, since: timestamp}
        measures:
          - {id: late_90d, dimension: payment, event: bill.missed, when: data.days > 5, count: true, within: 90 days, adverse: true}
          - {id: rides, dimension: transport, kinds: [business], event: ["ride.*", tour], sum: data.km, within: 1 year}
          - {id: row, dimension: payment, event: bill.paid, streak: [bill.missed, "fine.*"]}
          - {id: last, dimension: payment, event: bill.paid, latest: data.cents}
        rules:
          - {id: three, dimension: payment, points: "measure.late_90d >= constant.strikes ? -60 : measure.row", cap: 60}
          - {id: ride, dimension: transport, event: "ride.*", when: attribute.tier in constant.tiers, points: 2, within: 60 days}
          - {id: fading, dimension: transport, event: tour, points: -10, per: month, lasts: 12 months, fades: true}
          - {id: on-time, dimension: payment, event: [bill.paid, loan.repaid], when: data.amount >= 50, points: 6, per: month, cap: 12, lasts: 12 months}
          - id: late
            dimension: payment
            event: bill.missed
            when: 'has(data.days) && data.tags.exists(t, t.matches("^l(a|b)*te$"))'
            points: "data.days > 30 ? -25 : -12"
          - {id: fare, dimension: transport, event: fare.evaded, kinds: [individual], points: -25, per: year, lasts: 1 year}
        bands:
          - {name: C, from: 0}
          - {name: "A", from: 960}
        perks:
          - {id: energy, when: 'score >= 1030 && dimension.payment >= 10 && !sanctioned', grace: 14 days}
          - {id: fleet, when: attribute.fleet > 2 && has(measure.last) && measure.rides > 100}
        sanctions:
          - {id: prepay, dimension: payment, measures: [credit], when: measure.late_90d > 3, lasts: 60 days}
          - {id: rail-ban, dimension: transport, measures: [rail], when: points <= -75, notice: 5 days, lasts: 180 days}
          - {id: debtor, dimension: payment, event: court.defaulted, when: data.amount > 1000, lifted-by: court.satisfied, measures: [air, rail], lasts: 2 years}
        appeals: {stay: true, decide-within: 30 days}
        harm-budget: {lose-band: 2.5 %, largest-loss: 60}

        """
    /// What mutations put in: YAML's own signs, words of policies, and bytes that are none of either.
    private static let pieces: [String] = [
        "{", "}", "[", "]", ":", ": ", "- ", "\n", "\n  ", "\t", "#", "&a ", "*a", "!!str ", "!!binary ", "|\n", ">-\n",
        "? ", "---\n", "...\n", "%YAML 1.1\n", "'", "\"", "\\x", "~", "null", "true", "yes", "0x1F", "1e9", "-1",
        "2147483649",
        "99999999999999999999", "days", "14 months", "when: ", "points: ", "dimension: payment", "event: standing.x",
        "data.gender", "(((((", "!!!!!", "data.", "\u{0}", "\u{FEFF}", "é", "\u{1F600}", "<<: *a", "measure.row",
        "constant.rate * ", "attribute.", "within: 3 days", "fades: true", "streak: x", "bill.*", "*",
        "count: true", "sum: data.", "\u{85}", "\u{2028}",
        "\\ud83d", "\\ude00", "\"#", "]#",
    ]

    private static func mutated(_ random: inout Seeded) -> String {
        var bytes = Array(document.utf8)
        for _ in 0...random.below(3) {
            let index = random.below(bytes.count + 1)
            switch random.below(5) {
            case 0: bytes.removeSubrange(index..<min(bytes.count, index + 1 + random.below(40)))
            case 1: bytes.insert(contentsOf: pieces[random.below(pieces.count)].utf8, at: index)
            case 2:
                let start = random.below(bytes.count + 1)
                bytes.insert(contentsOf: bytes[start..<min(bytes.count, start + random.below(200))], at: index)
            case 3 where index < bytes.count: bytes[index] = UInt8(random.below(256))
            default:
                let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
                let line = lines[random.below(lines.count)]
                bytes.insert(contentsOf: line, at: index)
            }
            if bytes.isEmpty { bytes = Array("policy".utf8) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The document with other expressions: every function, macro and operator over everything that has a name.
    private static func rewritten(_ random: inout Seeded) -> String {
        var lines = document.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for _ in 0...random.below(3) {
            let number = random.below(lines.count)
            let key = ["when: ", "points: ", "sum: ", "latest: "][random.below(4)]
            guard let range = lines[number].firstRange(of: key) else { continue }
            let expression = expression(&random, depth: 0).replacing("'", with: "''")
            // The members after it in the same braces go.
            let end = lines[number].hasSuffix("}") ? "}" : ""
            lines[number] = lines[number][..<range.upperBound] + "'\(expression)'\(end)"
        }
        return lines.joined(separator: "\n")
    }

    private static let names = [
        "data.a", "data.tags", "data", "data.o.p", "type", "time", "kind", "subject", "constant.strikes",
        "constant.tiers",
        "constant.rate", "attribute.tier", "attribute.fleet", "attribute.since", "attribute.other", "measure.late_90d",
        "measure.rides", "measure.row", "measure.last", "score", "band", "points", "sanctioned", "dimension.payment",
        "x", "y",
    ]
    private static let literals = [
        "0", "1", "-1", "9223372036854775807", "2u", "1.5", "1e308", "true", "null", "'a'", "'2026-01-01T00:00:00Z'",
        "b'a'",
        "[]", "{}", "int", "duration('1h')", "timestamp('2026-01-01T00:00:00Z')", "'^(a|b)+$'", "'Europe/Berlin'",
    ]
    private static let functions = [
        "size", "int", "uint", "double", "string", "bytes", "bool", "timestamp", "duration", "dyn", "type", "has", "-",
        "!",
    ]
    private static let members = [
        "contains", "startsWith", "endsWith", "matches", "getFullYear", "getMonth", "getDayOfWeek", "getHours",
        "exists(x, ",
        "all(x, ", "map(x, ", "filter(y, ", "exists_one(x, ", "exists(x, y, ", "transformList(x, y, ",
        "transformMap(x, y, ",
    ]

    private static func expression(_ random: inout Seeded, depth: Int) -> String {
        func part() -> String { expression(&random, depth: depth + 1) }
        switch random.below(depth > 5 ? 2 : 10) {
        case 0: return names[random.below(names.count)]
        case 1: return literals[random.below(literals.count)]
        case 2: return "\(functions[random.below(functions.count)])(\(part()))"
        case 3, 4:
            let member = members[random.below(members.count)]
            return "\(part()).\(member)\(member.hasSuffix(" ") ? "" : "(")\(random.below(6) == 0 ? "" : part()))"
        case 5: return "(\(part()) ? \(part()) : \(part()))"
        case 6: return "[\(part()), \(part())]\(random.below(2) == 0 ? "[\(part())]" : "")"
        case 7: return "{\(part()): \(part())}"
        default:
            let operators = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in", "&&", "||"]
            return "(\(part()) \(operators[random.below(operators.count)]) \(part()))"
        }
    }

    @Test func noDocumentTraps() throws {
        var fuzz = Fuzz("policy", count: 1500, long: 1_000_000)
        var random = Seeded(fuzz.seed)
        var policies = 0
        for number in 0..<fuzz.count {
            let text = number % 2 == 0 ? Self.mutated(&random) : Self.rewritten(&random)
            try fuzz.run(text) {
                do {
                    let review = try PolicyReview(yaml: text, file: "fuzzed.yaml")
                    #expect(!PolicyExplanation(review.policy).text.isEmpty)
                    policies += 1
                } catch let error as YAMLMistakes {
                    #expect(!error.mistakes.isEmpty)
                    #expect(error.mistakes.allSatisfy { $0.line >= 1 && $0.column >= 1 && !$0.message.isEmpty })
                }
            }
        }
        fuzz.report("\(policies) of them policies")
        #expect(policies > 0)
    }

    /// A document that can be formatted is formatted once for all, and a policy remains one.
    @Test func formattingTwiceChangesNothing() {
        var fuzz = Fuzz("policy format", count: 500, long: 300_000)
        var random = Seeded(fuzz.seed)
        var changed = 0
        for number in 0..<fuzz.count {
            let text = number % 2 == 0 ? Self.mutated(&random) : Self.rewritten(&random)
            fuzz.run(text) {
                guard let once = try? PolicyFormat.formatted(text, file: "fuzzed.yaml"), once != text else { return }
                changed += 1
                let twice = try? PolicyFormat.formatted(once, file: "fuzzed.yaml")
                #expect(twice == once, "\(text)")
                guard (try? ScoringPolicy(yaml: text, file: "")) != nil else { return }
                let isPolicy = (try? ScoringPolicy(yaml: once, file: "")) != nil
                #expect(isPolicy, "\(text)")
            }
        }
        fuzz.report("\(changed) of them changed")
        #expect(changed > 0)
    }

    // MARK: What is made to be large

    /// Nine levels of nine aliases: four hundred million words, if anyone wrote them out.
    private static func bomb(_ use: String) -> String {
        let levels = (1...9).map { level in
            "  l\(level): &l\(level) [\((0..<9).map { _ in level == 1 ? "lol" : "*l\(level - 1)" }.joined(separator: ","))]"
        }
        return "policy: bomb\nbombs:\n\(levels.joined(separator: "\n"))\n\(use)\n"
    }

    @Test(arguments: [
        "rules: *l9", "kinds: *l9", "dimensions: *l9", "bands: *l9", "rules: [{id: a, event: *l9, points: *l9}]",
        "*l9 : 1", "{*l9 : 1, *l8 : 2}", "? *l9\n: 1", "policy: *l9", "score: {base: *l9, min: *l9, max: *l9}",
    ])
    func aBombOfAliasesIsRefused(use: String) throws {
        #expect(try !mistakes(in: Self.bomb(use)).isEmpty)
    }

    @Test func tenMegabytesAreRefused() throws {
        let rule = "  - {id: r, dimension: payment, event: bill.paid, points: 1}\n"
        let text = Self.document + String(repeating: rule, count: 10_000_000 / rule.utf8.count)
        #expect(try mistakes(in: text) == ["1:1: the document is larger than 1048576 bytes"])
    }

    /// A ledger may have a policy with any number of patterns.
    @Test func rulesHaveAnyNumberOfPatternsTogether() throws {
        func document(different: Int, bytes: Int) -> String {
            let rules = (0..<400).map { number in
                let pattern = "\(number % different)" + String(repeating: "x", count: bytes)
                return "  - {id: r\(number), dimension: transport, event: e, points: 1, "
                    + "when: \(quoted("data.x.matches('\(pattern)')"))}"
            }
            return PolicyDocument.with { $0.rules = "rules:\n" + rules.joined(separator: "\n") }
        }
        #expect(try mistakes(in: document(different: 400, bytes: 100)) == [])
        #expect(try mistakes(in: document(different: 1, bytes: 996)) == [])
    }

    @Test(arguments: [
        String(repeating: "(", count: 1000) + "true" + String(repeating: ")", count: 1000),
        String(repeating: "!", count: 1001) + "true",
        String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000),
        "data.x.matches('((((a{100}){100}){100}){100}){100}')",
        (0..<1000).map { _ in "true ? true : " }.joined() + "true", String(repeating: "-", count: 1000) + "1 > 0",
    ])
    func anExpressionThatIsTooDeepOrTooLargeIsAMistake(when: String) throws {
        let text = PolicyDocument.with {
            $0.rules = "rules: [{id: fare, dimension: transport, event: fare.paid, points: 1, when: \(quoted(when))}]"
        }
        #expect(try mistakes(in: text).count == 1)
    }
}
