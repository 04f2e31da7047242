public import Events

/// The result of an act.
public struct ControlResult: Sendable {
    public enum Status: String, Sendable {
        /// The ledger has the event.
        case done
        /// The event is in the control topic, and not yet in the ledger. The answer's `trace` has the path for its
        /// outcome.
        case pending
    }

    public let kind: ControlAct.Kind
    public let status: Status
    /// Whether the same act was requested before, so that nothing was sent again.
    public let isRepeat: Bool
    public let subject: String?
    /// The event's source and id; nil if the act is not a control event.
    public let source: String?
    public let id: String?
    /// The position of the event in the ledger; of an event for every partition, that in the first. Nil while the
    /// ledger does not have it, and if a repeat came too late to read it.
    public let position: (partition: Int32, offset: Int64, entry: Int)?
    /// The published facts, CloudEvents JSON, in their order; nil if the request did not wait for them, or not long
    /// enough.
    public let facts: [[UInt8]]?
    /// Further details: a JSON object's text; nil if there are none.
    public let details: String?

    /// The HTTP status of an answer.
    public var httpStatus: Int { status == .done ? 200 : 202 }

    /// `{"act","status","repeated","subject","source","id","ledger":{"partition","offset","entry"},"facts":[…],"details",
    /// "trace"}`. Members without a value are null. `trace` is the path of a page about the event's outcome.
    public func writeJSON(to writer: inout JSONWriter) {
        writer.open()
        writer.member("act", kind.rawValue)
        writer.member("status", status.rawValue)
        writer.member("repeated", isRepeat)
        writer.member("subject", subject)
        writer.member("source", source)
        writer.member("id", id)
        writer.key("ledger")
        if let position {
            writer.open()
            writer.member("partition", position.partition)
            writer.member("offset", position.offset)
            writer.member("entry", position.entry)
            writer.close()
        } else {
            writer.null()
        }
        writer.key("facts")
        if let facts { writer.list(facts) { $0.value(json: $1) } } else { writer.null() }
        writer.member("details", json: details)
        writer.member("trace", tracePath)
        writer.close()
    }

    private var tracePath: String? {
        guard let subject, let source, let id else { return nil }
        let query = [("subject", subject), ("source", source), ("id", id)]
        return "/events?" + query.map { "\($0)=\(PercentEncoding.encoded($1.utf8))" }.joined(separator: "&")
    }
}
