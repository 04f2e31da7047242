internal import Access
internal import Events

// MARK: Values for the partials

extension ConsolePages {
    /// Values for the partial `time`. With `now` they have the distance from it as a hint.
    static func fields(_ time: Timestamp, now: Timestamp? = nil) -> Fields {
        .of(["iso": time.description, "text": moment(time), "hint": now.map { relative(time, to: $0) }])
    }

    /// Nil if the time is unknown.
    static func known(_ time: Timestamp) -> Fields? { time == .distantPast ? nil : fields(time) }

    static func badge(_ text: String, _ level: Level?) -> Fields {
        .of(["text": text, "level": level?.rawValue ?? "plain"])
    }

    static func tile(_ label: String, _ value: String, note: String? = nil, spark: String? = nil) -> Fields {
        .of([
            "label": label, "value": value, "note": note, "isUnknown": value == "unknown",
            "spark": spark.flatMap { $0.isEmpty ? nil : $0 },
        ])
    }

    /// Values for the partial `reasons`.
    static func fields(_ reasons: [SubjectView.Reason]) -> [Fields] {
        reasons.prefix(maximumReasons).map {
            .of(["rule": shortened($0.rule, to: 60), "points": signed($0.points), "sign": sign($0.points)])
        }
    }

    /// The number of reasons of one step. The greatest come first.
    private static let maximumReasons = 8

    static func sign(_ value: Int) -> String { value < 0 ? "minus" : value > 0 ? "plus" : "even" }

    static func hidden(_ name: String, _ value: String) -> Fields {
        .of(["name": name, "value": ConsolePath.encoded(value)])
    }

    static func fields(_ events: [FileEvent], subject: SubjectID, canVoid: Bool) -> [Fields] {
        events.map { event in
            .of([
                "time": fields(event.time), "type": shortened(event.type, to: 60),
                "id": shortened(event.name.id, to: 60), "source": shortened(event.name.source, to: 60),
                "reasons": fields(event.reasons), "note": event.note,
                "data": event.data.isEmpty ? nil : shortened(event.data, to: maximumData),
                "partition": count(event.partition), "offset": count(event.offset), "isStruck": event.isStruck,
                "entry": ConsolePath.with(
                    ConsolePath.ledger, [("partition", "\(event.partition)"), ("offset", "\(event.offset)")]),
                "void": canVoid && !event.isStruck && !event.type.hasPrefix("standing.")
                    ? ConsolePath.act(
                        .void, [("subject", subject.text), ("source", event.name.source), ("id", event.name.id)])
                    : nil,
            ])
        }
    }

    /// Characters of an event's data that a table shows.
    static let maximumData = 4000

    static func level(_ state: Sanction.State) -> Level { state == .inForce ? .bad : .notice }

    static func level(_ state: Appeal.State) -> Level? {
        switch state {
        case .open: .notice
        case .upheld, .lapsed: .good
        case .rejected: nil
        }
    }

    static func word(_ level: Level) -> String {
        switch level {
        case .good: "well"
        case .notice: "soon"
        case .bad: "now"
        }
    }

    /// Values for the partial `standing`.
    static func standing(_ view: SubjectView) -> Fields {
        .of([
            "score": count(view.score), "minimum": count(view.minimum), "maximum": count(view.maximum),
            "band": view.band, "scale": Plot.scale(view),
            "bands": view.bands.enumerated().map { index, band in
                Fields.of([
                    "name": band.name, "from": count(band.from), "isCurrent": band.name == view.band,
                    "shade": Plot.shade(index, of: view.bands.count),
                ])
            },
        ])
    }

    /// The end of a period, and the time that is left.
    static func clock(_ label: String, _ time: Timestamp, now: Timestamp) -> Fields {
        .of([
            "label": label, "time": fields(time), "left": "(\(relative(time, to: now)))",
            "seconds": String(Int64(seconds(from: now, to: time))),
        ])
    }

    /// The share of a span that has passed.
    static func passed(from: Timestamp, to: Timestamp, now: Timestamp) -> Double {
        let span = seconds(from: from, to: to)
        return span <= 0 ? 1 : min(1, max(0, seconds(from: from, to: now) / span))
    }
}
