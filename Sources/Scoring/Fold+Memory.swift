// What the state takes in memory: sums of what its tables have allocated.
extension Fold {
    /// Bytes that the greatest tables take at once when they grow next, where that is near.
    public var nextGrowth: Int {
        subjects.nextGrowth + identities.nextGrowth + early.nextGrowth + waitingVoids.nextGrowth
    }

    /// Bytes that the state takes, but for small tables. A state of the same subjects under a policy like this one takes about
    /// as much.
    public var byteCount: Int {
        subjects.byteCount + identities.byteCount + voided.byteCount + early.tableBytes + waitingVoids.tableBytes
            + timers.byteCount + decisionTimers.byteCount + buckets.byteCount + evidence.byteCount
            + impositions.byteCount + ordered.events.byteCount + ordered.texts.byteCount
    }
}
