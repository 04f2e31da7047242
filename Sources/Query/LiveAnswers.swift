internal import Events
public import HTTP
public import Hummingbird
public import Pipeline
internal import Scoring

/// Answers for a console and its readers: changes as they come, the overview, the open appeals. The functions have
/// plain values as arguments, so that a route only adds the permission.
public struct LiveAnswers: Sendable {
    /// Facts per second of a stream for people, unless they ask for another number.
    public static let standardMost = 20
    /// A stream with a greater number takes all facts.
    public static let greatestMost = 1000

    private let service: PipelineService
    private let streams: EventStreams
    private let watch: OverviewWatch
    /// Reads the state of folds, and the disk.
    private let work: BlockingWork
    private let mask: @Sendable (ArraySlice<UInt8>) -> String

    /// `mask`: replaces a subject's id if the reader may not see it.
    public init(
        _ service: PipelineService, streams: EventStreams, watch: OverviewWatch, work: BlockingWork,
        mask: @escaping @Sendable (ArraySlice<UInt8>) -> String
    ) {
        (self.service, self.streams, self.watch, self.work, self.mask) = (service, streams, watch, work, mask)
    }

    /// The changes of all ledger partitions that this member owns, as server-sent events (`ChangeEvents`). `place`: the
    /// last event's id, from `Last-Event-ID` or a parameter; nil or empty if the stream begins now. `most`: facts per
    /// second; nil if all are sent. `caller`: the name under which streams are counted; nil if callers are not
    /// distinguished. `isAllowed` is called again during the stream.
    public func changes(
        after place: String?, most: Int?, showsSubjects: Bool, withFigures: Bool, for caller: String?,
        isAllowed: @escaping @Sendable () async -> Bool
    ) -> Response {
        guard let token = Self.token(place) else { return Self.badToken }
        let form = showsSubjects ? ChangeEvents.Form.whole : .masked(mask)
        let makeFigures: ChangeEvents.Figures = { [work, watch] in
            try? await work.run { watch.json(showsSubjects: showsSubjects) }
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

    /// The changes of one subject. If another member owns its ledger partition, the answer is 421, with a problem that
    /// names its address.
    public func changes(
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

    /// `ProgrammeOverview` as JSON.
    public func overview(showsSubjects: Bool) async throws -> Response {
        .json(try await work.run { [watch] in watch.json(showsSubjects: showsSubjects) })
    }

    /// `AppealsQueue` as JSON: a page of at most `limit` appeals after a position, with the subjects' statements if
    /// `withStatements` is true.
    public func appeals(limit: Int, after place: String?, withStatements: Bool) async throws -> Response {
        var after: AppealsQueue.Place?
        if let place {
            guard let found = AppealsQueue.Place(place) else {
                return .error("after: no place in the queue of appeals", status: .badRequest, code: "place-malformed")
            }
            after = found
        }
        return .json(
            try await work.run { [service, after] in
                let queue = service.openAppeals(limit: limit, after: after)
                let statements = withStatements ? queue.items.map { Self.statement(of: $0, service) } : []
                var writer = ByteWriter()
                queue.write(to: &writer, statements: statements)
                return Array(writer.bytes)
            })
    }

    /// Nil if the member has no archive, or it cannot be read now.
    private static func statement(of item: AppealsQueue.Item, _ service: PipelineService) -> [UInt8]? {
        let found = try? service.appealStatement(of: item.appeal.subject, sanction: item.appeal.sanction)
        if case .found(let json, _) = found { return json }
        return nil
    }

    private static let badToken = Response.error(
        "Last-Event-ID: no place in a stream of changes", status: .badRequest, code: "place-malformed")

    /// Nil if the text is not a token. The value in the result is nil if there is no text.
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
