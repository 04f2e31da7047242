import Foundation
import Kafka
import Options
import Pipeline
import Replay
import Scoring

/// The history of one event, and its output.
struct TraceReport {
    /// A fact that the event caused.
    struct Fact: Decodable {
        struct Cause: Decodable, Equatable {
            let source: String?
            let id: String?
        }

        private struct Data: Decodable { let cause: Cause }

        let id: String
        let type: String
        /// In its partition of its topic.
        let sequence: Int64
        let cause: Cause
        var topic: String?
        /// Its record; nil if it was not looked up, or the topic does not have it any more.
        var record: EventLookUp.Found?

        private enum CodingKeys: String, CodingKey { case id, type, sequence, data }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            id = try container.decode(String.self, forKey: .id)
            type = try container.decode(String.self, forKey: .type)
            // Facts of older ledgers have a number.
            let text = try? container.decode(String.self, forKey: .sequence)
            sequence = try text.flatMap { Int64($0) } ?? container.decode(Int64.self, forKey: .sequence)
            cause = try container.decode(Data.self, forKey: .data).cause
        }

        init?(_ json: UnsafeRawBufferPointer) {
            guard let fact = try? JSONDecoder().decode(Self.self, from: Foundation.Data(json)) else { return nil }
            self = fact
        }

        /// The topic of facts of this type.
        var factTopic: FactTopic {
            type.hasPrefix("standing.score.") ? .scoreChanges : type.hasPrefix("standing.perk.") ? .perks : .sanctions
        }
    }

    struct Occurrence {
        let partition: Int32
        let subject: [UInt8]
        let occurrence: EventTrace.Occurrence
        var facts: [Fact]
        /// The record of the source topic; nil as for a fact.
        var origin: EventLookUp.Found?
        /// The time of the ledger's record, in milliseconds since 1970.
        var appended: Int64?
    }

    let source: String
    let id: String
    let searched: String
    var isCutOff = false
    var occurrences: [Occurrence] = []
    /// Entries that concern every subject, in each partition.
    var concernsEveryone: [(partition: Int32, position: EventTrace.Position)] = []
    /// Entries that the fold does not count: their frame is refused, their origin was accepted before, or their time is
    /// out of range.
    var passedOver: [(partition: Int32, position: EventTrace.Position)] = []
    /// Nil if they were not looked up.
    var deadLetters: [(letter: DeadLetter, redrivenTo: String?, discarded: String?)]?

    init(source: String, id: String, searched: String) {
        (self.source, self.id, self.searched) = (source, id, searched)
    }

    var isFound: Bool {
        !occurrences.isEmpty || !concernsEveryone.isEmpty || !passedOver.isEmpty || deadLetters?.isEmpty == false
    }

    /// Adds the records that the cluster still has.
    mutating func lookUp(in cluster: Cluster, ledger: String) throws {
        let look = EventLookUp(cluster.kafka)
        let topics = try cluster.pipelineTopics()
        for index in occurrences.indices {
            let item = occurrences[index]
            if let origin = item.occurrence.entry.origin {
                let topicPartition = TopicPartition(origin.topic, origin.partition)
                occurrences[index].origin = try Self.orGone { try look.record(at: origin.offset, of: topicPartition) }
            }
            let topicPartition = TopicPartition(ledger, item.partition)
            occurrences[index].appended = try look.record(at: item.occurrence.entry.offset, of: topicPartition)?.written
            for number in item.facts.indices {
                let fact = item.facts[number]
                let topic = topics.facts[fact.factTopic.rawValue]
                occurrences[index].facts[number].topic = topic
                occurrences[index].facts[number].record = try Self.orGone {
                    try look.fact(fact.sequence, of: TopicPartition(topic, item.partition))
                }
            }
        }
        deadLetters = try look.deadLetters(source: source, id: id, topic: topics.deadLetter)
    }

    /// A topic that does not exist any more has no record.
    private static func orGone(_ body: () throws -> EventLookUp.Found?) throws -> EventLookUp.Found? {
        do {
            return try body()
        } catch let error as KafkaError where error.isUnknownTopic {
            return nil
        }
    }
}
