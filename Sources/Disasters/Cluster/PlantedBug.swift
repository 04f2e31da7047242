internal import Kafka
internal import Simulation

/// A bug that is planted on purpose, one of each kind that this system must not have. The simulation has to find it.
/// With a planted bug, the pipeline gets an acknowledgement of something that was not done.
public enum PlantedBug: String, CaseIterable, Sendable {
    /// A frame is acknowledged and not stored.
    case lost
    /// A fact is stored twice, under two numbers.
    case twice
    /// Two frames of one batch are swapped.
    case reordered
    /// Half of a frame is stored, and all of it acknowledged.
    case torn
    /// The offsets that were read are committed, whether or not the records are in the ledger.
    case earlyCommit = "early-commit"
    /// Frames that only move the clock are acknowledged and not stored, so that no timer expires.
    case missedTimer = "missed-timer"
    /// The facts of a member that has lost its partition are numbered after those of the new owner.
    case zombieWins = "zombie-wins"
    /// An appender trusts that the fold remembers its session for ever.
    case forgotten
    /// A member computes for longer than the poll interval with the records that a poll has brought.
    case stalls
    /// A slice breaks a partition's order: now and then it folds the records of the second poll before those of the
    /// first.
    case disordered
    /// The committed position and the stored snapshot are ahead of the facts: they count facts as acknowledged that
    /// were only sent.
    case ahead
    /// A member that has lost a partition continues to answer as its owner.
    case misdirected
    /// A policy in the shadow leaks a fact: one is published twice while the partition has a shadow, under the next number.
    case leak
    /// A member folds a ledger under a fold version that its program knows, before the ledger's entry moves the ledger
    /// to it.
    case hasty
    /// A member that continues from a snapshot counts the sources again that were withdrawn before it.
    case revived

    static let oneIn = 40
}

extension SimulatedCluster {
    /// Appends a batch unchanged. Returns the offset of its first record.
    func take(_ items: [SimulatedProducer.Outgoing], to topicPartition: TopicPartition, of process: SimulatedProcess)
        -> Int64
    {
        let first = end(topicPartition)
        var items = items
        if process.isOfNextRelease, topicPartition.topic == SimulatedTopics.members {
            for index in items.indices { items[index].record.announceMore() }
        }
        guard let bug else {
            for item in items { append(item.record, to: topicPartition) }
            return first
        }
        take(items, to: topicPartition, of: process, with: bug)
        return first
    }

    private func take(
        _ items: [SimulatedProducer.Outgoing], to topicPartition: TopicPartition, of process: SimulatedProcess,
        with bug: PlantedBug
    ) {
        let isLedger = topicPartition.topic == SimulatedTopics.ledger
        let isFact = SimulatedTopics.facts.contains(topicPartition.topic)
        var records = items.map(\.record)
        if bug == .reordered, isLedger, records.count > 1 { records.swapAt(0, 1) }
        for record in records {
            let strikes = random.below(PlantedBug.oneIn) == 0
            switch bug {
            case .lost where isLedger && strikes: continue
            case .missedTimer where isLedger && record.isTick: continue
            case .torn where isLedger && strikes:
                append(Stored(key: nil, value: record.value.map { Array($0.prefix($0.count / 2)) }), to: topicPartition)
            case .twice where isFact && strikes:
                append(record, to: topicPartition)
                append(record.numbered(behind: self.records(topicPartition).last?.record), to: topicPartition)
            case .zombieWins where isFact && owner(of: topicPartition.partition) !== process:
                append(record.numbered(behind: self.records(topicPartition).last?.record), to: topicPartition)
            case .leak where isFact && strikes && process.hasShadow(topicPartition.partition):
                append(record, to: topicPartition)
                append(record.numbered(behind: self.records(topicPartition).last?.record), to: topicPartition)
            default: append(record, to: topicPartition)
            }
        }
    }

    private func owner(of partition: Int32) -> SimulatedProcess? {
        group(SimulatedTopics.foldGroup).owner(of: TopicPartition(SimulatedTopics.ledger, partition))
    }
}

extension SimulatedCluster.Stored {
    /// Whether this is a frame whose one entry is a tick. The entry's kind is the first byte after the header.
    fileprivate var isTick: Bool {
        guard let value, value.count > 32 else { return false }
        return value[24] == 1 && value[32] == 1
    }

    /// Adds a member to the announcement, as a later release may, that an earlier release does not know.
    fileprivate mutating func announceMore() {
        guard let json = value, json.last == UInt8(ascii: "}") else { return }
        value = json.dropLast() + Array(#","release":{"name":"next","formats":[1,2]}}"#.utf8)
    }

    /// The fact under the number after that of `last`.
    fileprivate func numbered(behind last: Self?) -> Self {
        guard let value, let own = Self.number(in: value) else { return self }
        let number = (last?.value.flatMap { Self.number(in: $0)?.number } ?? 0) + 1
        var result = self
        result.value = Array(value[..<own.range.lowerBound]) + Array("\(number)".utf8) + value[own.range.upperBound...]
        return result
    }

    private static func number(in value: [UInt8]) -> (number: Int64, range: Range<Int>)? {
        let name = Array(#""sequence":""#.utf8)
        guard let start = value.indices.first(where: { value[$0...].starts(with: name) }) else { return nil }
        let digits = value[(start + name.count)...].prefix { $0 >= 0x30 && $0 <= 0x39 }
        return Int64(String(decoding: digits, as: UTF8.self)).map { ($0, digits.startIndex..<digits.endIndex) }
    }
}
