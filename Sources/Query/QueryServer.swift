import Dispatch
import Events
import Hummingbird
public import Logging
public import Pipeline
import Policy
import Scoring
import Synchronization

/// The HTTP side of `standing serve`: `/subjects/{id}`, `/livez`, `/readyz` and `/metrics`. Requests are not logged, for
/// their paths name subjects. What fails is answered with `{"error":…}`.
public final class QueryServer: Sendable {
    private let service: PipelineService
    private let metrics: PrometheusMetrics
    private let address: HTTPAddress
    private let announcement: Announcement
    private let logger: Logger
    private let forwarding = Forwarding()
    private let boundPort = Mutex<Int?>(nil)

    /// Port 0 takes a free one.
    public init(
        service: PipelineService, metrics: PrometheusMetrics, address: HTTPAddress, announcement: Announcement,
        logger: Logger
    ) {
        self.service = service
        self.metrics = metrics
        self.address = address
        self.announcement = announcement
        self.logger = logger
    }

    /// The port that the server listens on; nil before it does.
    public var port: Int? { boundPort.withLock { $0 } }

    /// Serves until the task is cancelled, then returns; `listening` is told the port. Throws when the address cannot be
    /// bound.
    public func run(listening: @escaping @Sendable (Int) -> Void) async throws {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: JSONErrors(logger: logger))
        /// A route, with the query parameters that it takes; any other is refused.
        func get(
            _ path: RouterPath, taking known: [String] = [],
            _ answer: @escaping @Sendable (Request, BasicRequestContext) async throws -> Response
        ) {
            router.get(path) { request, context -> Response in
                let names = request.uri.queryParameters.map { String($0.key) }
                if let mistake = queryMistake(names, known: known) { return .error(mistake, status: .badRequest) }
                return try await answer(request, context)
            }
        }
        get("livez") { [self] _, _ in liveness() }
        get("readyz") { [self] _, _ in readiness() }
        get("metrics") { [self] _, _ in scrape() }
        get("subjects/:id", taking: ["as-of", "offset", "policy"]) { [self] request, context in
            try await standing(of: try context.parameters.require("id"), request)
        }
        get("subjects/:id/file") { [self] request, context in
            try await file(of: try context.parameters.require("id"), request)
        }
        // Hummingbird logs its own cancellation as an error.
        var quiet = logger
        quiet.logLevel = .critical
        let application = Application(
            responder: router.buildResponder(),
            configuration: ApplicationConfiguration(address: .hostname(address.host, port: address.port)),
            onServerRunning: { [self] channel in
                let port = channel.localAddress?.port ?? address.port
                boundPort.withLock { $0 = port }
                if let announced = announcement.announced(port: port) { service.advertise("\(announced)") }
                logger.info("listening on http://\(HTTPAddress(host: address.host, port: port))")
                listening(port)
            }, logger: quiet)
        do {
            try await application.run()
        } catch {
            guard Task.isCancelled else { throw error }
        }
    }

    private func liveness() -> Response {
        if let failure = service.finalFailure { return .error("\(failure)", status: .serviceUnavailable) }
        return .text("ok\n", contentType: "text/plain; charset=utf-8")
    }

    private func readiness() -> Response {
        let (status, roles) = (service.status, service.configuration.roles)
        let readiness = Readiness(
            unreadyFor: service.unreadyFor, failure: service.finalFailure?.description,
            isIntake: roles.contains(.intake),
            isFold: roles.contains(.fold), intakePartitions: status.intakePartitions,
            foldPartitions: status.foldPartitions, currentPartitions: status.currentPartitions, behind: service.behind,
            readyWithin: .microseconds(service.configuration.readyWithin), quarantined: status.quarantined,
            secondsLeft: status.secondsLeft)
        return .json(status: readiness.isReady ? .ok : .serviceUnavailable) { $0.append(readiness.json) }
    }

    /// The metrics of the process, and what is computed when they are asked for. Counters count what is new: what others, or
    /// this process before a restart, had folded and published is not in them.
    private func scrape() -> Response {
        var exposition = metrics.exposition()
        let status = service.status
        exposition.add(.foldPartitions, Int64(status.foldPartitions))
        exposition.add(.foldPartitionsCurrent, Int64(status.currentPartitions))
        exposition.add(.foldPartitionsQuarantined, Int64(status.quarantined.count))
        exposition.add(.standbyPartitions, Int64(status.standbyPartitions))
        exposition.add(.intakePartitions, Int64(status.intakePartitions))
        if let isFull = service.isFull { exposition.add(.memoryFull, isFull ? 1 : 0) }
        for topic in service.frozenTopics {
            exposition.add(.sourceFrozen, 1, labels: [("topic", topic)])
        }
        for (band, subjects) in service.subjectsByBand() {
            exposition.add(.subjects, Int64(subjects), labels: [("band", band)])
        }
        if let behind = service.behind {
            exposition.add(.foldBehindSeconds, behind.time.components.seconds)
        }
        let fold = status.folded.counters
        exposition.add(.foldEntries, fold.entries)
        exposition.add(.foldScored, fold.scored)
        exposition.add(.foldUnmatched, fold.unmatched)
        exposition.add(.foldDuplicates, fold.duplicates)
        exposition.add(.foldNotEnrolled, fold.notEnrolled)
        exposition.add(.foldEarly, fold.early)
        exposition.add(.foldEarlyFolded, fold.earlyFolded)
        exposition.add(.foldEarlyBeyondLimit, fold.earlyBeyondLimit)
        exposition.add(.foldBeyondLimit, fold.beyondLimit)
        exposition.add(.foldOutOfRange, fold.outOfRange)
        exposition.add(.foldKindNotScored, fold.kindNotScored)
        exposition.add(.foldEnrolments, fold.enrolments)
        exposition.add(.foldWithdrawals, fold.withdrawals)
        exposition.add(.foldSanctionsImposed, fold.sanctionsImposed)
        exposition.add(.foldVoids, fold.voids)
        exposition.add(.foldVoidsIgnored, fold.voidsIgnored)
        exposition.add(.foldAppealsIgnored, fold.appealsIgnored)
        exposition.add(.foldEvaluationErrors, fold.evaluationErrors)
        exposition.add(.foldPolicySwitches, fold.policySwitches)
        exposition.add(.foldTicks, fold.ticks)
        exposition.add(service.diagnosis)
        exposition.add(.ledgerRepeatedEntries, status.folded.repeatedEntries)
        exposition.add(.ledgerRepeatedFrames, status.folded.repeatedFrames)
        exposition.add(.ledgerRefusedFrames, status.folded.refusedFrames)
        return .text(exposition.text, contentType: "text/plain; version=0.0.4; charset=utf-8")
    }

    /// `as-of=TIME` or `offset=LEDGER-OFFSET`, and `policy=then` (default) or `now`: a standing of the past.
    private func standing(of segment: String, _ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        let (asOf, offset, policy) = (query["as-of"], query["offset"], query["policy"])
        guard let subject = percentDecoded(segment) else { return .badPath }
        guard asOf != nil || offset != nil else {
            guard policy == nil else { return .error("policy goes with as-of or offset", status: .badRequest) }
            return await standing(of: subject, request)
        }
        let point: PipelineService.Point
        if let asOf, offset == nil, let time = Timestamp(String(asOf)) {
            point = .time(time)
        } else if let offset, asOf == nil, let number = Int64(offset), number >= 0 {
            point = .offset(number)
        } else {
            return .error("give as-of=TIME (RFC 3339) or offset=NUMBER, a ledger offset", status: .badRequest)
        }
        guard policy == nil || policy == "then" || policy == "now" else {
            return .error("policy is then or now", status: .badRequest)
        }
        let isOfNow = policy == "now"
        return try await lookUp(request) {
            try self.service.standing(of: subject, at: point, policyOfNow: isOfNow)
        }
    }

    private func file(of segment: String, _ request: Request) async throws -> Response {
        guard let subject = percentDecoded(segment) else { return .badPath }
        return try await lookUp(request) { try self.service.file(of: subject) }
    }

    /// Reads the disk on a thread of its own.
    private func lookUp(
        _ request: Request, _ body: @escaping @Sendable () throws -> PipelineService.FileLookup
    ) async throws -> Response {
        let found = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
        }
        switch found {
        case .found(let json, let freshness):
            guard json != Array("null".utf8) else { return .error("not enrolled", status: .notFound) }
            return .json { writer in writer.append(json) }.stamped(freshness)
        case .notOwned(let partition): return await askOwner(of: partition, request) ?? .misdirected(partition)
        case .notReady: return .error("not ready", status: .serviceUnavailable)
        case .noArchive:
            return .error("this member keeps no archive: start it with --data", status: .notImplemented)
        }
    }

    private func standing(of subject: [UInt8], _ request: Request) async -> Response {
        let found = service.standing(of: subject)
        guard case .notOwned(let partition) = found else { return response(found) }
        if let answer = await askOwner(of: partition, request) { return answer }
        // Its owner is away: what a standby knows is better than nothing, and says how far it is behind.
        return response(service.standing(of: subject, asStandby: true))
    }

    /// Nil: nobody is known to own it, the owner does not answer, or another member asked us already.
    private func askOwner(of partition: Int, _ request: Request) async -> Response? {
        guard request.headers[Forwarding.forwarded] == nil, let address = service.address(ofOwner: partition) else {
            return nil
        }
        return await forwarding.ask(address, path: request.uri.description)
    }

    private func response(_ found: PipelineService.Lookup) -> Response {
        switch found {
        case .found(let answer):
            return .json { writer in
                answer.standing.writeExplained(
                    to: &writer, policy: answer.policy, clock: Timestamp(microseconds: answer.freshness.clock))
            }.stamped(answer.freshness)
        case .notEnrolled: return .error("not enrolled", status: .notFound)
        case .notOwned(let partition): return .misdirected(partition)
        case .notReady: return .error("not ready", status: .serviceUnavailable)
        }
    }
}

/// What is wrong with the names of a query's parameters, of which each may stand once; nil if nothing is.
func queryMistake(_ names: [String], known: [String]) -> String? {
    var seen: Set<String> = []
    for name in names {
        guard known.contains(name) else {
            let mend = known.isEmpty ? "this path takes none" : "this path takes \(known.joined(separator: ", "))"
            return "unknown query parameter \"\(name.prefix(64))\"; \(mend)"
        }
        guard seen.insert(name).inserted else { return "the query parameter \(name) stands there twice" }
    }
    return nil
}

/// Nil unless every `%` starts two hexadecimal digits and the outcome is UTF-8.
func percentDecoded(_ segment: String) -> [UInt8]? {
    var decoded: [UInt8] = []
    var rest = segment.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            decoded.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexadecimalDigit), let low = rest.popFirst().flatMap(hexadecimalDigit)
        else { return nil }
        decoded.append(high << 4 | low)
    }
    return String(validating: decoded, as: UTF8.self) == nil ? nil : decoded
}

private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// Answers every error, of the router and of our own, in one form, so that none has an empty body.
struct JSONErrors: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let (message, status) = Self.answer(to: error, logger)
            return .error(message, status: .init(code: status))
        }
    }

    /// What is said, and the status. What nobody expected is logged by its type: what such an error says may name a subject.
    static func answer(to error: any Error, _ logger: Logger) -> (message: String, status: Int) {
        switch error {
        case let error as HTTPError:
            return (error.body ?? error.status.reasonPhrase.lowercased(), error.status.code)
        case let failure as HistoryFailure:
            return (failure.description, failure.kind == .beyond ? 400 : 500)
        default:
            logger.error("a request failed", metadata: ["error": "\(type(of: error))"])
            return ("the request failed in this member; its log names the error", 500)
        }
    }
}

extension HTTPFields.Element.Name {
    fileprivate static let ledgerPartition = Self("standing-ledger-partition")!
    /// The offset of the ledger's next frame.
    fileprivate static let ledgerOffset = Self("standing-ledger-offset")!
    fileprivate static let clock = Self("standing-clock")!
    /// Frames that the ledger has and the answer does not know; left out where that is not known.
    fileprivate static let lag = Self("standing-lag")!
    /// Whether the partition is folded to the ledger's end.
    fileprivate static let current = Self("standing-current")!
}

extension Response {
    fileprivate static func text(_ text: String, contentType: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    fileprivate static func json(
        status: HTTPResponse.Status = .ok, _ write: (inout ByteWriter) -> Void
    ) -> Response {
        var writer = ByteWriter()
        write(&writer)
        return Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.bytes)))
    }

    /// With where in the ledger the answer holds.
    fileprivate func stamped(_ freshness: Freshness) -> Response {
        var response = self
        response.headers[.ledgerPartition] = String(freshness.partition)
        response.headers[.ledgerOffset] = String(freshness.offset)
        if freshness.clock > .min {
            response.headers[.clock] = Timestamp(microseconds: freshness.clock).description
        }
        if let lag = freshness.lag { response.headers[.lag] = String(lag) }
        response.headers[.current] = String(freshness.isCurrent)
        return response
    }

    fileprivate static var badPath: Response {
        .error("the path is not valid percent-encoded UTF-8", status: .badRequest)
    }

    fileprivate static func misdirected(_ partition: Int) -> Response {
        json(status: .misdirectedRequest) { writer in
            writer.append("{\"error\":\"another member folds the subject's ledger partition\",\"partition\":")
            writer.append(decimal: Int64(partition))
            writer.append("}")
        }
    }

    fileprivate static func error(_ message: String, status: HTTPResponse.Status) -> Response {
        json(status: status) { writer in
            writer.append("{\"error\":")
            writer.append(jsonString: message)
            writer.append("}")
        }
    }
}
