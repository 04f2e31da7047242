public import Events
internal import Scoring

/// The differences in a subject's past without an event that was voided.
public struct MakeGood: Sendable, Equatable {
    /// A span in which the subject would have had a perk that it lacked, or had a sanction that it would not have had.
    public struct Span: Sendable, Equatable {
        public var item: String
        public var from: Timestamp
        /// Nil if the span has not ended.
        public var until: Timestamp?

        public init(item: String, from: Timestamp, until: Timestamp?) {
            (self.item, self.from, self.until) = (item, from, until)
        }
    }

    /// Perks that it would have had.
    public var perks: [Span]
    /// Sanctions, from noticed to lifted, that it would not have had.
    public var sanctions: [Span]

    public init(perks: [Span], sanctions: [Span]) { (self.perks, self.sanctions) = (perks, sanctions) }

    /// `actual` and `without` are folded to the same time.
    init(actual: [SubjectReplay.Step], without: [SubjectReplay.Step]) {
        perks = Self.difference(
            Self.spans(without, from: [.perkGranted], until: [.perkRevoked]),
            less: Self.spans(actual, from: [.perkGranted], until: [.perkRevoked]))
        let begins: Set<Fact.Kind> = [.sanctionNoticed, .sanctionInForce]
        sanctions = Self.difference(
            Self.spans(actual, from: begins, until: [.sanctionLifted]),
            less: Self.spans(without, from: begins, until: [.sanctionLifted]))
    }

    /// The spans of each item.
    private static func spans(
        _ steps: [SubjectReplay.Step], from begins: Set<Fact.Kind>, until ends: Set<Fact.Kind>
    ) -> [String: [(from: Timestamp, until: Timestamp?)]] {
        var spans: [String: [(from: Timestamp, until: Timestamp?)]] = [:]
        for change in steps.flatMap(\.changes) {
            let last = spans[change.item]?.last
            let isOpen = last.map { $0.until == nil } ?? false
            if begins.contains(change.kind), !isOpen {
                spans[change.item, default: []].append((change.time, nil))
            } else if ends.contains(change.kind), isOpen {
                spans[change.item]![spans[change.item]!.count - 1].until = change.time
            }
        }
        return spans
    }

    private static func difference(
        _ spans: [String: [(from: Timestamp, until: Timestamp?)]],
        less others: [String: [(from: Timestamp, until: Timestamp?)]]
    ) -> [Span] {
        var result: [Span] = []
        for (item, list) in spans.sorted(by: { $0.key < $1.key }) {
            for span in list {
                var from = span.from
                for other in others[item] ?? [] {
                    let end = other.until ?? Timestamp(microseconds: .max)
                    guard end > from, other.from < span.until ?? Timestamp(microseconds: .max) else { continue }
                    if other.from > from { result.append(Span(item: item, from: from, until: other.from)) }
                    from = end
                }
                if from < span.until ?? Timestamp(microseconds: .max) {
                    result.append(Span(item: item, from: from, until: span.until))
                }
            }
        }
        return result
    }
}
