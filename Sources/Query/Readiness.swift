internal import Events
internal import Pipeline

/// The state of `/readyz`: whether this process fulfils its roles, and the reasons if not.
struct Readiness {
    var isReady: Bool { unreadyFor == nil }
    /// The time for which this process has not been ready; nil while it is.
    var unreadyFor: Duration?
    /// The error that ended the pipeline; nil while it runs.
    var failure: String?
    /// Roles of this process that have not joined their group, so that its partitions are unknown.
    var missing: Set<Role>
    /// The number of source partitions that are read here. It is 0 also if the group has more members than partitions.
    var intakePartitions: Int
    /// The number of ledger partitions that are folded here. It is 0 in the same case.
    var foldPartitions: Int
    /// The number of those that are folded to their end.
    var currentPartitions: Int
    /// How far the fold lags after the ledger's end; nil if that is not known yet.
    var behind: PipelineReading.Behind?
    /// The part of the lag that makes the process unready: `PipelineReading.late`.
    var late: PipelineReading.Behind?
    /// The greatest lag of a ready process.
    var readyWithin: Duration
    /// The folded partitions that are stopped, because a record cannot be read or folded. They do not make the process
    /// unready.
    var quarantined: [PipelineReading.Quarantined] = []
    /// The folded partitions whose history is folded again, for another policy or an act about a source. The time that
    /// this takes does not make the process unready.
    var switching: [PipelineReading.Switching] = []
    /// The estimated time until all are current; nil if it is unknown.
    var secondsLeft: Double?

    /// One sentence per reason.
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
                let switches = late == nil || late == behind ? "" : ", refolds of its history not counted"
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

    /// `{"ready"[,"error","reasons"],"intakePartitions","foldPartitions","currentPartitions"[,"quarantined"][,"switching"][,"behindSeconds"][,"secondsLeft"]}`.
    /// `error` and `reasons` are there if the process is not ready. `quarantined`, a list of
    /// `{"partition","offset","reason"}`, and `switching`, a list of `{"partition","policy":{"id","version"},"done"}`
    /// with `"source":{"topic","withdrawn"}` after the policy if a source is withdrawn or restored, are there if they
    /// are not empty. The seconds are there if they are known.
    var json: String {
        var writer = JSONWriter()
        writer.open()
        writer.member("ready", isReady)
        if let unreadyFor {
            writer.member("error", failure ?? "not ready for \(Self.seconds(unreadyFor)) s")
            writer.member("reasons", reasons)
        }
        writer.member("intakePartitions", intakePartitions)
        writer.member("foldPartitions", foldPartitions)
        writer.member("currentPartitions", currentPartitions)
        if !quarantined.isEmpty {
            writer.list("quarantined", quarantined) { writer, partition in
                writer.open()
                writer.member("partition", partition.partition)
                writer.member("offset", partition.offset)
                writer.member("reason", partition.reason)
                writer.close()
            }
        }
        if !switching.isEmpty {
            writer.list("switching", switching) { writer, partition in
                writer.open()
                writer.member("partition", partition.partition)
                partition.writeTarget(to: &writer)
                writer.member("done", json: partition.share)
                writer.close()
            }
        }
        if let behind { writer.member("behindSeconds", Self.seconds(behind.time)) }
        if let secondsLeft { writer.member("secondsLeft", Int64(secondsLeft.rounded(.up))) }
        writer.close()
        return writer.text
    }
}

extension Readiness {
    init(_ service: PipelineService, _ status: PipelineReading) {
        self.init(
            unreadyFor: status.unreadyFor, failure: service.finalFailure?.description,
            missing: service.configuration.roles.subtracting(status.joined), intakePartitions: status.intakePartitions,
            foldPartitions: status.foldPartitions, currentPartitions: status.currentPartitions, behind: status.behind,
            late: status.late, readyWithin: .microseconds(service.configuration.readyWithin),
            quarantined: status.quarantined, switching: status.switching, secondsLeft: status.secondsLeft)
    }
}
