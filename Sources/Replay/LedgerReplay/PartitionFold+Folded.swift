public import Ledger
internal import Scoring

extension PartitionFold {
    /// The state that `begin` gives, after the frames before the ledger offset `end`. Records that cannot be folded and
    /// that a later entry names are passed over, for which `begin` is called again.
    public static func folded(
        until end: Int64, _ source: LedgerReplay.Source, _ progress: ReplayProgress, _ begin: () -> PartitionFold
    ) throws -> PartitionFold {
        let partition = begin().partition
        return try SkipSearch.passingOver(in: { try source(partition, $0, .max) }) { skipped in
            var fold = begin()
            fold.skipped = skipped
            var facts = EncodedFacts()
            let frames = try source(partition, 0, end)
            while let frame = try frames.next() {
                let before = (fold.nextOffset, fold.fold.counters.entries)
                try fold.apply(frame: frame.bytes, at: frame.offset, above: [], into: &facts)
                progress.add(offsets: fold.nextOffset - before.0, entries: fold.fold.counters.entries - before.1)
            }
            return fold
        }
    }
}
