internal import Kafka
internal import Simulation

/// A bug that is put in on purpose, one of each sort that this system must not have: the simulation has to find it. What
/// the pipeline is told and what is done come apart.
public enum PlantedBug: String, CaseIterable, Sendable {
    /// A frame is acknowledged and not kept.
    case lost
    /// A fact is kept twice, under two numbers.
    case twice
    /// Two frames of one batch change places.
    case reordered
    /// Half of a frame is kept, and all of it acknowledged.
    case torn
    /// What was read is committed, whether or not it is in the ledger.
    case earlyCommit = "early-commit"
    /// Frames that only move the clock are acknowledged and not kept, so that nothing falls due.
    case missedTimer = "missed-timer"
    /// The facts of a member that has lost its partition are numbered behind those of the one that has it.
    case zombieWins = "zombie-wins"
    /// An appender trusts that the fold remembers its session for ever.
    case forgotten
    /// A member computes for longer than the poll interval with the records that a poll has brought.
    case stalls
    /// A slice takes a partition's order apart: now and then it folds what was polled second before what was polled first.
    case disordered
    /// The position that is committed, and the snapshot that is kept, run ahead of the facts: they count what was sent as
    /// acknowledged.
    case ahead
    /// A member that has lost a partition goes on answering as its owner.
    case misdirected
    /// A policy in the shadow leaks a fact: one is published twice while the partition has a shadow, under the next number.
    case leak
    /// A member folds a ledger under a fold version that its program knows before the ledger's entry moves it there.
    case hasty
    /// A member that goes on from a snapshot counts the sources again that were withdrawn before it.
    case revived

    static let oneIn = 40
}

extension SimulatedCluster {
    /// Takes a batch in, as it is. Returns the offset of its first record.
    func take(_ items: [SimulatedProducer.Outgoing], to place: TopicPartition, of process: SimulatedProcess) -> Int64 {
        let first = end(place)
        var items = items
        if process.isOfNextRelease, place.topic == SimulatedTopics.members {
            for index in items.indices { items[index].record.announceMore() }
        }
        guard let bug else {
            for item in items { append(item.record, to: place) }
            return first
        }
        take(items, to: place, of: process, with: bug)
        return first
    }

    private func take(
        _ items: [SimulatedProducer.Outgoing], to place: TopicPartition, of process: SimulatedProcess,
        with bug: PlantedBug
    ) {
        let isLedger = place.topic == SimulatedTopics.ledger
        let isFact = SimulatedTopics.facts.contains(place.topic)
        var records = items.map(\.record)
        if bug == .reordered, isLedger, records.count > 1 { records.swapAt(0, 1) }
        for record in records {
            let strikes = random.below(PlantedBug.oneIn) == 0
            switch bug {
            case .lost where isLedger && strikes: continue
            case .missedTimer where isLedger && record.isTick: continue
            case .torn where isLedger && strikes:
                append(Stored(key: nil, value: record.value.map { Array($0.prefix($0.count / 2)) }), to: place)
            case .twice where isFact && strikes:
                append(record, to: place)
                append(record.numbered(behind: self.records(place).last?.record), to: place)
            case .zombieWins where isFact && owner(of: place.partition) !== process:
                append(record.numbered(behind: self.records(place).last?.record), to: place)
            case .leak where isFact && strikes && process.hasShadow(place.partition):
                append(record, to: place)
                append(record.numbered(behind: self.records(place).last?.record), to: place)
            default: append(record, to: place)
            }
        }
    }

    private func owner(of partition: Int32) -> SimulatedProcess? {
        group(SimulatedTopics.foldGroup).owner(of: TopicPartition(SimulatedTopics.ledger, partition))
    }
}

extension SimulatedCluster.Stored {
    /// A frame of one entry, which is a tick: the entry's kind is its first byte behind the header.
    fileprivate var isTick: Bool {
        guard let value, value.count > 32 else { return false }
        return value[24] == 1 && value[32] == 1
    }

    /// A later release may say of a member what an earlier one does not know.
    fileprivate mutating func announceMore() {
        guard let json = value, json.last == UInt8(ascii: "}") else { return }
        value = json.dropLast() + Array(#","release":{"name":"next","formats":[1,2]}}"#.utf8)
    }

    /// The fact under the number behind that of `last`.
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
