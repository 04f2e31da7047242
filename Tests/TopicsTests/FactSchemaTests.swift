import Events
import Policy
import Scoring
import Testing

/// The shipped schemas against what the code writes.
@Suite struct FactSchemaTests {
    private static let policy = """
        policy: shop
        version: 2
        score: {base: 500, min: 0, max: 1000}
        dimensions: {trade: {}}
        rules:
          - {id: sold, dimension: trade, event: order.delivered, points: 60}
          - {id: "bad", dimension: trade, event: order.cancelled, points: -200}
          - {id: late, dimension: trade, event: order.late, points: -20, per: day, lasts: 2 days}
        bands: [{name: C, from: 0}, {name: B, from: 400}, {name: "A \\"top\\"", from: 550}]
        perks:
          - {id: listing, when: 'band == "B"'}
          - {id: courier, when: 'band in ["B", "C"]', grace: 1 day}
        sanctions:
          - {id: "listings", dimension: trade, measures: [listings, top-places], when: points <= -150, notice: 1 day, lasts: 30 days}
        """

    @Test func everyFactThatTheFoldMakes() throws {
        let policy = try ScoringPolicy(yaml: Self.policy, file: "shop.yaml")
        var fold = Fold(policy: policy)
        let decoder = EventDecoder()
        var event = EventView.empty
        let events = [
            ("standing.subject.enrolled", "2026-01-01T00:00:00Z", #"{"kind":"business","terms":"1"}"#),
            ("order.delivered", "2026-01-02T00:00:00.25Z", "{}"), ("order.cancelled", "2026-01-03T12:00:00Z", "{}"),
            ("order.late", "2026-01-04T00:00:00Z", "{}"), ("order.late", "2026-01-09T00:00:00Z", "{}"),
            ("standing.appeal.filed", "2026-01-10T00:00:00Z", #"{"sanction":"listings","statement":"no"}"#),
            (
                "standing.appeal.decided", "2026-01-10T12:00:00Z",
                #"{"sanction":"listings","outcome":"rejected","reason":"no"}"#
            ),
            ("order.delivered", "2026-01-11T00:00:00Z", "{}"), ("order.cancelled", "2026-01-12T00:00:00Z", "{}"),
            ("standing.subject.withdrawn", "2026-01-20T00:00:00Z", "{}"),
        ]
        let encoder = FactEncoder(policy: policy, partition: 7, ledger: "town")
        var types: Set<String> = []
        for (index, item) in events.enumerated() {
            let text =
                #"{"specversion":"1.0","id":"e\#(index)","source":"/shop \"1\"","type":"\#(item.0)","subject":"b\u00e4ckerei","#
                + #""time":"\#(item.1)","data":\#(item.2)}"#
            try Array(text.utf8).withUnsafeBytes { bytes in
                #expect(decoder.decode(structured: bytes, into: &event) == nil)
                fold.fold(event, type: fold.resolve(type: event.type), entry: index)
                for fact in fold.output.facts {
                    var writer = ByteWriter()
                    encoder.encode(fact, reasons: fold.output.reasons, offset: 3, sequence: 1, into: &writer)
                    let json = String(decoding: writer.bytes, as: UTF8.self)
                    let schema =
                        switch fact.kind.topic {
                        case .scoreChanges: "fact-score-changed.json"
                        case .sanctions: "fact-sanction.json"
                        case .perks: "fact-perk.json"
                        }
                    let errors = try ShippedTopics.schema(schema).errors(in: json)
                    #expect(errors.isEmpty, "\(json)")
                    let timer = if case .event = fact.cause { "" } else { " by timer" }
                    types.insert(fact.kind.type.description + timer)
                }
                fold.clearOutput()
            }
        }
        #expect(
            types == [
                "standing.score.changed", "standing.score.changed by timer", "standing.sanction.noticed",
                "standing.sanction.in-force", "standing.sanction.in-force by timer", "standing.sanction.stayed",
                "standing.sanction.lifted",
                "standing.sanction.lifted by timer",
                "standing.perk.granted", "standing.perk.revoked", "standing.perk.revoked by timer",
            ])
    }
}
