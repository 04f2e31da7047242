internal import Replay
internal import Scoring

// Queries for an event loop.
extension PipelineService {
    /// Buckets that are read for a standing at once, which takes some tens of microseconds. One rule with a bucket per
    /// day has 366 of them in a year.
    static let maximumBucketsAtOnce = 512

    /// The standing of a subject whose ledger partition this process owns. Nil at once if its fold is busy, or the
    /// standing takes long to read; a thread that may wait then reads it.
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
