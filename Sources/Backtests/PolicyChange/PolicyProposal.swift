public import Events
internal import Ledger
internal import Policy

/// A policy change that was folded and compared: the input of `standing policy activate`, with a page for people to
/// read before. A JSON document.
public struct PolicyProposal: Sendable, Equatable {
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    private static let version: Int64 = 2
    public static let maximumBytes = 64 * 1024 * 1024

    /// The candidate's text.
    public let policy: String
    /// SHA-256 of the text of the policy that was active.
    public let active: String
    /// The time of an activation that moves no partition's clock; nil if the ledger has no clock yet.
    public let clock: Timestamp?
    /// In words. If it is empty the candidate may be activated.
    public let breaches: [String]
    /// The document.
    public let json: String

    public init(_ difference: PolicyChange.Difference) {
        let breaches = difference.breaches.map(\.description)
        let active = Checkpoint.hash(ofPolicy: difference.active.text)
        (self.breaches, self.active) = (breaches, active)
        policy = difference.candidate.text
        clock = difference.clock
        func write(_ policy: ScoringPolicy, to json: inout JSONWriter) {
            json.open()
            json.member("id", policy.id)
            json.member("version", policy.version)
            json.member("sha256", Checkpoint.hash(ofPolicy: policy.text))
            json.close()
        }
        let bands = (difference.candidate.bands.map(\.name), difference.active.bands.map(\.name))
        var json = JSONWriter()
        json.open()
        json.member("proposal", Self.version)
        json.member("against", active)
        json.key("active")
        write(difference.active, to: &json)
        json.key("candidate")
        write(difference.candidate, to: &json)
        json.member("foldedTo", difference.nextOffsets)
        if let clock = difference.clock { json.member("clock", clock) }
        json.member("breaches", breaches)
        json.member("breachCount", breaches.count)
        json.key("activation")
        difference.activation.write(policyBands: bands.0, againstBands: bands.1, to: &json)
        json.key("wholeHistory")
        difference.wholeHistory.write(policyBands: bands.0, againstBands: bands.1, to: &json)
        json.member("text", difference.wordy)
        json.member("policy", difference.candidate.text)
        json.close()
        self.json = json.text + "\n"
    }

    /// Without what would change: whether it keeps within the harm budgets is reviewed where it is activated.
    public init(candidate: String, active text: String, clock: Timestamp?) {
        (policy, active, self.clock, breaches) = (candidate, Checkpoint.hash(ofPolicy: text), clock, [])
        var json = JSONWriter()
        json.open()
        json.member("proposal", Self.version)
        json.member("against", Checkpoint.hash(ofPolicy: text))
        if let clock { json.member("clock", clock) }
        json.member("breachCount", 0)
        json.member("policy", candidate)
        json.close()
        self.json = json.text
    }

    /// Reads the necessary members of a document. Throws `Failure`.
    public init(json bytes: [UInt8]) throws(Failure) {
        let decoder = EventDecoder()
        let found = bytes.withUnsafeBytes { document -> (String, String, Int64, Timestamp?)? in
            func string(_ name: StaticString) -> String? {
                decoder.string(name, of: document).map { String(decoding: $0, as: UTF8.self) }
            }
            guard decoder.integer("proposal", of: document) == Self.version, let policy = string("policy"),
                let active = string("against"), let count = decoder.integer("breachCount", of: document)
            else { return nil }
            return (policy, active, count, string("clock").flatMap { Timestamp($0) })
        }
        guard let found else {
            throw Failure(
                description: "not a proposal of form \(Self.version): make it again with `standing policy propose`")
        }
        (policy, active, clock) = (found.0, found.1, found.3)
        json = String(decoding: bytes, as: UTF8.self)
        breaches = [String](repeating: "", count: Int(max(0, min(found.2, 1000))))
    }

    /// The page that `standing policy diff` prints. Unprintable characters are escaped.
    public var page: String {
        let decoder = EventDecoder()
        // The decoder owns the text that is found.
        return withExtendedLifetime(decoder) {
            Array(json.utf8).withUnsafeBytes { document in
                decoder.string("text", of: document).map {
                    String(decoding: $0, as: UTF8.self).printable(keepingLayout: true)
                } ?? ""
            }
        }
    }
}

extension PolicyChange.Difference {
    /// A page for a terminal.
    var wordy: String {
        let change = activation
        var lines = [
            "From \(active.id) version \(active.version) to \(candidate.id) version \(candidate.version), "
                + "\(change.subjects) subjects, folded to \(nextOffsets.reduce(0, +)) frames.", "",
            "Directly after the activation",
            change.scoreLine,
            "  band     \(change.bandUp) up, \(change.bandDown) down, \(change.bandSame) same"
                + (change.bandOther > 0 ? ", \(change.bandOther) in bands that cannot be compared" : ""),
            "  perks    \(change.losePerk) subjects lose one",
        ]
        for perk in change.perks where perk.onlyPolicy.count + perk.onlyAgainst.count > 0 {
            lines.append("             \(perk.id): \(perk.onlyPolicy.count) win, \(perk.onlyAgainst.count) lose")
        }
        for sanction in change.sanctions where sanction.onlyAgainst.count > 0 {
            lines.append("  lifted   \(sanction.id): \(sanction.onlyAgainst.count)")
        }
        lines += ["", "Had it always been active (an activation imposes nothing)"]
        for sanction in wholeHistory.sanctions
        where sanction.onlyPolicy.count + sanction.onlyAgainst.count + sanction.both > 0 {
            lines.append(
                "  sanction \(sanction.id): \(sanction.both) both ways, \(sanction.onlyPolicy.count) more, "
                    + "\(sanction.onlyAgainst.count) fewer")
        }
        lines += change.moveLines
        let breaches = breaches
        lines.append("")
        if active.harmBudget == .init(), candidate.harmBudget == .init() {
            lines.append("no harm budget is set")
        } else {
            lines.append(
                breaches.isEmpty ? "Within the harm budget." : "The harm budget is broken: it will not be activated.")
        }
        for breach in breaches { lines.append("  \(breach)") }
        return lines.joined(separator: "\n") + "\n"
    }
}
