extension ShadowDifference {
    /// One JSON object. All keys are always present, in this order.
    ///
    /// ```
    /// {"policy": POLICY, "active": [POLICY],
    ///  "partitions": [{"partition", "fromOffset", "toOffset", "fromClock", "toClock"}]: a clock is null before the first event
    ///  "subjects", "scores": {"higher", "lower", "same"},
    ///  "bands": {"up", "down", "same", "other", "moves": [{"from", "to", "subjects"}]},
    ///  "perks": [ITEM], "sanctions": [ITEM],
    ///  "sample": [{"subject", "kind", "live": {"score", "band"}, "shadow": {"score", "band"}, "difference",
    ///    "perksGained": [ids], "perksLost": [ids], "sanctionsGained": [ids], "sanctionsLost": [ids]}]}
    ///
    /// POLICY: {"id", "version"}
    /// ITEM: {"id", "live", "shadow", "gained", "lost"}
    /// ```
    public var json: String {
        var json = JSONDocument()
        json.object {
            $0.member("policy") { policy.write(to: &$0) }
            $0.member("active") { $0.array(active) { $0.write(to: &$1) } }
            $0.member("partitions") { $0.array(partitions) { $0.write(to: &$1) } }
            $0.member("subjects", subjects)
            $0.member("scores") { json in
                json.object {
                    $0.member("higher", scores.higher)
                    $0.member("lower", scores.lower)
                    $0.member("same", scores.same)
                }
            }
            $0.member("bands") { bands.write(to: &$0) }
            $0.member("perks") { $0.array(perks) { $0.write(to: &$1) } }
            $0.member("sanctions") { $0.array(sanctions) { $0.write(to: &$1) } }
            $0.member("sample") { $0.array(sample) { $0.write(to: &$1) } }
        }
        return json.text
    }
}

extension ShadowDifference.Policy {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("id", id)
            $0.member("version", version)
        }
    }
}

extension ShadowDifference.Partition {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("partition", Int64(partition))
            $0.member("fromOffset", fromOffset)
            $0.member("toOffset", toOffset)
            $0.member("fromClock", fromClock)
            $0.member("toClock", toClock)
        }
    }
}

extension ShadowDifference.Bands {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("up", up)
            $0.member("down", down)
            $0.member("same", same)
            $0.member("other", other)
            $0.member("moves") { json in
                json.array(moves) { move, json in
                    json.object {
                        $0.member("from", move.from)
                        $0.member("to", move.to)
                        $0.member("subjects", move.subjects)
                    }
                }
            }
        }
    }
}

extension ShadowDifference.Item {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("id", id)
            $0.member("live", live)
            $0.member("shadow", shadow)
            $0.member("gained", gained)
            $0.member("lost", lost)
        }
    }
}

extension ShadowDifference.Level {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("score", score)
            $0.member("band", band)
        }
    }
}

extension ShadowDifference.Subject {
    fileprivate func write(to json: inout JSONDocument) {
        json.object {
            $0.member("subject", subject)
            $0.member("kind", kind)
            $0.member("live") { live.write(to: &$0) }
            $0.member("shadow") { shadow.write(to: &$0) }
            $0.member("difference", difference)
            $0.member("perksGained") { $0.array(perksGained) { $1.string($0) } }
            $0.member("perksLost") { $0.array(perksLost) { $1.string($0) } }
            $0.member("sanctionsGained") { $0.array(sanctionsGained) { $1.string($0) } }
            $0.member("sanctionsLost") { $0.array(sanctionsLost) { $1.string($0) } }
        }
    }
}
