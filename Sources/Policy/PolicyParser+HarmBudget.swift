extension PolicyParser {
    /// A share is written `2.5 %`, with at most two decimals, and is at most 100.
    func harmBudget(_ value: Value) -> ScoringPolicy.HarmBudget {
        var budget = ScoringPolicy.HarmBudget()
        let known = ["lose-band", "lose-points", "lose-perk", "largest-loss", "new-sanctions"]
        guard let mapping = reader.mapping(value, what: "harm-budget", known: known) else { return budget }
        budget.loseBand = mapping["lose-band"].flatMap { share($0, what: "lose-band") }
        budget.losePoints = mapping["lose-points"].flatMap { share($0, what: "lose-points") }
        budget.losePerk = mapping["lose-perk"].flatMap { share($0, what: "lose-perk") }
        budget.largestLoss = mapping["largest-loss"].flatMap {
            reader.integer($0, what: "largest-loss", in: 0...ScoringPolicy.saturation)
        }
        budget.newSanctions = mapping["new-sanctions"].flatMap {
            reader.integer($0, what: "new-sanctions", in: 0...Int64.max)
        }
        return budget
    }

    /// In hundredths of a percent.
    private func share(_ value: Value, what: String) -> Int64? {
        guard let text = reader.string(value, what: what) else { return nil }
        guard let share = Self.share(text) else {
            reader.note("\(what) must be a share such as 2.5 %, at most 100 %, with at most two decimals", at: value)
            return nil
        }
        return share
    }

    private static func share(_ text: String) -> Int64? {
        guard text.hasSuffix("%") else { return nil }
        var number = text.dropLast()
        if number.hasSuffix(" ") { number = number.dropLast() }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), (1...3).contains(parts[0].utf8.count),
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            parts.count == 1 || (1...2).contains(parts[1].utf8.count), let whole = Int64(parts[0])
        else { return nil }
        var hundredths: Int64 = 0
        if parts.count == 2, let fraction = Int64(parts[1]) {
            hundredths = parts[1].utf8.count == 1 ? fraction * 10 : fraction
        }
        let share = whole * 100 + hundredths
        return share <= 10_000 ? share : nil
    }
}
