internal import Replay
internal import Scoring

// What an event loop may ask for.
extension PipelineService {
    /// Buckets that are read for a standing at once: they take some tens of microseconds. One rule with a bucket a day has 366 of
    /// them in a year.
    static let maximumBucketsAtOnce = 512

    /// The standing of a subject whose ledger partition this process owns. Nil at once where its fold is at work, or the standing
    /// takes long to read: that is for a thread that may wait.
    public func standingAtOnce(of subject: [UInt8]) -> Lookup? {
        guard let number = ledgerPartition(of: subject) else { return .notReady }
        return subject.withUnsafeBytes { key in
            owned.withOwned(Int32(number)) { Self.standingAtOnce(of: key, in: $0) } ?? .notOwned(partition: number)
        }
    }

    static func standingAtOnce(
        of key: UnsafeRawBufferPointer, in partition: OwnedPartition, maximumBuckets: Int = maximumBucketsAtOnce
    ) -> Lookup? {
        partition.readFoldIfFree { state -> Lookup? in
            guard !state.fold.hasMoreBuckets(than: maximumBuckets, of: key) else { return nil }
            return standing(of: key, in: partition, state)
        } ?? nil
    }
}
