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
    public func writeJSON(to writer: inout ByteWriter) {
        func add(_ name: StaticString, _ text: String?) {
            writer.append(",\"")
            writer.append(name)
            writer.append("\":")
            if let text { writer.append(jsonString: text) } else { writer.append("null") }
        }
        writer.append("{\"act\":")
        writer.append(jsonString: kind.rawValue)
        add("status", status.rawValue)
        writer.append(",\"repeated\":\(isRepeat)")
        add("subject", subject)
        add("source", source)
        add("id", id)
        if let position {
            writer.append(
                ",\"ledger\":{\"partition\":\(position.partition),\"offset\":\(position.offset),\"entry\":\(position.entry)}"
            )
        } else {
            writer.append(",\"ledger\":null")
        }
        writer.append(",\"facts\":")
        if let facts {
            writer.append("[")
            for (index, fact) in facts.enumerated() {
                if index > 0 { writer.append(",") }
                writer.append(fact)
            }
            writer.append("]")
        } else {
            writer.append("null")
        }
        writer.append(",\"details\":")
        writer.append(details ?? "null")
        add("trace", tracePath)
        writer.append("}")
    }

    private var tracePath: String? {
        guard let subject, let source, let id else { return nil }
        return "/events?subject=\(Self.encoded(subject))&source=\(Self.encoded(source))&id=\(Self.encoded(id))"
    }

    /// Percent-encoded for a query.
    private static func encoded(_ text: String) -> String {
        var encoded = ""
        let digits = Array("0123456789ABCDEF")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                encoded.append(Character(Unicode.Scalar(byte)))
            default: encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return encoded
    }
}
