internal import Policy

/// A limit of a harm budget that a change would exceed.
public struct HarmBreach: Sendable, Equatable, CustomStringConvertible {
    /// The policy that has the budget.
    public let policy: String
    public let description: String
}

extension PolicyChange.Difference {
    /// The limits that the change would exceed, of the budgets of the active policy and of the candidate. If it is
    /// empty the candidate may be activated. The comparison is exact: a share equal to its limit is allowed.
    public var breaches: [HarmBreach] {
        var breaches: [HarmBreach] = []
        for policy in active.text == candidate.text ? [active] : [active, candidate] {
            let name = "\(policy.id) version \(policy.version)"
            breaches += Self.breaches(of: policy.harmBudget, self).map {
                HarmBreach(policy: name, description: "\($0) (\(name))")
            }
        }
        return breaches
    }

    private static func breaches(of budget: ScoringPolicy.HarmBudget, _ difference: Self) -> [String] {
        let change = difference.activation
        var broken: [String] = []
        func check(_ count: Int64, _ allowed: Int64?, _ what: String) {
            guard let allowed, isMore(count, of: change.subjects, than: allowed) else { return }
            broken.append(
                "\(count) of \(change.subjects) subjects (\(share(count, of: change.subjects))) would \(what); "
                    + "the budget allows \(PolicyExplanation.share(allowed))")
        }
        check(change.bandDown + change.bandOther, budget.loseBand, "lose their band")
        check(change.lose, budget.losePoints, "lose points")
        check(change.losePerk, budget.losePerk, "lose a perk")
        if let allowed = budget.largestLoss, change.largestLoss > allowed {
            broken.append("somebody would lose \(change.largestLoss) points; the budget allows \(allowed)")
        }
        let new = difference.wholeHistory.sanctions.map(\.onlyPolicy.count).reduce(0, +)
        if let allowed = budget.newSanctions, new > allowed {
            broken.append("\(new) sanctions would have been imposed that were not; the budget allows \(allowed)")
        }
        return broken
    }

    /// count / total > hundredths / 10,000
    private static func isMore(_ count: Int64, of total: Int64, than hundredths: Int64) -> Bool {
        let (a, b) = (count.multipliedFullWidth(by: 10_000), total.multipliedFullWidth(by: hundredths))
        return (a.high, a.low) > (b.high, b.low)
    }

    /// Rounded up to hundredths of a percent, so that an excess never looks equal to the limit.
    private static func share(_ count: Int64, of total: Int64) -> String {
        guard total > 0 else { return "0 %" }
        let (quotient, remainder) = total.dividingFullWidth(count.multipliedFullWidth(by: 10_000))
        return PolicyExplanation.share(quotient + (remainder > 0 ? 1 : 0))
    }
}
