import Events

/// An event that owns its texts, so that it can outlive the decoder's next call.
struct Decoded: Equatable {
    var id: String
    var source: String
    var type: String
    var subject: String
    var time: String
    var data: String

    init(_ event: EventView) {
        func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
        id = text(event.id)
        source = text(event.source)
        type = text(event.type)
        subject = text(event.subject)
        time = event.time.description
        data = text(event.data)
    }
}

extension EventDecoder {
    /// Structured mode, owned.
    func decode(_ bytes: some Collection<UInt8>) -> Result<Decoded, EventDefect> {
        var event = EventView.empty
        return Array(bytes).withUnsafeBytes { value in
            if let defect = decode(structured: value, into: &event) { return .failure(defect) }
            return .success(Decoded(event))
        }
    }

    func decode(_ text: String) -> Result<Decoded, EventDefect> { decode(text.utf8) }
}

extension Result where Failure == EventDefect {
    /// `ATTRIBUTE/REASON`, or nothing for a good event.
    var code: String {
        switch self {
        case .success: ""
        case .failure(let defect): defect.code
        }
    }
}

/// A good event in JSON format; an argument replaces a member's JSON text, `nil` leaves the member out.
func eventJSON(
    specversion: String? = #""1.0""#, id: String? = #""e17""#, source: String? = #""/city/bus""#,
    type: String? = #""fare.paid""#, subject: String? = #""anna""#, time: String? = #""2026-01-02T03:04:05Z""#,
    data: String? = #"{"line":17,"fare":2.50}"#, more: String = ""
) -> String {
    let members = [
        ("specversion", specversion), ("id", id), ("source", source), ("type", type), ("subject", subject),
        ("time", time), ("data", data),
    ]
    return "{" + members.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }.joined(separator: ",") + more
        + "}"
}
