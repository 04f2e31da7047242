internal import Kafka
internal import Synchronization

/// The offset of the last frame that intake has appended to each ledger partition, across its producers. The next
/// offset must be greater. Otherwise the ledger is another one: its topic was deleted and recreated, or has lost
/// acknowledged records.
final class AppendedOffsets: Sendable {
    private let ledger: String
    private let last = Mutex<[Int32: Int64]>([:])

    init(ledger: String) { self.ledger = ledger }

    /// Notes that a frame is acknowledged at this offset. Throws if the ledger is another one; the positions of the
    /// frame's records must not be committed then.
    func note(_ partition: Int32, offset: Int64) throws(PipelineError) {
        let before = last.withLock { last in
            let before = last[partition] ?? -1
            last[partition] = max(before, offset)
            return before
        }
        guard offset <= before else { return }
        throw PipelineError(
            .ledgerDamaged,
            "\(TopicPartition(ledger, partition)): a frame got offset \(offset), and one of before has \(before): the topic was made anew "
                + "or has lost records. Stop every member and bring the ledger back (`standing ledger import`)")
    }
}
