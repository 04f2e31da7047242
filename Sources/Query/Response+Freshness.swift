import Events
import HTTP
import HTTPTypes
import Hummingbird
import Pipeline
import Replay
import Scoring

extension HTTPField.Name {
    static let ledgerPartition = Self("standing-ledger-partition")!
    /// The offset of the ledger's next frame.
    static let ledgerOffset = Self("standing-ledger-offset")!
    fileprivate static let clock = Self("standing-clock")!
    /// The number of frames in the ledger that are not in the answer; left out if it is unknown.
    fileprivate static let lag = Self("standing-lag")!
    /// Whether the partition is folded to the ledger's end.
    fileprivate static let current = Self("standing-current")!
    /// The switch in progress, while the answer is of the state before it: the policy that is active afterwards, and
    /// the share of the history that is folded, `NAME/VERSION; done=0.42`. With `; source=withdrawn` or
    /// `; source=restored` before the share the policy stays, and a source is left out or counted again. Left out if
    /// there is no switch.
    static let policySwitch = Self("standing-policy-switch")!

    /// The headers with the position in the ledger for which an answer holds.
    static let ofAnswer = [ledgerPartition, ledgerOffset, clock, lag, current, policySwitch, eTag]
}

extension Response {
    /// The response with the position in the ledger for which it holds. The state's entity tag replaces that of the
    /// bytes, unless `keepsTag` is true, for an answer that depends on more than the state.
    func stamped(_ freshness: Freshness, keepsTag: Bool = false) -> Response {
        var response = self
        let tag = response.headers[.eTag]
        response.headers[.eTag] = nil
        response.headers.stamp(freshness)
        if keepsTag { response.headers[.eTag] = tag }
        return response
    }

    /// 503: neither the owner of the subject's ledger partition nor a standby is available here.
    static func ownerAway(_ partition: Int?) -> Response {
        let named = partition.map { "ledger partition \($0)" } ?? "the subject's ledger partition"
        return .retryLater("no member that folds \(named) can be reached")
    }
}

extension HTTPFields {
    /// Adds the position in the ledger for which the answer holds.
    fileprivate mutating func stamp(_ freshness: Freshness) {
        func add(_ name: HTTPField.Name, _ value: String) { append(HTTPField(name: name, value: value)) }
        add(.ledgerOffset, String(freshness.offset))
        if freshness.clock > .min { add(.clock, Timestamp(microseconds: freshness.clock).description) }
        if let lag = freshness.lag { add(.lag, String(lag)) }
        add(.current, freshness.isCurrent ? "true" : "false")
        if let policySwitch = freshness.policySwitch { add(.policySwitch, policySwitch.header) }
        add(.eTag, freshness.entityTag)
    }
}

extension Answer {
    /// A standing, or its absence; nil if another member must be asked, or this one later.
    init?(_ found: PipelineService.Lookup) {
        let freshness: Freshness
        switch found {
        case .found(let answer):
            self = .json { answer.writeExplained(to: &$0) }
            freshness = answer.freshness
        case .notEnrolled(let ofNobody):
            self = .error("not enrolled", status: .notFound, code: "not-enrolled")
            freshness = ofNobody
        case .notOwned, .notReady: return nil
        }
        fields.stamp(freshness)
    }
}

extension PipelineReading.Switching {
    /// `done`, rounded down to two decimals: `0.42`.
    var share: String {
        percent == 100 ? "1" : "0.\(percent < 10 ? "0" : "")\(percent)"
    }

    /// `done`, rounded down.
    var percent: Int { Int(max(0, min(1, done)) * 100 + 1e-9) }

    /// The value of the header of answers.
    var header: String {
        let source = source.map { "; source=\($0.isWithdrawn ? "withdrawn" : "restored")" } ?? ""
        return "\(policy)/\(version)\(source); done=\(share)"
    }
}

extension Freshness {
    /// Equal for equal answers about a subject. The partition's offset decides the events and the policy, except during
    /// a switch of the policy; the clock decides the timers that have fired.
    var entityTag: String {
        // The number of the answers' format, so that a change of the format changes every tag.
        let form: Int64 = 1
        var tag = EntityTag()
        tag.add(form)
        tag.add(Int64(partition))
        tag.add(offset)
        tag.add(clock)
        if let policySwitch {
            tag.add(policySwitch.policy)
            tag.add(policySwitch.version)
        }
        return tag.text
    }
}
