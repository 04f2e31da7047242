public import Pipeline

extension PipelineService {
    /// The state of `/readyz` in one line.
    public var readinessInWords: String { Readiness(self, status).sentence }
}

extension Readiness {
    /// The sentence without the time for which it has not been ready.
    var sentence: String {
        if let failure { return failure }
        let partitions = "\(foldPartitions) ledger partitions, \(intakePartitions) source partitions"
        let waiting = quarantined.isEmpty ? "" : ", \(quarantined.count) in quarantine"
        guard !isReady else { return "ready: \(partitions)\(waiting)" }
        let left = secondsLeft.map { ", about \(Int64($0.rounded(.up))) s left" } ?? ""
        let rest = reasons.count > 1 ? " (and \(reasons.count - 1) more)" : ""
        return "not ready: \(reasons.first ?? "it has not begun")\(rest)\(left)"
    }
}
