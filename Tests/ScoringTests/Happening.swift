import Events

/// One entry of a story: an event, or a tick. Days count from 2026-01-01T00:00:00Z.
struct Happening: Equatable {
    /// Nil for a tick.
    var type: String?
    var subject = ""
    var id = ""
    var source = "/city"
    var time: Timestamp
    var data = ""

    static func day(_ day: Double) -> Timestamp {
        Timestamp(microseconds: 1_767_225_600_000_000 + Int64(day * Double(Timestamp.microsecondsPerDay)))
    }
}

/// An event's id is its type and day where a test does not give one.
func happened(
    _ type: String, _ subject: String, on day: Double, id: String? = nil, source: String = "/city", data: String = ""
) -> Happening {
    Happening(
        type: type, subject: subject, id: id ?? "\(type) \(day)", source: source, time: Happening.day(day), data: data)
}

func enrolled(
    _ subject: String, on day: Double = 0, kind: String = "individual", terms: String = "t1", id: String? = nil
) -> Happening {
    happened(
        "standing.subject.enrolled", subject, on: day, id: id, source: "/register",
        data: #"{"kind":"\#(kind)","terms":"\#(terms)"}"#)
}

func withdrawn(_ subject: String, on day: Double, id: String? = nil) -> Happening {
    happened("standing.subject.withdrawn", subject, on: day, id: id, source: "/register")
}

func tick(on day: Double) -> Happening { Happening(type: nil, time: Happening.day(day)) }
