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
        var writer = JSONDocument()
        writer.object {
            $0.member("policy") { policy.write(files: input.files, to: &$0) }
            $0.member("against") { json in
                if let against { against.write(files: input.files, to: &json) } else { json.null() }
            }
            $0.member("input") { input.write(to: &$0) }
            $0.member("comparison") { json in
                if let comparison {
                    comparison.write(
                        policyBands: policy.bands.map(\.name), againstBands: against?.bands.map(\.name) ?? [], to: &json
                    )
                } else {
                    json.null()
                }
            }
            $0.member("histogram") { json in
                if let histogram { histogram.write(to: &json) } else { json.null() }
            }
            $0.member("outcome") { json in
                if let outcome { outcome.write(to: &json) } else { json.null() }
            }
            $0.member("sensitivity") { json in
                if let sensitivity { json.array(sensitivity) { $0.write(to: &$1) } } else { json.null() }
            }
        }
        return writer.text + "\n"
    }
}

extension BacktestReport.Comparison {
    /// The bands of `matrix` by their names.
    func write(policyBands: [String], againstBands: [String], to json: inout JSONDocument) {
        json.object {
            $0.member("subjects", subjects)
            $0.member("onlyPolicy", onlyPolicy)
            $0.member("onlyAgainst", onlyAgainst)
            $0.member("gain", gain)
            $0.member("lose", lose)
            $0.member("stay", stay)
            $0.member("pointsGained", pointsGained)
            $0.member("pointsLost", pointsLost)
            $0.member("bandUp", bandUp)
            $0.member("bandDown", bandDown)
            $0.member("bandSame", bandSame)
            $0.member("bandOther", bandOther)
            $0.member("losePerk", losePerk)
            $0.member("matrix") { json in
                let cells = matrix.enumerated().flatMap { row, counts in
                    counts.enumerated().compactMap { $1 == 0 ? nil : (row, $0, $1) }
                }
                json.array(cells) { cell, json in
                    json.object {
                        $0.member("against", againstBands[cell.0])
                        $0.member("policy", policyBands[cell.1])
                        $0.member("subjects", cell.2)
                    }
                }
            }
            $0.member("parts") { $0.array(parts) { $0.write(to: &$1) } }
            $0.member("gainers") { $0.array(gainers) { $0.write(to: &$1) } }
            $0.member("losers") { $0.array(losers) { $0.write(to: &$1) } }
            $0.member("sanctions") { $0.array(sanctions) { $0.write(to: &$1) } }
            $0.member("perks") { $0.array(perks) { $0.write(to: &$1) } }
        }
    }
}

extension BacktestReport.Input {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("files") { $0.array(files) { $1.string($0) } }
            $0.member("read", read)
            $0.member("rejected", rejected)
            $0.member("clock", clock?.description)
        }
    }
}

extension BacktestReport.Outcome {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("name", name)
            $0.member("subjects", subjects)
            $0.member("outcomes", outcomes)
        }
    }
}

extension BacktestHistogram {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("from", from)
            $0.member("width", width)
            $0.member("policy") { $0.array(policy) { $1.number($0) } }
            $0.member("against") { $0.array(against) { $1.number($0) } }
        }
    }
}

extension BacktestReport.Side {
    fileprivate func write(files: [String], to json: inout JSONDocument) {
        json.object {
            $0.member("id", id)
            $0.member("version", version)
            $0.member("subjects", subjects)
            $0.member("scored", counters.scored)
            $0.member("unmatched", counters.unmatched)
            $0.member("notEnrolled", counters.notEnrolled)
            $0.member("outOfRange", counters.outOfRange)
            $0.member("evaluationErrors", counters.evaluationErrors)
            writeUncounted(files: files, to: &$0)
            $0.member("score") { json in
                if let scores { scores.write(to: &json) } else { json.null() }
            }
            $0.member("bands") { json in
                json.array(bands) { band, json in
                    json.object {
                        $0.member("name", band.name)
                        $0.member("from", band.from)
                        $0.member("subjects", band.subjects)
                        $0.member("share", BacktestRatio(band.subjects, over: subjects))
                    }
                }
            }
            $0.member("sanctions") { json in
                json.array(sanctions) { item, json in
                    json.object {
                        $0.member("id", item.id)
                        $0.member("imposed", item.imposed)
                        $0.member("lifted", item.lifted)
                        $0.member("noticed", item.noticed)
                        $0.member("inForce", item.inForce)
                        $0.member("stayed", item.stayed)
                    }
                }
            }
            $0.member("perks") { json in
                json.array(perks) { item, json in
                    json.object {
                        $0.member("id", item.id)
                        $0.member("granted", item.granted)
                        $0.member("revoked", item.revoked)
                        $0.member("held", item.held)
                    }
                }
            }
            writeCloserLook(to: &$0)
            $0.member("outcome") { json in
                if let outcome { outcome.write(to: &json) } else { json.null() }
            }
        }
    }
}

extension BacktestDistribution {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("mean", mean, decimals: 1)
            $0.member("least", least)
            $0.member("lowerQuartile", lowerQuartile)
            $0.member("median", median)
            $0.member("upperQuartile", upperQuartile)
            $0.member("greatest", greatest)
        }
    }
}

extension BacktestReport.Sensitivity {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("rule", rule)
            $0.member("gain", gain)
            $0.member("pointsGained", pointsGained)
            $0.member("lose", lose)
            $0.member("pointsLost", pointsLost)
            $0.member("bandUp", bandUp)
            $0.member("bandDown", bandDown)
            $0.member("sanctions", sanctions)
            $0.member("perks", perks)
        }
    }
}

extension BacktestReport.Side {
    private func writeCloserLook(to json: inout JSONDocument) {
        json.member("measures") { json in
            json.array(measures) { measure, json in
                json.object {
                    $0.member("id", measure.id)
                    $0.member("subjects", measure.subjects)
                    $0.member("absent", measure.absent)
                    $0.member("value") { json in
                        if let values = measure.values { values.write(to: &json) } else { json.null() }
                    }
                }
            }
        }
        json.member("bandChanges", bandChanges)
        json.member("bandReturns") { json in
            json.array(bandReturns) { item, json in
                json.object {
                    $0.member("band", item.band)
                    $0.member("count", item.count)
                    $0.member("days", item.days)
                }
            }
        }
    }

    private func writeUncounted(files: [String], to json: inout JSONDocument) {
        json.member("errors") { $0.array(diagnosis.failures) { $0.writeJSON(to: &$1) } }
        json.member("unmatchedTypes") { json in
            var types = diagnosis.unmatchedTypes.map { (type: String?.some($0.type), events: $0.events) }
            if diagnosis.otherUnmatched > 0 { types.append((type: nil, events: diagnosis.otherUnmatched)) }
            json.array(types) { item, json in
                json.object {
                    $0.member("type", item.type)
                    $0.member("events", item.events)
                }
            }
        }
        json.member("notEnrolledByFile") { json in
            let counts = zip(files, notEnrolledByFile).filter { $1 > 0 }
            json.array(counts) { item, json in
                json.object {
                    $0.member("file", item.0)
                    $0.member("events", item.1)
                }
            }
        }
        json.member("waiting", diagnosis.waiting)
    }
}

extension Diagnosis.Failure {
    fileprivate func writeJSON(to json: inout JSONDocument) {
        json.object {
            switch part {
            case .rule: $0.member("rule", id)
            case .measure: $0.member("measure", id)
            case .sanction: $0.member("sanction", id)
            case .perk: $0.member("perk", id)
            }
            $0.member("error", reason)
            $0.member("count", count)
            $0.member("source", example?.source)
            $0.member("id", example?.id)
        }
    }
}

extension BacktestReport.Discrimination {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("subjects", separation.with + separation.without)
            $0.member("outcomes", separation.with)
            $0.member("withoutStanding", withoutStanding)
            $0.member("withoutOutcome", withoutOutcome)
            $0.member("auc", separation.auc)
            $0.member("gini", separation.gini)
            $0.member("ks", separation.ks)
            $0.member("ksScore", separation.ksPoint?.score)
            $0.member("bands") { $0.array(bands) { $0.write(to: &$1) } }
            $0.member("deciles") { $0.array(deciles) { $0.write(to: &$1) } }
            $0.member("curve") { json in
                json.array(separation.curve) { point, json in
                    json.object {
                        $0.member("score", point.score)
                        $0.member("without", point.without)
                        $0.member("with", point.with)
                    }
                }
            }
        }
    }
}

extension BacktestRate {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("name", name)
            $0.member("from", scores?.lowerBound)
            $0.member("to", scores?.upperBound)
            $0.member("subjects", subjects)
            $0.member("outcomes", outcomes)
            $0.member("rate", rate)
        }
    }
}

extension BacktestReport.Part.Source {
    fileprivate func writeMembers(to json: inout JSONDocument) {
        switch self {
        case .base:
            json.member("part", "base")
            json.member("rule", String?.none)
        case .rule(let id):
            json.member("part", "rule")
            json.member("rule", id)
        case .limits:
            json.member("part", "limits")
            json.member("rule", String?.none)
        }
    }
}

extension BacktestReport.Part {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            source.writeMembers(to: &$0)
            $0.member("overGainers", overGainers)
            $0.member("overLosers", overLosers)
            $0.member("largestFor", largestFor)
        }
    }
}

extension BacktestReport.Level {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("score", score)
            $0.member("band", band)
        }
    }
}

extension BacktestReport.Move {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("subject", subject)
            $0.member("against") { against.write(to: &$0) }
            $0.member("policy") { policy.write(to: &$0) }
            $0.member("difference", difference)
            part.writeMembers(to: &$0)
            $0.member("points", points)
        }
    }
}

extension BacktestReport.Difference {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("id", id)
            $0.member("both", both)
            $0.member("onlyPolicy") { onlyPolicy.write(to: &$0) }
            $0.member("onlyAgainst") { onlyAgainst.write(to: &$0) }
        }
    }
}

extension BacktestReport.Subjects {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("subjects", count)
            $0.member("first") { $0.array(first) { $1.string($0) } }
        }
    }
}

/// Writes JSON with the necessary commas.
struct JSONDocument: ~Copyable {
    private var writer = ByteWriter(capacity: 16 * 1024)
    private var isFirst = true

    var text: String { String(decoding: writer.bytes, as: UTF8.self) }

    mutating func null() { writer.append("null") }
    mutating func number(_ value: Int64) { writer.append(decimal: value) }
    mutating func string(_ value: String) { writer.append(jsonString: value) }

    mutating func object(_ members: (inout JSONDocument) -> Void) {
        writer.append(byte: UInt8(ascii: "{"))
        isFirst = true
        members(&self)
        writer.append(byte: UInt8(ascii: "}"))
        isFirst = false
    }

    mutating func array<Element>(_ items: [Element], _ body: (Element, inout JSONDocument) -> Void) {
        writer.append(byte: UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            if index > 0 { writer.append(byte: UInt8(ascii: ",")) }
            body(item, &self)
        }
        writer.append(byte: UInt8(ascii: "]"))
    }

    mutating func member(_ name: StaticString, _ value: (inout JSONDocument) -> Void) {
        if !isFirst { writer.append(byte: UInt8(ascii: ",")) }
        writer.append(byte: UInt8(ascii: "\""))
        writer.append(name)
        writer.append("\":")
        value(&self)
        isFirst = false
    }

    mutating func member(_ name: StaticString, _ value: Int64?) {
        member(name) { json in
            if let value { json.number(value) } else { json.null() }
        }
    }

    mutating func member(_ name: StaticString, _ value: String?) {
        member(name) { json in
            if let value { json.string(value) } else { json.null() }
        }
    }

    mutating func member(_ name: StaticString, _ value: BacktestRatio?, decimals: Int = 6) {
        member(name) { json in
            if let value { json.writer.append(value.decimal(decimals)) } else { json.null() }
        }
    }
}
