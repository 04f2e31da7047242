internal import Events

/// What `/readyz` says: whether this process does what its roles are, and if not, why.
struct Readiness {
    var isReady: Bool
    /// What ended the pipeline for good; nil while it runs.
    var failure: String?
    var isIntake: Bool
    var isFold: Bool
    /// Source partitions that are read here.
    var intakePartitions: Int
    /// Ledger partitions that are folded here.
    var foldPartitions: Int
    /// Those of them that are folded to their end.
    var currentPartitions: Int
    /// Until all are current, as far as it is known.
    var secondsLeft: Double?

    /// A sentence each.
    var reasons: [String] {
        if isReady { return [] }
        var reasons: [String] = []
        if isIntake, intakePartitions == 0 { reasons.append("no source partition is read here") }
        if isFold {
            let behind = foldPartitions - currentPartitions
            if foldPartitions == 0 {
                reasons.append("no ledger partition is folded here")
            } else if behind > 0 {
                reasons.append("\(behind) of \(foldPartitions) ledger partitions are not folded to their end")
            }
        }
        return reasons
    }

    /// `{"ready","intakePartitions","foldPartitions","currentPartitions"}`, then `secondsLeft` where it is known; of one that
    /// is not ready also `error` and `reasons`.
    var json: String {
        var writer = ByteWriter()
        writer.append("{\"ready\":")
        writer.append(isReady ? "true" : "false")
        if !isReady {
            writer.append(",\"error\":")
            writer.append(jsonString: failure ?? "not ready")
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
        if let secondsLeft {
            writer.append(",\"secondsLeft\":")
            writer.append(decimal: Int64(secondsLeft.rounded(.up)))
        }
        writer.append("}")
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
