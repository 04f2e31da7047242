internal import Events

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
        var json = JSONWriter()
        json.open()
        json.key("policy")
        policy.write(to: &json)
        json.list("active", active) { $1.write(to: &$0) }
        json.list("partitions", partitions) { $1.write(to: &$0) }
        json.member("subjects", subjects)
        json.open("scores")
        json.member("higher", scores.higher)
        json.member("lower", scores.lower)
        json.member("same", scores.same)
        json.close()
        json.key("bands")
        bands.write(to: &json)
        json.list("perks", perks) { $1.write(to: &$0) }
        json.list("sanctions", sanctions) { $1.write(to: &$0) }
        json.list("sample", sample) { $1.write(to: &$0) }
        json.close()
        return json.text
    }
}

extension ShadowDifference.Policy {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("id", id)
        json.member("version", version)
        json.close()
    }
}

extension ShadowDifference.Partition {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("partition", partition)
        json.member("fromOffset", fromOffset)
        json.member("toOffset", toOffset)
        json.member("fromClock", fromClock)
        json.member("toClock", toClock)
        json.close()
    }
}

extension ShadowDifference.Bands {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("up", up)
        json.member("down", down)
        json.member("same", same)
        json.member("other", other)
        json.list("moves", moves) { json, move in
            json.open()
            json.member("from", move.from)
            json.member("to", move.to)
            json.member("subjects", move.subjects)
            json.close()
        }
        json.close()
    }
}

extension ShadowDifference.Item {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("id", id)
        json.member("live", live)
        json.member("shadow", shadow)
        json.member("gained", gained)
        json.member("lost", lost)
        json.close()
    }
}

extension ShadowDifference.Level {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("score", score)
        json.member("band", band)
        json.close()
    }
}

extension ShadowDifference.Subject {
    fileprivate func write(to json: inout JSONWriter) {
        json.open()
        json.member("subject", subject)
        json.member("kind", kind)
        json.key("live")
        live.write(to: &json)
        json.key("shadow")
        shadow.write(to: &json)
        json.member("difference", difference)
        json.member("perksGained", perksGained)
        json.member("perksLost", perksLost)
        json.member("sanctionsGained", sanctionsGained)
        json.member("sanctionsLost", sanctionsLost)
        json.close()
    }
}
