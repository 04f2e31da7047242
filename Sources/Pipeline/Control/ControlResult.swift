public import Events

/// What came of an act.
public struct ControlResult: Sendable {
    public enum Status: String, Sendable {
        /// The ledger has it.
        case done
        /// It is in the control topic, and the ledger does not have it yet: `writeJSON` says where to ask.
        case pending
    }

    public let kind: ControlAct.Kind
    public let status: Status
    /// The same act was asked for before: nothing was sent again.
    public let isRepeat: Bool
    public let subject: String?
    /// The event's source and id; nil where the act is no control event.
    public let source: String?
    public let id: String?
    /// Where the ledger has the event; of one that goes to every partition, in the first. Nil while it does not, and where a repeat
    /// came too late to see it.
    public let place: (partition: Int32, offset: Int64, entry: Int)?
    /// The facts that followed, CloudEvents JSON, in their order; nil if nobody waited for them, or not for long enough.
    public let facts: [[UInt8]]?
    /// What else there is to say: a JSON object's text.
    public let details: String?

    /// The HTTP status of an answer.
    public var httpStatus: Int { status == .done ? 200 : 202 }

    /// `{"act","status","repeated","subject","source","id","ledger":{"partition","offset","entry"},"facts":[…],"details",
    /// "trace"}`: members that have no value are null. `trace` is a path that says what became of the event.
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
        if let place {
            writer.append(
                ",\"ledger\":{\"partition\":\(place.partition),\"offset\":\(place.offset),\"entry\":\(place.entry)}")
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
