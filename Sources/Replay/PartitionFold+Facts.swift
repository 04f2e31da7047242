internal import Scoring

extension PartitionFold {
    /// Numbers the fold's facts, and adds to `facts` those above `published`.
    mutating func drain(above published: [Int64], into facts: inout EncodedFacts, sameEntry: Bool = false) {
        guard !fold.storesFacts || encoder != nil else { return }
        left.facts -= fold.output.facts.count
        Self.number(fold, encoder, offset: frameOffset, &sequences, above: published, into: &facts)
        fold.clearOutput(sameEntry: sameEntry)
    }

    /// Numbers a fold's facts, and adds to `facts` those above `published`. An `encoder` is needed if facts are stored.
    /// The caller clears them.
    static func number(
        _ fold: borrowing Fold, _ encoder: FactEncoder?, offset: Int64, _ sequences: inout [Int64],
        above published: [Int64], into facts: inout EncodedFacts
    ) {
        if !fold.storesFacts {
            for topic in sequences.indices { sequences[topic] += fold.output.counts[topic] }
            return
        }
        guard let encoder else { return }
        for index in fold.output.facts.indices {
            let fact = fold.output.facts[index]
            let topic = fact.kind.topic
            sequences[topic.rawValue] += 1
            let sequence = sequences[topic.rawValue]
            guard sequence > published[topic.rawValue] else { continue }
            facts.append(fact.kind, sequence, key: fact.subject) {
                encoder.encode(fact, reasons: fold.output.reasons, offset: offset, sequence: sequence, into: &$0)
            }
        }
    }
}
