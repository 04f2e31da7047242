public import Events

extension SubjectDifference {
    /// `{"subject","from","to","score","dimensions":{name:points},"parts":[{"part","score","dimensions","steps",
    /// "reasons":[{"rule","dimension","points","event":{"type","source","id","time","offset"}}]}]}`; `from` and `to`
    /// are `{"clock","score","band","dimensions","policy":{"id","version"}}`, with null for the score and the band of a
    /// subject that was not enrolled. `score` and `dimensions` are the difference, which is the sum of the parts'. A
    /// part without a step is omitted. The `event` of a reason is null if the passage of time is the cause.
    public func write(to writer: inout ByteWriter) {
        writer.append("{\"subject\":")
        subject.withUnsafeBytes { writer.append(jsonString: $0) }
        writer.append(",\"from\":")
        from.write(to: &writer)
        writer.append(",\"to\":")
        to.write(to: &writer)
        writer.append(",\"score\":")
        writer.append(decimal: score)
        writer.append(",\"dimensions\":")
        write(dimensions.map { points(in: $0) }, to: &writer)
        writer.append(",\"parts\":[")
        for (index, part) in parts.filter({ $0.steps > 0 }).enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            write(part, to: &writer)
        }
        writer.append("]}")
    }

    private func write(_ part: Part, to writer: inout ByteWriter) {
        writer.append("{\"part\":")
        writer.append(jsonString: part.sort.rawValue)
        writer.append(",\"score\":")
        writer.append(decimal: part.score)
        writer.append(",\"dimensions\":")
        write(part.dimensions, to: &writer)
        writer.append(",\"steps\":")
        writer.append(decimal: Int64(part.steps))
        writer.append(",\"reasons\":[")
        for (index, reason) in part.reasons.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append("{\"rule\":")
            writer.append(jsonString: reason.rule)
            writer.append(",\"dimension\":")
            writer.append(jsonString: reason.dimension)
            writer.append(",\"points\":")
            writer.append(decimal: reason.points)
            writer.append(",\"event\":")
            if let entry = entry(reason) { entry.writeCause(to: &writer) } else { writer.append("null") }
            writer.append("}")
        }
        writer.append("]}")
    }

    private func write(_ points: [Int64], to writer: inout ByteWriter) {
        writer.append("{")
        for (index, name) in dimensions.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append(jsonString: name)
            writer.append(byte: 0x3A)
            writer.append(decimal: points[index])
        }
        writer.append("}")
    }
}

extension SubjectDifference.Moment {
    fileprivate func write(to writer: inout ByteWriter) {
        writer.append("{\"clock\":")
        SubjectFile.append(clock, to: &writer)
        writer.append(",\"score\":")
        if let score { writer.append(decimal: score) } else { writer.append("null") }
        writer.append(",\"band\":")
        if let band { writer.append(jsonString: band) } else { writer.append("null") }
        writer.append(",\"dimensions\":{")
        for (index, item) in dimensions.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append(jsonString: item.name)
            writer.append(byte: 0x3A)
            writer.append(decimal: item.points)
        }
        writer.append("},\"policy\":")
        if let policy {
            writer.append("{\"id\":")
            writer.append(jsonString: policy.id)
            writer.append(",\"version\":")
            writer.append(decimal: policy.version)
            writer.append("}")
        } else {
            writer.append("null")
        }
        writer.append("}")
    }
}

extension SubjectEntries.Entry {
    /// `{"type","source","id","time","offset"}`: the event that is a cause, with its ledger offset.
    func writeCause(to writer: inout ByteWriter) {
        writer.append("{\"type\":")
        type.withUnsafeBytes { writer.append(jsonString: $0) }
        writer.append(",\"source\":")
        source.withUnsafeBytes { writer.append(jsonString: $0) }
        writer.append(",\"id\":")
        id.withUnsafeBytes { writer.append(jsonString: $0) }
        writer.append(",\"time\":")
        SubjectFile.append(time, to: &writer)
        writer.append(",\"offset\":")
        writer.append(decimal: offset)
        writer.append("}")
    }
}
