public import Events
internal import Mapping

/// The result of a dry run: the events that a table would become. Its memory is bounded for every table.
public struct ImportSummary {
    /// Further event types and reasons are counted together.
    private static let maximumNames = 1000
    private static let otherNames = "(others)"

    public private(set) var rows: Int64 = 0
    public private(set) var events: Int64 = 0
    public private(set) var passedOver: Int64 = 0
    public private(set) var refused: Int64 = 0
    public private(set) var refusals: [String: (count: Int64, line: Int, message: String)] = [:]
    public private(set) var types: [String: Int64] = [:]
    public private(set) var times: ClosedRange<Timestamp>?
    /// Events whose identity an earlier row has. They count once.
    public private(set) var repeats: Int64 = 0
    private(set) var firstRepeat: Int?
    /// Events that count for nothing because of their times (`EntryTime`).
    public private(set) var outOfRange: Int64 = 0
    private(set) var firstOutOfRange: Int?
    /// Whether there were more subjects, or identities, than there is room for.
    private(set) var isBeyondCounting = false
    private var subjectCounts = FingerprintCounts()
    private var identities = FingerprintCounts()
    public let looksForRepeats: Bool

    public var subjects: Int { subjectCounts.count }

    /// `looksForRepeats`: whether the map defines the ids.
    public init(looksForRepeats: Bool) { self.looksForRepeats = looksForRepeats }

    /// Returns whether the row is an event of a subject that was not seen before.
    public mutating func add(_ row: ImportPass.Row) -> Bool {
        rows += 1
        if let refusal = row.refusal {
            refused += 1
            let isKnown = refusals[refusal.code] != nil
            let code = isKnown || refusals.count < Self.maximumNames ? refusal.code : Self.otherNames
            refusals[code, default: (0, row.line, refusal.message)].count += 1
            return false
        }
        guard let event = row.event else {
            passedOver += 1
            return false
        }
        events += 1
        let type = String(decoding: event.type, as: UTF8.self)
        let isKnown = types[type] != nil
        types[isKnown || types.count < Self.maximumNames ? type : Self.otherNames, default: 0] += 1
        times = min(times?.lowerBound ?? event.time, event.time)...max(times?.upperBound ?? event.time, event.time)
        if event.time < EntryTime.first || event.time > EntryTime.last {
            outOfRange += 1
            firstOutOfRange = firstOutOfRange ?? row.line
        }
        if looksForRepeats { noteIdentity(of: event, line: row.line) }
        switch subjectCounts.add(event.subject.fingerprint(seed: 0)) {
        case 1: return true
        case nil:
            isBeyondCounting = true
            return false
        default: return false
        }
    }

    private mutating func noteIdentity(of event: EventView, line: Int) {
        let fingerprint = event.id.fingerprint(seed: event.source.fingerprint(seed: event.subject.fingerprint(seed: 1)))
        guard let count = identities.add(fingerprint) else {
            isBeyondCounting = true
            return
        }
        if count > 1 {
            repeats += 1
            firstRepeat = firstRepeat ?? line
        }
    }

    /// Text for people.
    public func text(_ file: String, _ enrolments: Enrolments?) -> String {
        var lines = ["\(file): \(rows) rows: \(events) events, \(passedOver) passed over, \(refused) refused"]
        func counted(_ title: String, _ items: [(count: Int64, text: String)]) {
            guard !items.isEmpty else { return }
            lines.append("\(title):")
            let width = items.map { String($0.count).count }.max() ?? 0
            for (count, text) in items {
                let number = String(count)
                lines.append("  \(String(repeating: " ", count: width - number.count))\(number)  \(text)")
            }
        }
        counted(
            "refused",
            refusals.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map {
                ($0.value.count, "\($0.key), first on line \($0.value.line): \($0.value.message)")
            })
        counted("types", types.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.value, $0.key) })
        if let times { lines.append("times: \(times.lowerBound) to \(times.upperBound)") }
        if let firstOutOfRange {
            lines.append(
                "out of range: \(outOfRange) events before 1970 or after 2200, first on line \(firstOutOfRange): they will not count"
            )
        }
        if let firstRepeat {
            lines.append(
                "repeats: \(repeats) events with the source and id of an earlier row, first on line \(firstRepeat)")
        }
        lines.append("subjects: \(isBeyondCounting ? "more than " : "")\(subjects)")
        lines.append(enrolments?.text ?? "not enrolled: not asked (--server URL or --enrolled FILE)")
        return lines.joined(separator: "\n")
    }

    /// One JSON document. `sent` is null after a dry run.
    public func json(_ enrolments: Enrolments?, sent: Int64?) -> String {
        JSONWriter.object { json in
            json.member("rows", rows)
            json.member("events", events)
            json.member("passedOver", passedOver)
            json.member("refused", refused)
            json.list("refusals", refusals.sorted { $0.key < $1.key }) { json, item in
                json.open()
                json.member("reason", item.key)
                json.member("count", item.value.count)
                json.member("firstLine", item.value.line)
                json.member("message", item.value.message)
                json.close()
            }
            json.open("types")
            for (type, count) in types.sorted(by: { $0.key < $1.key }) { json.member(type, count) }
            json.close()
            json.member("earliest", times?.lowerBound)
            json.member("latest", times?.upperBound)
            json.member("outOfRange", outOfRange)
            json.member("repeats", repeats)
            json.member("subjects", subjects)
            json.member("notEnrolled", json: enrolments?.json)
            json.member("sent", sent)
        }
    }
}
