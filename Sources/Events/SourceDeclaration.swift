/// What the owner of a source topic declares: who writes there, and what its events may be.
public struct SourceDeclaration: Sendable, Hashable {
    /// Whether the owner of the source is a public body.
    public enum Sector: String, Sendable, CaseIterable { case `public`, `private` }

    /// The form of the source's records.
    public enum Format: String, Sendable, CaseIterable {
        case cloudEvents = "cloudevents"
        /// Any JSON: a map of the topic file makes an event of each record.
        case json
    }

    /// The greatest number of `types`, and of `sources`.
    public static let maximumPatterns = 256

    public var owner: String
    public var sector: Sector
    public var purpose: String
    /// Event types, and prefixes of them such as `bill.*`. None is under `standing.`. Empty if any type may be used.
    public var types: [String]
    /// What the CloudEvents attribute `source` begins with, compared byte by byte. None of them is empty. Empty if any source may be
    /// used that no other topic has declared.
    public var sources: [String]
    /// An event whose time lies further back when it is read is refused. Nil if no event is too old.
    public var lasts: CalendarSpan?
    public var format: Format
    public var contact: String

    public init(
        owner: String, sector: Sector, purpose: String, types: [String], sources: [String], lasts: CalendarSpan? = nil,
        format: Format = .cloudEvents, contact: String
    ) {
        self.owner = owner
        self.sector = sector
        self.purpose = purpose
        self.types = types
        self.sources = sources
        self.lasts = lasts
        self.format = format
        self.contact = contact
    }

    /// The earliest time that an event may have that is read now.
    public func earliest(at now: Timestamp) -> Timestamp {
        guard let lasts else { return .distantPast }
        return now.adding(CalendarSpan(-lasts.count, lasts.unit))
    }
}

extension SourceDeclaration {
    /// `{"owner","sector","purpose","types","sources","lasts","format","contact"}`; `lasts` is null if no event is too old.
    public func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("owner", owner)
        writer.member("sector", sector.rawValue)
        writer.member("purpose", purpose)
        writer.member("types", types)
        writer.member("sources", sources)
        writer.member("lasts", lasts.map { "\($0)" })
        writer.member("format", format.rawValue)
        writer.member("contact", contact)
        writer.close()
    }
}
