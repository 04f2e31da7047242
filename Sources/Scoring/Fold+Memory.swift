// Memory of the state: the sums of what its tables have allocated.
extension Fold {
    /// Bytes that the largest tables allocate at once when they next grow, of those that will grow soon.
    public var nextGrowth: Int {
        subjects.nextGrowth + identities.nextGrowth + early.nextGrowth + waitingVoids.nextGrowth
    }

    /// Bytes of the state, without small tables. A state of the same subjects under a similar policy takes about as
    /// much.
    public var byteCount: Int {
        subjects.byteCount + identities.byteCount + voided.byteCount + early.tableBytes + waitingVoids.tableBytes
            + timers.byteCount + decisionTimers.byteCount + buckets.byteCount + evidence.byteCount
            + activeSanctions.byteCount + ordered.events.byteCount + ordered.texts.byteCount
    }
}
