internal import Events
internal import Pipeline

/// What `/readyz` says: whether this process does what its roles are, and if not, why.
struct Readiness {
    var isReady: Bool { unreadyFor == nil }
    /// For how long this process has not been ready; nil while it is.
    var unreadyFor: Duration?
    /// What ended the pipeline for good; nil while it runs.
    var failure: String?
    /// Roles of this process that have not joined their group: which partitions are this member's is not known.
    var missing: Set<Role>
    /// Source partitions that are read here; 0 also where the group has more members than partitions.
    var intakePartitions: Int
    /// Ledger partitions that are folded here; as above.
    var foldPartitions: Int
    /// Those of them that are folded to their end.
    var currentPartitions: Int
    /// How far the fold is behind the ledger's end; nil if that is not known yet.
    var behind: PipelineStatus.Behind?
    /// As far as it counts: `PipelineStatus.late`.
    var late: PipelineStatus.Behind?
    /// How far it may be.
    var readyWithin: Duration
    /// Those of them that are folded no further, because a record of theirs cannot be read or folded. It does not make the
    /// others unready.
    var quarantined: [PipelineStatus.Quarantined] = []
    /// Those of them that switch to another policy. The time that this takes makes nobody unready.
    var switching: [PipelineStatus.Switching] = []
    /// Until all are current, as far as it is known.
    var secondsLeft: Double?

    /// A sentence each.
    var reasons: [String] {
        if isReady { return [] }
        var reasons: [String] = []
        for role in Role.allCases where missing.contains(role) {
            reasons.append(
                "the \(role.rawValue) has not joined its group: which partitions are its own is not known yet")
        }
        guard foldPartitions > 0 else { return reasons }
        if let counted = behind.map({ late ?? $0 }) {
            if counted.time > readyWithin {
                let switches = late == nil || late == behind ? "" : ", policy switches not counted"
                reasons.append(
                    "ledger partition \(counted.partition) has been behind its end for \(Self.seconds(counted.time)) s\(switches), "
                        + "\(Self.seconds(readyWithin)) s are allowed")
            }
        } else if quarantined.count == foldPartitions {
            reasons.append("every ledger partition that is folded here is in quarantine")
        } else {
            reasons.append("how far the fold is behind the ledger's end is not known yet")
        }
        return reasons
    }

    private static func seconds(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        return attoseconds > 0 ? seconds + 1 : seconds
    }

    /// `{"ready"[,"error","reasons"],"intakePartitions","foldPartitions","currentPartitions"[,"quarantined"][,"switching"][,"behindSeconds"][,"secondsLeft"]}`:
    /// `error` and `reasons` of one that is not ready, `quarantined`, of `{"partition","offset","reason"}`, where there is one,
    /// `switching`, of `{"partition","policy":{"id","version"},"done"}`, likewise, the seconds where they are known.
    var json: String {
        var writer = ByteWriter()
        writer.append("{\"ready\":")
        writer.append(isReady ? "true" : "false")
        if let unreadyFor {
            writer.append(",\"error\":")
            writer.append(jsonString: failure ?? "not ready for \(Self.seconds(unreadyFor)) s")
            writer.append(",\"reasons\":[")
            for (index, reason) in reasons.enumerated() {
                if index > 0 { writer.append(",") }
                writer.append(jsonString: reason)
            }
            writer.append("]")
        }
        for (name, count) in [
            (",\"intakePartitions\":", intakePartitions), (",\"foldPartitions\":", foldPartitions),
            (",\"currentPartitions\":", currentPartitions),
        ] {
            writer.append(name)
            writer.append(decimal: Int64(count))
        }
        for (index, partition) in quarantined.enumerated() {
            writer.append(index == 0 ? ",\"quarantined\":[" : ",")
            writer.append("{\"partition\":")
            writer.append(decimal: Int64(partition.partition))
            writer.append(",\"offset\":")
            writer.append(decimal: partition.offset)
            writer.append(",\"reason\":")
            writer.append(jsonString: partition.reason)
            writer.append("}")
        }
        if !quarantined.isEmpty { writer.append("]") }
        for (index, partition) in switching.enumerated() {
            writer.append(index == 0 ? ",\"switching\":[" : ",")
            writer.append("{\"partition\":")
            writer.append(decimal: Int64(partition.partition))
            writer.append(",\"policy\":{\"id\":")
            writer.append(jsonString: partition.policy)
            writer.append(",\"version\":")
            writer.append(decimal: partition.version)
            writer.append("},\"done\":")
            writer.append(partition.share)
            writer.append("}")
        }
        if !switching.isEmpty { writer.append("]") }
        if let behind {
            writer.append(",\"behindSeconds\":")
            writer.append(decimal: Self.seconds(behind.time))
        }
        if let secondsLeft {
            writer.append(",\"secondsLeft\":")
            writer.append(decimal: Int64(secondsLeft.rounded(.up)))
        }
        writer.append("}")
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension Readiness {
    init(_ service: PipelineService, _ status: PipelineStatus) {
        self.init(
            unreadyFor: status.unreadyFor, failure: service.finalFailure?.description,
            missing: service.configuration.roles.subtracting(status.joined), intakePartitions: status.intakePartitions,
            foldPartitions: status.foldPartitions, currentPartitions: status.currentPartitions, behind: status.behind,
            late: status.late, readyWithin: .microseconds(service.configuration.readyWithin),
            quarantined: status.quarantined, switching: status.switching, secondsLeft: status.secondsLeft)
    }
}
