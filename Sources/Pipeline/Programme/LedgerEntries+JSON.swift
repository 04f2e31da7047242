public import Events
internal import Ledger

extension LedgerEntries {
    /// `{"entries":[{"partition","offset","entry","kind","time","type","source","id","subject","origin","data"}],"next"}`.
    /// Missing values are null: a tick has only its time.
    public func write(to writer: inout JSONWriter) {
        writer.open()
        writer.list("entries", entries) { $1.write(to: &$0) }
        writer.member("next", next?.description)
        writer.close()
    }
}

extension LedgerEntry {
    /// The names of kinds in an entry's JSON.
    public static let kinds = ["event", "tick", "system"]

    fileprivate func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("partition", partition)
        writer.member("offset", offset)
        writer.member("entry", index)
        writer.member("kind", Self.kinds[Int(kind.rawValue)])
        writer.member("time", time)
        for (name, text) in [("type", type), ("source", source), ("id", id), ("subject", subject)] {
            writer.member(name, utf8: text.isEmpty ? nil : text)
        }
        writer.key("origin")
        if let origin {
            writer.open()
            writer.member("topic", origin.topic)
            writer.member("partition", origin.partition)
            writer.member("offset", origin.offset)
            writer.close()
        } else {
            writer.null()
        }
        // Intake has checked that it is JSON.
        writer.member("data", json: data.isEmpty ? nil : data)
        writer.close()
    }
}
