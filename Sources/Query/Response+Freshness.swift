import Events
import HTTP
import HTTPTypes
import Hummingbird
import Pipeline
import Scoring

extension HTTPField.Name {
    static let ledgerPartition = Self("standing-ledger-partition")!
    /// The offset of the ledger's next frame.
    static let ledgerOffset = Self("standing-ledger-offset")!
    fileprivate static let clock = Self("standing-clock")!
    /// Frames that the ledger has and the answer does not know; left out where that is not known.
    fileprivate static let lag = Self("standing-lag")!
    /// Whether the partition is folded to the ledger's end.
    fileprivate static let current = Self("standing-current")!
    /// The policy that is switched to while the answer is under the one before, and the part of the history that is folded under
    /// it: `NAME/VERSION; done=0.42`. Left out where none is.
    static let policySwitch = Self("standing-policy-switch")!

    /// Where in the ledger an answer holds.
    static let ofAnswer = [ledgerPartition, ledgerOffset, clock, lag, current, policySwitch, eTag]
}

extension Response {
    /// With where in the ledger the answer holds.
    func stamped(_ freshness: Freshness) -> Response {
        var response = self
        response.headers.stamp(freshness)
        return response
    }

    /// 503: neither the owner of the subject's ledger partition nor a standby can be asked here.
    static func ownerAway(_ partition: Int?) -> Response {
        let named = partition.map { "ledger partition \($0)" } ?? "the subject's ledger partition"
        return .retryLater("no member that folds \(named) can be reached")
    }
}

extension HTTPFields {
    /// Adds where in the ledger the answer holds.
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
    /// A standing, or that there is none; nil if another member is to be asked, or this one later.
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

extension PipelineStatus.Switching {
    /// `done`, rounded down to two decimals: `0.42`.
    var share: String {
        let hundredths = Int(max(0, min(1, done)) * 100)
        return hundredths == 100 ? "1" : "0.\(hundredths < 10 ? "0" : "")\(hundredths)"
    }

    /// The value of the header of answers.
    var header: String { "\(policy)/\(version); done=\(share)" }
}

extension Freshness {
    /// The same for the same answers about a subject: the partition's offset decides which events and which policy they rest on, but
    /// while another policy is switched to, and the clock which timers have fired.
    var entityTag: String {
        // Counts the forms that answers have had.
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
