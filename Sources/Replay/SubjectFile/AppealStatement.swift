public import Events

/// The statement of an appeal.
public struct AppealStatement: Sendable, Hashable {
    /// Empty if the event has none.
    public let text: String
    /// The event's time.
    public let filedAt: Timestamp
    public let source: String
    public let id: String

    /// The statement of the last appeal against a sanction; nil if the subject's history has none.
    public init?(_ history: SubjectEntries, sanction: String) {
        let decoder = EventDecoder()
        func string(_ name: StaticString, of entry: SubjectEntries.Entry) -> String? {
            entry.data.withUnsafeBytes { data in
                decoder.string(name, of: data).map { String(decoding: $0, as: UTF8.self) }
            }
        }
        let found = history.entries.last { entry in
            ControlType.appealFiled.isType(entry.type) && string("sanction", of: entry) == sanction
        }
        guard let found else { return nil }
        text = string("statement", of: found) ?? ""
        filedAt = found.time
        source = String(decoding: found.source, as: UTF8.self)
        id = String(decoding: found.id, as: UTF8.self)
    }

    /// `{"statement","filedAt","source","id"}`
    public func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("statement", text)
        writer.member("filedAt", filedAt)
        writer.member("source", source)
        writer.member("id", id)
        writer.close()
    }
}
