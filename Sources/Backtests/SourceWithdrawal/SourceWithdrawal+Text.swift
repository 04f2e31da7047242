internal import Events
internal import Policy

extension SourceWithdrawal.Difference {
    /// `{"topic","entries","policy":{"id","version"},"foldedTo":[…],"comparison"}`, like a proposal's. In the
    /// comparison `policy` is the state without the source, and `against` the present state.
    public var json: String {
        let bands = policy.bands.map(\.name)
        var json = JSONWriter()
        json.open()
        json.member("topic", topic)
        json.member("entries", entries)
        json.open("policy")
        json.member("id", policy.id)
        json.member("version", policy.version)
        json.close()
        json.member("foldedTo", nextOffsets)
        json.key("comparison")
        comparison.write(policyBands: bands, againstBands: bands, to: &json)
        json.close()
        return json.text
    }

    /// A page for a terminal.
    public var page: String {
        let change = comparison
        var lines = [
            "Without \(topic): \(entries) entries less, \(change.subjects) subjects, under \(policy.id) version "
                + "\(policy.version).", "",
            change.scoreLine,
            "  band     \(change.bandUp) up, \(change.bandDown) down, \(change.bandSame) same",
        ]
        for perk in change.perks where perk.onlyPolicy.count + perk.onlyAgainst.count > 0 {
            lines.append("  perk     \(perk.id): \(perk.onlyPolicy.count) win, \(perk.onlyAgainst.count) lose")
        }
        for sanction in change.sanctions where sanction.onlyPolicy.count + sanction.onlyAgainst.count > 0 {
            lines.append(
                "  sanction \(sanction.id): \(sanction.both) both ways, \(sanction.onlyPolicy.count) more, "
                    + "\(sanction.onlyAgainst.count) fewer")
        }
        lines += change.moveLines
        return (lines.joined(separator: "\n") + "\n").printable(keepingLayout: true)
    }
}
