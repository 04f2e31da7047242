internal import Events
internal import Policy
internal import Replay
internal import Scoring
internal import Synchronization

extension PipelineService {
    /// Records of subjects that are read while the fold waits, which takes some hundred microseconds.
    private static let appealRecords = 16_384
    /// How often a reading that a change of policy interrupts begins again.
    private static let appealAttempts = 3

    /// The open appeals of the ledger partitions that are owned here, a page of them by deadline. It looks at every subject, in pieces
    /// between which the fold continues; not from async code. What is filed or decided meanwhile may be in it or not.
    public func openAppeals(limit: Int, after position: AppealsQueue.Position? = nil) -> AppealsQueue {
        let all = (0..<Int32(ledgerPartitions.load(ordering: .acquiring))).map { $0 }
        return openAppeals(AppealsQueue(limit: limit, after: position), of: all, key: appealsKey)
    }

    /// As above, for another member: of the partitions in its question, with its positions.
    public func openAppeals(_ question: AppealsQueue.Question) -> AppealsQueue {
        var queue = AppealsQueue(limit: question.limit, after: question.after.flatMap { AppealsQueue.Position($0) })
        queue = openAppeals(queue, of: question.partitions, key: question.fingerprintKey ?? .none)
        if question.statements { addStatements(to: &queue) }
        return queue
    }

    private func openAppeals(_ queue: AppealsQueue, of partitions: [Int32], key: FingerprintKey) -> AppealsQueue {
        var queue = queue
        for partition in owned.all where partitions.contains(partition.partition) {
            guard let found = openAppeals(in: partition, queue, key: key) else { continue }
            queue = found
            queue.partitions.append(partition.partition)
        }
        queue.missing = partitions.filter { !queue.partitions.contains($0) }
        return queue
    }

    /// Adds the subjects' statements, if their partitions are owned here. It reads the disk and must not be called from
    /// async code.
    public func addStatements(to queue: inout AppealsQueue) {
        for index in queue.items.indices where queue.items[index].statement == nil {
            let appeal = queue.items[index].appeal
            // There is no statement if there is no archive, or it cannot be read now.
            guard case .found(let json, _)? = try? appealStatement(of: appeal.subject, sanction: appeal.sanction) else {
                continue
            }
            queue.items[index].statement = String(decoding: json, as: UTF8.self)
        }
    }

    /// Nil if the partition's state cannot be used now.
    private func openAppeals(
        in partition: OwnedPartition, _ before: AppealsQueue, key: FingerprintKey
    ) -> AppealsQueue? {
        for _ in 0..<Self.appealAttempts {
            var (queue, next, policy) = (before, Int?(0), PartitionPolicy?.none)
            var isWhole = true
            while let first = next {
                let piece = partition.readFold { state -> (items: [AppealsQueue.Item], next: Int?, PartitionPolicy)? in
                    guard let policy = state.policy, !state.isSpoiled else { return nil }
                    // Usually there is no open appeal.
                    if first == 0, state.fold.openAppealCount() == 0 {
                        return ([], nil, PartitionPolicy(policy.id, Int64(policy.version)))
                    }
                    var items: [AppealsQueue.Item] = []
                    let next = state.fold.openAppeals(from: first, records: Self.appealRecords) { appeal in
                        items.append(
                            AppealsQueue.Item(
                                appeal: appeal, partition: partition.partition, clock: state.fold.clock, key: key))
                    }
                    return (items, next, PartitionPolicy(policy.id, Int64(policy.version)))
                }
                guard let piece else { return nil }
                policy = policy ?? piece.2
                guard policy == piece.2 else {
                    isWhole = false
                    break
                }
                for item in piece.items { queue.add(item) }
                next = piece.next
            }
            if isWhole { return queue }
        }
        return nil
    }

    private struct PartitionPolicy: Equatable {
        let id: String
        let version: Int64

        init(_ id: String, _ version: Int64) { (self.id, self.version) = (id, version) }
    }

    /// The subject's statement in its last appeal against a sanction: `AppealStatement`'s JSON, null if its history has
    /// none. It reads the disk and must not be called from async code. Otherwise as for a file.
    public func appealStatement(
        of subject: [UInt8], sanction: String, asStandby: Bool = false
    ) throws -> FileLookup {
        try withHistory(of: subject, asStandby: asStandby) { entries, _, _, writer in
            if let statement = AppealStatement(entries, sanction: sanction) {
                statement.write(to: &writer)
            } else {
                writer.null()
            }
        }
    }
}

extension PipelineService {
    /// A subject's appeals (`SubjectAppeals`). Otherwise as for a file.
    public func appeals(of subject: [UInt8], asStandby: Bool = false) throws -> FileLookup {
        try withHistory(of: subject, asStandby: asStandby) { entries, _, clock, writer in
            try SubjectAppeals(entries, asOf: clock).write(to: &writer)
        }
    }

    /// The data for the reviewer of an appeal (`AppealReview`), null if the policy has no such sanction. Otherwise as
    /// for a file.
    public func appealReview(
        of subject: [UInt8], sanction: String, asStandby: Bool = false
    ) throws -> FileLookup {
        try withHistory(of: subject, asStandby: asStandby) { entries, _, clock, writer in
            guard let review = try AppealReview(entries, sanction: sanction, asOf: clock) else {
                return writer.null()
            }
            review.write(to: &writer)
        }
    }
}
