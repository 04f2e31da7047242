import Events
import Randomness
import Testing

@Suite struct DeclaredSourcesTests {
    private static func declaration(
        types: [String], sources: [String], lasts: CalendarSpan? = nil
    ) -> SourceDeclaration {
        SourceDeclaration(
            owner: "o", sector: .public, purpose: "p", types: types, sources: sources, lasts: lasts, contact: "c")
    }

    private static let declarations = [
        "bills": declaration(types: ["bill.*", "loan.repaid"], sources: ["/bank", "/utility/"]),
        "fares": declaration(types: ["fare.paid"], sources: ["/rail/"], lasts: CalendarSpan(1, .months)),
    ]

    private func code(
        _ source: String, _ type: String, from topic: String, at time: String = "2026-01-02T03:04:05Z",
        _ declared: DeclaredSources = DeclaredSources(declarations)
    ) throws -> String? {
        let decoder = EventDecoder()
        var event = EventView.empty
        let text = eventJSON(source: #""\#(source)""#, type: #""\#(type)""#, time: #""\#(time)""#)
        return try Array(text.utf8).withUnsafeBytes { bytes in
            try #require(decoder.decode(structured: bytes, into: &event) == nil)
            return declared.defect(of: event, declaration: declared.number(of: topic))?.code
        }
    }

    @Test(arguments: [
        ("/bank", "bill.paid", "bills", nil), ("/bank/meridian", "loan.repaid", "bills", nil),
        ("/utility/water", "bill.missed", "bills", nil), ("/rail/north", "fare.paid", "fares", nil),
        ("/utility", "bill.paid", "bills", "source/not-declared"),
        ("/rail/north", "bill.paid", "bills", "source/not-declared"),
        ("/BANK", "bill.paid", "bills", "source/not-declared"), ("/", "bill.paid", "bills", "source/not-declared"),
        ("/bank", "bill", "bills", "source/not-declared"),
        ("/bank", "loan.repaid.late", "bills", "source/not-declared"),
        ("/bank", "fare.paid", "bills", "source/not-declared"),
        ("/rail/north", "fare.paid2", "fares", "source/not-declared"),
        ("/hall", "anything", "undeclared", nil), ("/bank/meridian", "anything", "undeclared", "source/not-declared"),
        ("/rail/", "fare.paid", "undeclared", "source/not-declared"), ("/rail", "fare.paid", "undeclared", nil),
    ])
    func anEventIsWithinItsTopicsDeclarationOrRefused(
        _ source: String, _ type: String, _ topic: String, _ code: String?
    ) throws {
        #expect(try self.code(source, type, from: topic) == code)
    }

    @Test func theDefectNamesWhatIsNotDeclared() {
        let source = EventDefect(.source, .notDeclared)
        let type = EventDefect(.type, .notDeclared)
        #expect(source.code == type.code)
        #expect(source.description.hasPrefix("source ") && type.description.hasPrefix("type "))
    }

    @Test func anEventOlderThanItsTopicDeclaresIsRefused() throws {
        let declared = DeclaredSources([
            "fares": Self.declaration(types: ["fare.paid"], sources: ["/rail/"], lasts: CalendarSpan(1, .months))
        ])
        func code(_ time: String) throws -> String? {
            try self.code("/rail/n", "fare.paid", from: "fares", at: time, declared)
        }
        #expect(try code("1970-01-01T00:00:00Z") == nil)
        // 2026-03-31T00:00:00Z
        declared.setTime(1_774_915_200_000_000)
        #expect(try code("2026-02-28T00:00:00Z") == nil)
        #expect(try code("2026-02-27T23:59:59.999999Z") == "source/too-old")
        #expect(try code("2026-04-01T00:00:00Z") == nil)
    }

    /// Against the definition, on texts with long and short beginnings in common.
    @Test func lookUpsAgreeWithTheDefinition() throws {
        var fuzz = Fuzz("declared sources", count: 3000, long: 100_000)
        var random = Seeded(fuzz.seed)
        let parts = ["/", "a", "b", "bank", "/bank", "ü", ".", "01234567", "~", "0123456789abcdefgh"]
        func text() -> String {
            (0...random.below(4)).map { _ in parts[random.below(parts.count)] }.joined()
        }
        var (accepted, refused) = (0, 0)
        for _ in 0..<fuzz.count {
            let sources = (0...random.below(6)).map { _ in text() }
            let types = (0...random.below(6)).map { _ in text() + (random.below(2) == 0 ? ".*" : "") }
            // Several events: a look-up remembers what the earlier ones found.
            let events = (0...random.below(8)).map { _ in
                (source: text(), type: text(), isOther: random.below(3) == 0)
            }
            try fuzz.run("\(sources) \(types) \(events)") {
                let declared = DeclaredSources(["topic": Self.declaration(types: types, sources: sources)])
                for (source, type, isOther) in events {
                    let isClaimed = sources.contains { source.utf8.starts(with: $0.utf8) }
                    let isTyped = types.contains { pattern in
                        pattern.hasSuffix(".*")
                            ? type.utf8.starts(with: pattern.utf8.dropLast()) : type.utf8.elementsEqual(pattern.utf8)
                    }
                    let isGood = isOther ? !isClaimed : isClaimed && isTyped
                    if isGood { accepted += 1 } else { refused += 1 }
                    let code = try self.code(source, type, from: isOther ? "other" : "topic", declared)
                    #expect((code == nil) == isGood, "\(isOther): \(sources) \(types) \(source) \(type)")
                }
            }
        }
        fuzz.report("\(refused) refused")
        #expect(accepted > fuzz.count && refused > fuzz.count)
    }

    /// Topics with and without a declaration, and events with any source and type from any of them, in any order: what is admitted
    /// with a declared source came from the topic that declares it.
    @Test func aDeclaredSourceIsHeardFromItsTopicAlone() throws {
        var random = Seeded(11)
        let prefixes = ["/bank/", "/bank-a", "/rail/", "/city/hall", "/city/parks", "/z"]
        for _ in 0..<60 {
            var owners: [String: [String]] = [:]
            for prefix in prefixes where random.below(3) > 0 {
                owners["topic-\(random.below(4))", default: []].append(prefix)
            }
            let declared = DeclaredSources(
                owners.mapValues { Self.declaration(types: ["a.*", "b"], sources: $0) })
            var admitted = 0
            for _ in 0..<40 {
                let prefix = prefixes[random.below(prefixes.count)]
                let source = random.below(5) == 0 ? "/elsewhere" : prefix + ["", "x", "/y"][random.below(3)]
                let type = ["a.x", "b", "c"][random.below(3)]
                let topic = "topic-\(random.below(6))"
                guard try code(source, type, from: topic, declared) == nil else { continue }
                admitted += 1
                let owner = owners.first { $0.value.contains { source.hasPrefix($0) } }?.key
                #expect(owner == nil || owner == topic, "\(source) from \(topic)")
                #expect(owners[topic] == nil || owner == topic && type != "c")
            }
            #expect(admitted > 0)
        }
    }
}
