/// Decides where partitions start, and finishes the partitions that are revoked. It is called on the polling thread,
/// from inside `poll`.
public protocol RebalanceListener: AnyObject {
    /// The offset at which to start each of these partitions. They replace the whole assignment.
    func assigned(_ partitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset]
    /// The start offsets of `assigned` are in effect, and none of their records has been passed to the reader yet.
    func began(_ consumer: any ConsumerClient)
    /// The whole assignment is revoked. `lost` is true if another member may own it already.
    func revoked(_ partitions: [TopicPartition], lost: Bool, from consumer: any ConsumerClient)
}

extension RebalanceListener {
    public func began(_ consumer: any ConsumerClient) {}
}
