public import Events

extension SubjectDifference {
    /// `{"subject","from","to","score","dimensions":{name:points},"parts":[{"part","score","dimensions","steps",
    /// "reasons":[{"rule","dimension","points","event":{"type","source","id","time","offset"}}]}]}`; `from` and `to`
    /// are `{"clock","score","band","dimensions","policy":{"id","version"}}`, with null for the score and the band of a
    /// subject that was not enrolled. `score` and `dimensions` are the difference, which is the sum of the parts'. A
    /// part without a step is omitted. The `event` of a reason is null if the passage of time is the cause.
    public func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("subject", utf8: subject)
        writer.key("from")
        from.write(to: &writer)
        writer.key("to")
        to.write(to: &writer)
        writer.member("score", score)
        writer.key("dimensions")
        write(dimensions.map { points(in: $0) }, to: &writer)
        writer.list("parts", parts.filter { $0.steps > 0 }) { write($1, to: &$0) }
        writer.close()
    }

    private func write(_ part: Part, to writer: inout JSONWriter) {
        writer.open()
        writer.member("part", part.sort.rawValue)
        writer.member("score", part.score)
        writer.key("dimensions")
        write(part.dimensions, to: &writer)
        writer.member("steps", part.steps)
        writer.list("reasons", part.reasons) { writer, reason in
            writer.open()
            writer.member("rule", reason.rule)
            writer.member("dimension", reason.dimension)
            writer.member("points", reason.points)
            writer.key("event")
            entry(reason).writeCause(to: &writer)
            writer.close()
        }
        writer.close()
    }

    private func write(_ points: [Int64], to writer: inout JSONWriter) {
        writer.open()
        for (name, points) in zip(dimensions, points) { writer.member(name, points) }
        writer.close()
    }
}

extension SubjectDifference.Moment {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("clock", clock.known)
        writer.member("score", score)
        writer.member("band", band)
        writer.open("dimensions")
        for item in dimensions { writer.member(item.name, item.points) }
        writer.close()
        writer.key("policy")
        if let policy {
            writer.open()
            writer.member("id", policy.id)
            writer.member("version", policy.version)
            writer.close()
        } else {
            writer.null()
        }
        writer.close()
    }
}

extension SubjectEntries.Entry? {
    /// `{"type","source","id","time","offset"}`: the event that is a cause, with its ledger offset; null if there is none.
    func writeCause(to writer: inout JSONWriter) {
        guard let self else { return writer.null() }
        writer.open()
        writer.member("type", utf8: self.type)
        writer.member("source", utf8: self.source)
        writer.member("id", utf8: self.id)
        writer.member("time", self.time.known)
        writer.member("offset", self.offset)
        writer.close()
    }
}
