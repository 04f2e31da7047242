internal import Events
internal import Scoring

extension BacktestReport {
    /// One JSON document and a line break. All keys are always present, in this order; an undefined value is null.
    /// Shares and rates are numbers from 0 to 1 with six decimals. A mean has one decimal. All others are whole
    /// numbers.
    ///
    /// ```
    /// {"policy": SIDE, "against": SIDE | null,
    ///  "input": {"files", "read", "rejected", "clock"},
    ///  "comparison": COMPARISON | null,
    ///  "histogram": {"from", "width", "policy": [subjects], "against": [subjects]} | null,
    ///  "outcome": {"name", "subjects", "outcomes"} | null,
    ///  "sensitivity": [{"rule", "gain", "pointsGained", "lose", "pointsLost", "bandUp", "bandDown", "sanctions", "perks"}] |
    ///    null: the candidate without each of its rules
    /// }
    ///
    /// SIDE: {"id", "version", "subjects", "scored", "unmatched", "notEnrolled", "evaluationErrors",
    ///  "errors": [{"rule" | "sanction" | "perk": id, "error", "count", "source", "id"}]: of the first event without a value
    ///  "unmatchedTypes": [{"type", "events"}]: type null is all others
    ///  "notEnrolledByFile": [{"file", "events"}], "waiting": events that wait for an enrolment at the end
    ///  "score": {"mean", "least", "lowerQuartile", "median", "upperQuartile", "greatest"} | null,
    ///  "bands": [{"name", "from", "subjects", "share"}],
    ///  "sanctions": [{"id", "imposed", "lifted", "noticed", "inForce", "stayed"}],
    ///  "perks": [{"id", "granted", "revoked", "held"}],
    ///  "measures": [{"id", "subjects", "absent", "value": as "score"}], "bandChanges",
    ///  "bandReturns": [{"band", "count", "days"}]: changes over a band's lower bound that were taken back soon
    ///  "outcome": {"subjects", "outcomes", "withoutStanding", "withoutOutcome", "auc", "gini", "ks", "ksScore",
    ///    "bands": [RATE], "deciles": [RATE], "curve": [{"score", "without", "with"}]} | null}
    ///
    /// RATE: {"name", "from", "to", "subjects", "outcomes", "rate"}: least and greatest score of a group
    ///
    /// COMPARISON, from "against" to "policy":
    /// {"subjects", "onlyPolicy", "onlyAgainst", "gain", "lose", "stay", "pointsGained", "pointsLost",
    ///  "bandUp", "bandDown", "bandSame", "bandOther",
    ///  "matrix": [{"against": band, "policy": band, "subjects"}]: where there are any
    ///  "parts": [{"part": "base" | "rule" | "limits", "rule": id | null, "overGainers", "overLosers",
    ///    "largestFor"}],
    ///  "losePerk", "gainers": [MOVE], "losers": [MOVE],
    ///  "sanctions": [DIFFERENCE], "perks": [DIFFERENCE]}
    ///
    /// MOVE: {"subject", "against": {"score", "band"}, "policy": {"score", "band"}, "difference",
    ///  "part", "rule", "points"}
    /// DIFFERENCE: {"id", "both", "onlyPolicy": {"subjects", "first": [ids]}, "onlyAgainst": {"subjects", "first"}}
    /// ```
    public func json() -> String {
        var json = JSONWriter(capacity: 16 << 10)
        json.open()
        json.key("policy")
        policy.write(files: input.files, to: &json)
        json.key("against")
        if let against { against.write(files: input.files, to: &json) } else { json.null() }
        json.key("input")
        input.write(to: &json)
        json.key("comparison")
        if let comparison {
            comparison.write(
                policyBands: policy.bands.map(\.name), againstBands: against?.bands.map(\.name) ?? [], to: &json
            )
        } else {
            json.null()
        }
        json.key("histogram")
        if let histogram { histogram.write(to: &json) } else { json.null() }
        json.key("outcome")
        if let outcome { outcome.write(to: &json) } else { json.null() }
        json.key("sensitivity")
        if let sensitivity { json.list(sensitivity) { $1.write(to: &$0) } } else { json.null() }
        json.close()
        return json.text + "\n"
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ ratio: BacktestRatio?, decimals: Int = 6) {
        member(name, json: ratio?.decimal(decimals))
    }
}

extension BacktestReport.Comparison {
    /// The bands of `matrix` by their names.
    func write(policyBands: [String], againstBands: [String], to json: inout JSONWriter) {
        json.open()
        json.member("subjects", subjects)
        json.member("onlyPolicy", onlyPolicy)
        json.member("onlyAgainst", onlyAgainst)
        json.member("gain", gain)
        json.member("lose", lose)
        json.member("stay", stay)
        json.member("pointsGained", pointsGained)
        json.member("pointsLost", pointsLost)
        json.member("bandUp", bandUp)
        json.member("bandDown", bandDown)
        json.member("bandSame", bandSame)
        json.member("bandOther", bandOther)
        json.member("losePerk", losePerk)
        let cells = matrix.enumerated().flatMap { row, counts in
            counts.enumerated().compactMap { $1 == 0 ? nil : (row, $0, $1) }
        }
        json.list("matrix", cells) { json, cell in
            json.open()
            json.member("against", againstBands[cell.0])
            json.member("policy", policyBands[cell.1])
            json.member("subjects", cell.2)
            json.close()
        }
        json.list("parts", parts) { $1.write(to: &$0) }
        json.list("gainers", gainers) { $1.write(to: &$0) }
        json.list("losers", losers) { $1.write(to: &$0) }
        json.list("sanctions", sanctions) { $1.write(to: &$0) }
        json.list("perks", perks) { $1.write(to: &$0) }
        json.close()
    }
}

extension BacktestReport.Input {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("files", files)
        json.member("read", read)
        json.member("rejected", rejected)
        json.member("clock", clock?.description)
        json.close()
    }
}

extension BacktestReport.Outcome {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("name", name)
        json.member("subjects", subjects)
        json.member("outcomes", outcomes)
        json.close()
    }
}

extension BacktestHistogram {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("from", from)
        json.member("width", width)
        json.member("policy", policy)
        json.member("against", against)
        json.close()
    }
}

extension BacktestReport.Side {
    fileprivate func write(files: [String], to json: inout JSONWriter) {
        json.open()
        json.member("id", id)
        json.member("version", version)
        json.member("subjects", subjects)
        json.member("scored", counters.scored)
        json.member("unmatched", counters.unmatched)
        json.member("notEnrolled", counters.notEnrolled)
        json.member("outOfRange", counters.outOfRange)
        json.member("evaluationErrors", counters.evaluationErrors)
        writeUncounted(files: files, to: &json)
        json.key("score")
        if let scores { scores.write(to: &json) } else { json.null() }
        json.list("bands", bands) { json, band in
            json.open()
            json.member("name", band.name)
            json.member("from", band.from)
            json.member("subjects", band.subjects)
            json.member("share", BacktestRatio(band.subjects, over: subjects))
            json.close()
        }
        json.list("sanctions", sanctions) { json, item in
            json.open()
            json.member("id", item.id)
            json.member("imposed", item.imposed)
            json.member("lifted", item.lifted)
            json.member("noticed", item.noticed)
            json.member("inForce", item.inForce)
            json.member("stayed", item.stayed)
            json.close()
        }
        json.list("perks", perks) { json, item in
            json.open()
            json.member("id", item.id)
            json.member("granted", item.granted)
            json.member("revoked", item.revoked)
            json.member("held", item.held)
            json.close()
        }
        writeCloserLook(to: &json)
        json.key("outcome")
        if let outcome { outcome.write(to: &json) } else { json.null() }
        json.close()
    }
}

extension BacktestDistribution {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("mean", mean, decimals: 1)
        json.member("least", least)
        json.member("lowerQuartile", lowerQuartile)
        json.member("median", median)
        json.member("upperQuartile", upperQuartile)
        json.member("greatest", greatest)
        json.close()
    }
}

extension BacktestReport.Sensitivity {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("rule", rule)
        json.member("gain", gain)
        json.member("pointsGained", pointsGained)
        json.member("lose", lose)
        json.member("pointsLost", pointsLost)
        json.member("bandUp", bandUp)
        json.member("bandDown", bandDown)
        json.member("sanctions", sanctions)
        json.member("perks", perks)
        json.close()
    }
}

extension BacktestReport.Side {
    private func writeCloserLook(to json: inout JSONWriter) {
        json.list("measures", measures) { json, measure in
            json.open()
            json.member("id", measure.id)
            json.member("subjects", measure.subjects)
            json.member("absent", measure.absent)
            json.key("value")
            if let values = measure.values { values.write(to: &json) } else { json.null() }
            json.close()
        }
        json.member("bandChanges", bandChanges)
        json.list("bandReturns", bandReturns) { json, item in
            json.open()
            json.member("band", item.band)
            json.member("count", item.count)
            json.member("days", item.days)
            json.close()
        }
    }

    private func writeUncounted(files: [String], to json: inout JSONWriter) {
        json.list("errors", diagnosis.failures) { $1.write(to: &$0) }
        var types = diagnosis.unmatchedTypes.map { (type: String?.some($0.type), events: $0.events) }
        if diagnosis.otherUnmatched > 0 { types.append((type: nil, events: diagnosis.otherUnmatched)) }
        json.list("unmatchedTypes", types) { json, item in
            json.open()
            json.member("type", item.type)
            json.member("events", item.events)
            json.close()
        }
        let counts = zip(files, notEnrolledByFile).filter { $1 > 0 }
        json.list("notEnrolledByFile", counts) { json, item in
            json.open()
            json.member("file", item.0)
            json.member("events", item.1)
            json.close()
        }
        json.member("waiting", diagnosis.waiting)
    }
}

extension BacktestReport.Discrimination {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("subjects", separation.with + separation.without)
        json.member("outcomes", separation.with)
        json.member("withoutStanding", withoutStanding)
        json.member("withoutOutcome", withoutOutcome)
        json.member("auc", separation.auc)
        json.member("gini", separation.gini)
        json.member("ks", separation.ks)
        json.member("ksScore", separation.ksPoint?.score)
        json.list("bands", bands) { $1.write(to: &$0) }
        json.list("deciles", deciles) { $1.write(to: &$0) }
        json.list("curve", separation.curve) { json, point in
            json.open()
            json.member("score", point.score)
            json.member("without", point.without)
            json.member("with", point.with)
            json.close()
        }
        json.close()
    }
}

extension BacktestRate {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("name", name)
        json.member("from", scores?.lowerBound)
        json.member("to", scores?.upperBound)
        json.member("subjects", subjects)
        json.member("outcomes", outcomes)
        json.member("rate", rate)
        json.close()
    }
}

extension BacktestReport.Part.Source {
    fileprivate func writeMembers(to json: inout JSONWriter) {
        let (part, rule): (String, String?) =
            switch self {
            case .base: ("base", nil)
            case .rule(let id): ("rule", id)
            case .limits: ("limits", nil)
            }
        json.member("part", part)
        json.member("rule", rule)
    }
}

extension BacktestReport.Part {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        source.writeMembers(to: &json)
        json.member("overGainers", overGainers)
        json.member("overLosers", overLosers)
        json.member("largestFor", largestFor)
        json.close()
    }
}

extension BacktestReport.Level {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("score", score)
        json.member("band", band)
        json.close()
    }
}

extension BacktestReport.Move {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("subject", subject)
        json.key("against")
        against.write(to: &json)
        json.key("policy")
        policy.write(to: &json)
        json.member("difference", difference)
        part.writeMembers(to: &json)
        json.member("points", points)
        json.close()
    }
}

extension BacktestReport.Difference {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("id", id)
        json.member("both", both)
        json.key("onlyPolicy")
        onlyPolicy.write(to: &json)
        json.key("onlyAgainst")
        onlyAgainst.write(to: &json)
        json.close()
    }
}

extension BacktestReport.Subjects {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("subjects", count)
        json.member("first", first)
        json.close()
    }
}
