internal import Events
internal import Policy
internal import Scoring

// Properties of a case that do not depend on its facts: forbidden facts, and independence of the order.
extension PolicyCaseRunner {
    /// The limit of other orders in which a case is run.
    private static let maximumOrders = 24

    /// The first forbidden fact for each item of `never`.
    func breaches(of never: [PolicyCase.Forbidden], in execution: borrowing Execution) -> [String] {
        var lines: [String] = []
        for forbidden in never {
            for fact in execution.everything where forbidden.forbids(fact.line, at: fact.time) {
                lines += ["--- never", "+++ actual", "- \(forbidden.text)", "+ \(fact.line.text)"]
                break
            }
        }
        return lines
    }

    /// The differences in another order; empty if there are none.
    func orders(of example: PolicyCase, like execution: borrowing Execution) -> [String] {
        let steps = example.given + (example.when ?? [])
        let runs = Self.runs(of: steps)
        let expected = standings(example, execution.fold)
        for number in 0..<Self.maximumOrders {
            guard let order = Self.order(number, of: steps, runs) else { break }
            var other = Execution(policy)
            for step in order { apply(step, to: &other) }
            let actual = standings(example, other.fold)
            let broken = breaches(of: example.never, in: other)
            guard actual != expected || !broken.isEmpty else { continue }
            let names = order.compactMap { if case .event(_, let name) = $0 { name } else { nil } }
            var lines = broken
            if actual != expected { lines += ["--- standing", "+++ in another order"] }
            for (before, after) in zip(expected, actual) where before != after {
                lines += ["- \(before)", "+ \(after)"]
            }
            return lines + ["in this order: \(names.joined(separator: ", "))"]
        }
        return []
    }

    private func standings(_ example: PolicyCase, _ fold: borrowing Fold) -> [String] {
        var lines: [String] = []
        for subject in example.subjects {
            let standing = Array(subject.utf8).withUnsafeBytes { fold.standing(of: $0) }
            let text = standing.map {
                line($0, dimensions: Array(policy.dimensions.indices), measures: Array(policy.measures.indices)).text
            }
            lines.append("\(PolicyCaseText.word(subject)): \(text ?? "~")")
        }
        return lines
    }

    /// Runs of at least two successive events.
    private static func runs(of steps: [PolicyCase.Step]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var start = 0
        for index in 0...steps.count {
            if index < steps.count, case .event = steps[index] { continue }
            if index - start > 1 { runs.append(start..<index) }
            start = index + 1
        }
        return runs
    }

    /// The first order is the reverse. The others are pseudo-random by their number, the same on every machine. Nil if
    /// there is none.
    private static func order(
        _ number: Int, of steps: [PolicyCase.Step], _ runs: [Range<Int>]
    ) -> [PolicyCase.Step]? {
        guard !runs.isEmpty else { return nil }
        var steps = steps
        var state = UInt64(number)
        for run in runs {
            if number == 0 {
                steps[run].reverse()
                continue
            }
            for index in run.dropFirst().reversed() {
                // splitmix64
                state &+= 0x9E37_79B9_7F4A_7C15
                var bits = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
                bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
                bits ^= bits >> 31
                steps.swapAt(index, run.lowerBound + Int(bits % UInt64(index - run.lowerBound + 1)))
            }
        }
        return steps
    }
}

extension PolicyCase.Forbidden {
    fileprivate func forbids(_ fact: PolicyCaseLine, at time: Timestamp) -> Bool {
        if let before, time >= before { return false }
        guard line.matches(fact) else { return false }
        switch fact["state"] {
        case "lifted", "stayed", "revoked": return false
        default: return true
        }
    }
}
