internal import Events
internal import HTTP
internal import Hummingbird
internal import Pipeline
internal import Scoring

/// Answers for a console and its readers: changes as they come, the overview, the open appeals. The functions have
/// plain values as arguments, so that a route only adds the permission.
struct LiveAnswers: Sendable {
    /// Facts per second of a stream for people, unless they ask for another number.
    static let standardMost = 20
    /// A stream with a greater number takes all facts.
    static let greatestMost = 1000

    private let service: PipelineService
    private let streams: EventStreams
    private let watch: OverviewWatch
    private let queries: SubjectQueries
    private let mirror: ChangeMirror
    private let mask: @Sendable (ArraySlice<UInt8>) -> String

    /// `mask`: replaces a subject's id if the reader may not see it.
    init(
        _ service: PipelineService, streams: EventStreams, watch: OverviewWatch, queries: SubjectQueries,
        mirror: ChangeMirror,
        mask: @escaping @Sendable (ArraySlice<UInt8>) -> String
    ) {
        (self.service, self.streams, self.watch, self.queries) = (service, streams, watch, queries)
        (self.mirror, self.mask) = (mirror, mask)
    }

    /// The changes of all ledger partitions that this member owns, as server-sent events (`ChangeEvents`). `position`: the
    /// last event's id, from `Last-Event-ID` or a parameter; nil or empty if the stream begins now. `most`: facts per
    /// second; nil if all are sent. `caller`: the name under which streams are counted; nil if callers are not
    /// distinguished. `isAllowed` is called again during the stream.
    func changes(
        after position: String?, most: Int?, showsSubjects: Bool, withFigures: Bool, for caller: String?,
        isAllowed: @escaping @Sendable () async -> Bool
    ) -> Response {
        guard let token = Self.token(position) else { return Self.badToken }
        let form = showsSubjects ? ChangeEvents.Form.whole : .masked(mask)
        let makeFigures: ChangeEvents.Figures = { [watch] in
            try? await watch.json(showsSubjects: showsSubjects)
        }
        let figures = withFigures ? makeFigures : nil
        mirror.begin()
        return streams.answer(for: caller, isAllowed: isAllowed) { [service] in
            service.changes.subscribe(.everything, from: token.value).map { subscription in
                ChangeEvents(
                    subscription, form: form, most: most, read: "/overview", figures: figures,
                    routing: { service.changeRouting })
            }
        }
    }

    /// The changes of one subject. If another member owns its ledger partition, the answer is 421, with a problem that
    /// names its address.
    func changes(
        of subject: [UInt8], after position: String?, for caller: String?,
        isAllowed: @escaping @Sendable () async -> Bool
    ) async -> Response {
        guard let token = Self.token(position) else { return Self.badToken }
        guard let number = service.ledgerPartition(of: subject) else {
            return .retryLater("the ledger is not known here yet: ask again")
        }
        let partition = Int32(number)
        guard await mirror.brings(partition) else {
            guard let address = service.address(ofOwner: number) else {
                return .retryLater("no member that publishes ledger partition \(partition) can be reached")
            }
            return .error(
                "the changes of ledger partition \(partition) are at http://\(address)", status: .misdirectedRequest)
        }
        mirror.begin()
        return streams.answer(for: caller, isAllowed: isAllowed) { [service] in
            service.changes.subscribe(.subject(subject, partition: partition), from: token.value).map { subscription in
                ChangeEvents(
                    subscription, form: .whole, most: nil, read: Self.filePath(of: subject),
                    routing: { service.changeRouting })
            }
        }
    }

    /// `ProgrammeOverview` of all members as JSON.
    func overview(showsSubjects: Bool) async throws -> Response {
        .json(try await watch.json(showsSubjects: showsSubjects))
    }

    /// `AppealsQueue` of all members as JSON: a page of at most `limit` appeals after a position, with what the subjects said if
    /// `withStatements`.
    func appeals(limit: Int, after position: String?, withStatements: Bool) async throws -> Response {
        let after = try position.map { text in
            guard let position = AppealsQueue.Position(text) else {
                throw Problem(.badRequest, code: "place-malformed", "after: no position in the queue of appeals")
            }
            return position
        }
        let queue = try await queries.appeals(limit: limit, after: after, withStatements: withStatements)
        return .json { queue.write(to: &$0) }
    }

    private static let badToken = Response.error(
        "Last-Event-ID: no position in a stream of changes", status: .badRequest, code: "place-malformed")

    /// Nil if the text is not a token. The value in the result is nil if there is no text.
    private static func token(_ text: String?) -> (value: ChangeToken?, Void)? {
        guard let text, !text.isEmpty else { return (nil, ()) }
        return ChangeToken(text).map { ($0, ()) }
    }

    private static func filePath(of subject: [UInt8]) -> String {
        "/subjects/\(PercentEncoding.encoded(subject))/file"
    }
}
