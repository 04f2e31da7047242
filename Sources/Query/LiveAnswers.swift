internal import Events
internal import HTTP
internal import Hummingbird
internal import Pipeline
internal import Scoring

/// What a console and its readers follow: changes as they come, the overview, the appeals that wait. Functions of plain values, so that
/// a route only has to say who may ask.
struct LiveAnswers: Sendable {
    /// Facts a second of a stream for people, unless they ask for another number.
    static let standardMost = 20
    /// A stream that takes more takes all of them.
    static let greatestMost = 1000

    private let service: PipelineService
    private let streams: EventStreams
    private let watch: OverviewWatch
    private let queries: SubjectQueries
    private let mask: @Sendable (ArraySlice<UInt8>) -> String

    /// `mask`: what stands for a subject's id where the reader may not see it.
    init(
        _ service: PipelineService, streams: EventStreams, watch: OverviewWatch, queries: SubjectQueries,
        mask: @escaping @Sendable (ArraySlice<UInt8>) -> String
    ) {
        (self.service, self.streams, self.watch, self.queries, self.mask) = (service, streams, watch, queries, mask)
    }

    /// The changes of all ledger partitions that this member owns, as server-sent events (`ChangeEvents`). `place`: the last event's
    /// id, from `Last-Event-ID` or a parameter; nil or empty: from now on. `most`: facts a second; nil: all of them. `caller`: whose
    /// streams are counted; nil where callers are not told apart. `isAllowed` is asked again while the stream lasts.
    func changes(
        after place: String?, most: Int?, showsSubjects: Bool, withFigures: Bool, for caller: String?,
        isAllowed: @escaping @Sendable () async -> Bool
    ) -> Response {
        guard let token = Self.token(place) else { return Self.badToken }
        let form = showsSubjects ? ChangeEvents.Form.whole : .masked(mask)
        let makeFigures: ChangeEvents.Figures = { [watch] in
            try? await watch.json(showsSubjects: showsSubjects)
        }
        let figures = withFigures ? makeFigures : nil
        return streams.answer(for: caller, isAllowed: isAllowed) { [service] in
            service.changes.subscribe(.everything, from: token.value).map { subscription in
                ChangeEvents(
                    subscription, form: form, most: most, read: "/overview", figures: figures,
                    places: { service.changePlaces })
            }
        }
    }

    /// The changes of one subject. 421 where another member owns its ledger partition: the problem names its address.
    func changes(
        of subject: [UInt8], after place: String?, for caller: String?,
        isAllowed: @escaping @Sendable () async -> Bool
    ) -> Response {
        guard let token = Self.token(place) else { return Self.badToken }
        guard let number = service.ledgerPartition(of: subject) else { return .retryLater("not ready") }
        let partition = Int32(number)
        let places = service.changePlaces
        guard places.here.contains(partition) else {
            guard let address = places.elsewhere.first(where: { $0.partition == partition })?.address else {
                return .retryLater("no member that publishes ledger partition \(partition) can be reached")
            }
            return .error(
                "the changes of ledger partition \(partition) are at http://\(address)", status: .misdirectedRequest)
        }
        return streams.answer(for: caller, isAllowed: isAllowed) { [service] in
            service.changes.subscribe(.subject(subject, partition: partition), from: token.value).map { subscription in
                ChangeEvents(
                    subscription, form: .whole, most: nil, read: Self.filePath(of: subject),
                    places: { service.changePlaces })
            }
        }
    }

    /// `ProgrammeOverview` of all members as JSON.
    func overview(showsSubjects: Bool) async throws -> Response {
        .json(try await watch.json(showsSubjects: showsSubjects))
    }

    /// `AppealsQueue` of all members as JSON: a page of at most `limit` appeals after a place, with what the subjects said if
    /// `withStatements`.
    func appeals(limit: Int, after place: String?, withStatements: Bool) async throws -> Response {
        let after = try place.map { text in
            guard let place = AppealsQueue.Place(text) else {
                throw Problem(.badRequest, code: "place-malformed", "after: no place in the queue of appeals")
            }
            return place
        }
        let queue = try await queries.appeals(limit: limit, after: after, withStatements: withStatements)
        return .json { queue.write(to: &$0) }
    }

    private static let badToken = Response.error(
        "Last-Event-ID: no place in a stream of changes", status: .badRequest, code: "place-malformed")

    /// Nil for a text that is no token; a value of nil is none.
    private static func token(_ text: String?) -> (value: ChangeToken?, Void)? {
        guard let text, !text.isEmpty else { return (nil, ()) }
        return ChangeToken(text).map { ($0, ()) }
    }

    private static func filePath(of subject: [UInt8]) -> String {
        var path = "/subjects/"
        for byte in subject {
            let scalar = Unicode.Scalar(byte)
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            if isPlain || "-._~".utf8.contains(byte) {
                path.unicodeScalars.append(scalar)
            } else {
                path += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return path + "/file"
    }
}
