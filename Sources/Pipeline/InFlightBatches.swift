internal import Kafka

/// Batches of source records whose frames and dead letters are in flight, oldest first. A batch's positions may be
/// committed when it and all before it are acknowledged.
struct InFlightBatches {
    private struct Batch {
        var pending = 0
        var bytes = 0
        var isSealed = false
        var positions: [PartitionOffset] = []
        var written: Int64?
    }

    private var batches: [Batch] = [Batch()]
    private var first = 1
    /// Positions that may be committed now.
    private(set) var committable: [TopicPartition: Int64] = [:]

    /// The bytes of batches that are not acknowledged. A batch counts as a whole until it and all before it are
    /// acknowledged.
    private(set) var bytes = 0

    /// Timestamps of acknowledged batches, as passed to `seal`.
    private var acknowledged: [Int64] = []

    /// The tag of records of the batch that is being read.
    var current: Int { first + batches.count - 1 }
    /// The number of batches that are not acknowledged, including the one that is being read.
    var depth: Int { batches.count }

    mutating func sent(bytes: Int) {
        batches[batches.count - 1].pending += 1
        batches[batches.count - 1].bytes += bytes
        self.bytes += bytes
    }

    mutating func acknowledged(_ tag: Int) {
        guard tag >= first, tag - first < batches.count else { return }
        batches[tag - first].pending -= 1
        settle()
    }

    /// Ends the batch at these positions. `written`: the timestamp of its first record, in milliseconds since 1970; nil
    /// if it is unknown.
    mutating func seal(_ positions: [PartitionOffset], written: Int64? = nil) {
        batches[batches.count - 1].positions = positions
        batches[batches.count - 1].written = written
        batches[batches.count - 1].isSealed = true
        batches.append(Batch())
        settle()
    }

    private mutating func settle() {
        var done = 0
        while done < batches.count, batches[done].isSealed, batches[done].pending == 0 {
            for position in batches[done].positions { committable[position.topicPartition] = position.offset }
            if let written = batches[done].written { acknowledged.append(written) }
            bytes -= batches[done].bytes
            done += 1
        }
        guard done > 0 else { return }
        batches.removeFirst(done)
        first += done
    }

    /// The timestamps of the batches that are acknowledged since the last call.
    mutating func takeAcknowledged() -> [Int64] {
        defer { acknowledged.removeAll(keepingCapacity: true) }
        return acknowledged
    }

    /// The partitions are revoked, so no earlier position may be committed.
    mutating func forgetPositions() {
        committable = [:]
        for index in batches.indices { batches[index].positions = [] }
    }
}
