public import Events
internal import Ledger

extension LedgerEntries {
    /// `{"entries":[{"partition","offset","entry","kind","time","type","source","id","subject","origin","data"}],"next"}`.
    /// Missing values are null: a tick has only its time.
    public func write(to writer: inout ByteWriter) {
        writer.append("{\"entries\":[")
        for (index, entry) in entries.enumerated() {
            if index > 0 { writer.append(",") }
            entry.write(to: &writer)
        }
        writer.append("],\"next\":")
        if let next { writer.append(jsonString: next.description) } else { writer.append("null") }
        writer.append("}")
    }
}

extension LedgerEntry {
    /// The names of kinds in an entry's JSON.
    public static let kinds = ["event", "tick", "system"]

    fileprivate func write(to writer: inout ByteWriter) {
        writer.append("{\"partition\":")
        writer.append(decimal: Int64(partition))
        writer.append(",\"offset\":")
        writer.append(decimal: offset)
        writer.append(",\"entry\":")
        writer.append(decimal: Int64(index))
        writer.append(",\"kind\":")
        writer.append(jsonString: Self.kinds[Int(kind.rawValue)])
        writer.append(",\"time\":")
        if let time { writer.append(jsonString: time.description) } else { writer.append("null") }
        for (name, text) in [("type", type), ("source", source), ("id", id), ("subject", subject)] {
            writer.append(",\"\(name)\":")
            if text.isEmpty { writer.append("null") } else { text.withUnsafeBytes { writer.append(jsonString: $0) } }
        }
        writer.append(",\"origin\":")
        if let origin {
            writer.append("{\"topic\":")
            writer.append(jsonString: origin.topic)
            writer.append(",\"partition\":")
            writer.append(decimal: Int64(origin.partition))
            writer.append(",\"offset\":")
            writer.append(decimal: origin.offset)
            writer.append("}")
        } else {
            writer.append("null")
        }
        writer.append(",\"data\":")
        // Intake has checked that it is JSON.
        if data.isEmpty { writer.append("null") } else { writer.append(data) }
        writer.append("}")
    }
}
