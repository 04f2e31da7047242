public import Events

/// A mapper with intake's checks of an event: intake accepts what it accepts.
public final class CheckedMapper {
    public enum Outcome: Sendable, Equatable {
        /// The event is in `event` and `bytes`.
        case event
        /// The map's `when` is false.
        case noEvent
        case noValue(MapDefect)
        /// The result of the map is not an event.
        case notAnEvent(EventDefect)

        /// The class of a dead letter and its description; nil if the record is not refused.
        public var refusal: (code: String, message: String)? {
            switch self {
            case .event, .noEvent: nil
            case .noValue(let defect): (defect.code, defect.description)
            case .notAnEvent(let defect): (defect.code, defect.description)
            }
        }
    }

    /// Valid until the next record.
    public private(set) var event = EventView.empty

    private let mapper: RecordMapper
    private let decoder = EventDecoder()
    private let memberDecoder = EventDecoder()
    private var json = ByteWriter(capacity: 4096)

    public init(_ map: RecordMap) { mapper = RecordMapper(map) }

    /// The event in structured mode; valid until the next record.
    public var bytes: UnsafeRawBufferPointer { json.bytes }

    public func addHeader(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
        if mapper.readsHeaders { mapper.addHeader(name, value) }
    }

    /// - Parameters:
    ///   - id: the event's id if the map gives none.
    ///   - latest: the greatest time that an event may have, in microseconds since 1970.
    public func map(_ record: SourceRecord, id: UnsafeRawBufferPointer? = nil, latest: Int64) -> Outcome {
        switch mapper.map(record, id: id, into: &json) {
        case .noEvent: return .noEvent
        case .defect(let defect): return .noValue(defect)
        case .event: break
        }
        let defect =
            mapper.decode(json.bytes, with: decoder, into: &event)
            ?? event.controlDefect(memberDecoder, fromControlTopic: false)
        if let defect { return .notAnEvent(defect) }
        return event.time.microseconds > latest ? .notAnEvent(EventDefect(.time, .inTheFuture)) : .event
    }
}
