public import Events
import Foundation
public import HTTP
import HTTPTypes
import Hummingbird
public import Logging
public import Pipeline
import Policy
import Scoring
import Synchronization

/// The HTTP side of `standing serve`: `/subjects/{id}`, `/events`, `/shadow`, `/lag`, `/livez`, `/readyz` and `/metrics`. Requests
/// are not logged, for their paths name subjects. What fails is answered with `{"error":…}`.
public final class QueryServer: Sendable {
    let service: PipelineService
    let metrics: PrometheusMetrics
    private let address: HTTPAddress
    private let certificate: TLSCertificate?
    private let announcement: Announcement
    let program: @Sendable (inout Exposition) -> Void
    let lag: MemberLag?
    private let logger: Logger
    let forwarding = Forwarding(maximum: min(32, QueryServer.share))
    /// Files and standings of the past: each reads the disk and takes some megabytes.
    let historyWork = BlockingWork(threads: 4, maximum: min(32, share))
    /// Standings of now whose partition's fold is at work: each waits for a slice of it.
    let standingWork = BlockingWork(threads: 8, maximum: maximumStandings)
    /// Each of the sorts of work that take long leaves the connections of the others free, and all of them some for `/livez`.
    private static let share = HTTPServer.maximumConnections / 4
    /// Standings that can wait for their folds at once; what is beyond is answered with 503.
    public static var maximumStandings: Int { max(1, share) }
    private let boundPort = Mutex<Int?>(nil)

    static let shadowPath = "/shadow"

    /// Port 0 takes a free one. `lag`: nil where nobody measures it. `program`: adds what every server's `/metrics` has.
    public init(
        service: PipelineService, metrics: PrometheusMetrics, address: HTTPAddress, certificate: TLSCertificate? = nil,
        announcement: Announcement, lag: MemberLag? = nil,
        program: @escaping @Sendable (inout Exposition) -> Void = { _ in }, logger: Logger
    ) {
        self.service = service
        self.metrics = metrics
        (self.address, self.certificate) = (address, certificate)
        self.announcement = announcement
        self.program = program
        self.lag = lag
        self.logger = logger
    }

    /// The port that the server listens on; nil before it does.
    public var port: Int? { boundPort.withLock { $0 } }

    /// Serves until the task is cancelled, then returns; `listening` is told the port. Throws when the address cannot be
    /// bound.
    public func run(listening: @escaping @Sendable (Int) -> Void) async throws {
        var routes = Routes(logger: logger)
        routes.get("livez") { [self] _, _ in liveness() }
        routes.get("readyz") { [self] _, _ in readiness() }
        routes.get("metrics") { [self] request, _ in .metrics(scrape(), for: request) }
        routes.get("shadow") { [self] _, _ in .json(service.shadowReport.json) }
        lag?.add(to: routes)
        routes.get("subjects/:id", taking: ["as-of", "offset", "policy"]) { [self] request, context in
            try await answer(context) { subject in try await standing(of: subject, request) }
        }
        routes.answerAtOnce("/subjects/") { [service] in Self.answerAtOnce($0, service) }
        routes.get("subjects/:id/file") { [self] request, context in
            try await answer(context) { subject in
                try await lookUp(request) { try self.service.file(of: subject, asStandby: $0) }
            }
        }
        routes.get("events", taking: ["subject", "source", "id"]) { [self] request, _ in try await trace(request) }
        try await HTTPServer(routes, address: address, certificate: certificate, logger: logger).run { [self] port in
            boundPort.withLock { $0 = port }
            if let announced = announcement.announced(port: port) { service.advertise("\(announced)") }
            listening(port)
        }
    }

    private func liveness() -> Response {
        if let failure = service.finalFailure { return .error("\(failure)", status: .serviceUnavailable) }
        return .liveness(
            standstill: service.standstill, limit: .milliseconds(service.configuration.maximumPollInterval))
    }

    private func readiness() -> Response {
        let readiness = Readiness(service, service.status)
        return .json(status: readiness.isReady ? .ok : .serviceUnavailable) { $0.append(readiness.json) }
    }

    /// Answers about the subject that the path names. Every answer says which ledger partition it is about, so that a member
    /// that asked for another one knows it for what it is.
    private func answer(
        _ context: BasicRequestContext, _ body: ([UInt8]) async throws -> Response
    ) async throws -> Response {
        guard let subject = percentDecoded(try context.parameters.require("id")) else {
            return .error("the path is not valid percent-encoded UTF-8", status: .badRequest)
        }
        var response = try await body(subject)
        response.headers[.ledgerPartition] = service.ledgerPartition(of: subject).map(String.init)
        return response
    }

    /// `subject=…&source=…&id=…`: what became of an event. Who it is about must be known, for the archive's index is by subject.
    private func trace(_ request: Request) async throws -> Response {
        if let query = request.uri.query, query.removingPercentEncoding == nil {
            return .error("the query is not valid percent-encoded UTF-8", status: .badRequest)
        }
        let query = request.uri.queryParameters
        guard let subject = query.get("subject"), let source = query.get("source"), let id = query.get("id") else {
            return .error(
                "give subject, source and id; without the subject, `standing trace` searches the ledger",
                status: .badRequest)
        }
        let key = Array(subject.utf8)
        var response = try await lookUp(request) { asStandby in
            try self.service.trace(
                of: key, source: Array(source.utf8), id: Array(id.utf8), asStandby: asStandby)
        }
        response.headers[.ledgerPartition] = service.ledgerPartition(of: key).map(String.init)
        return response
    }

    /// What `answer` and `standingOfNow` say together of the subject that a path's segment names, where its partition is owned
    /// here and its fold is not at work. Nil otherwise; blocks nobody.
    private static func answerAtOnce(_ segment: Substring, _ service: PipelineService) -> Answer? {
        guard let subject = percentDecoded(segment), let found = service.standingAtOnce(of: subject),
            var answer = Answer(found), let partition = service.ledgerPartition(of: subject)
        else { return nil }
        answer.fields.append(HTTPField(name: .ledgerPartition, value: String(partition)))
        return answer
    }

    /// `as-of=TIME` or `offset=LEDGER-OFFSET`, and `policy=then` (default) or `now`: a standing of the past.
    private func standing(of subject: [UInt8], _ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        let (asOf, offset, policy) = (query["as-of"], query["offset"], query["policy"])
        guard asOf != nil || offset != nil else {
            guard policy == nil else { return .error("policy goes with as-of or offset", status: .badRequest) }
            return try await standingOfNow(subject, request)
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
        return try await lookUp(request) { asStandby in
            try self.service.standing(of: subject, at: point, policyOfNow: isOfNow, asStandby: asStandby)
        }
    }

    /// Answers from the archive of the subject's partition: the owner's, or, where that cannot be had, a standby's here.
    private func lookUp(
        _ request: Request, _ body: @escaping @Sendable (_ asStandby: Bool) throws -> PipelineService.FileLookup
    ) async throws -> Response {
        func response(_ found: PipelineService.FileLookup) -> Response? {
            switch found {
            case .found(let json, let freshness):
                let isEnrolled = json != Array("null".utf8)
                let response: Response = isEnrolled ? .json(json) : .error("not enrolled", status: .notFound)
                return response.stamped(freshness)
            case .notOwned: return nil
            case .notReady: return .retryLater("not ready")
            case .noArchive:
                return .error("this member keeps no archive: start it with --data", status: .notImplemented)
            }
        }
        do {
            let found = try await historyWork.run { try body(false) }
            guard case .notOwned(let partition) = found else { return response(found) ?? .ownerAway(nil) }
            return try await answerElsewhere(partition, request) {
                response(try await historyWork.run { try body(true) })
            }
        } catch let failure as HistoryFailure {
            switch failure.kind {
            case .beyond: return .error(failure.description, status: .badRequest)
            case .notNow: return .retryLater(failure.description)
            case .archive, .tooMany: return .error(failure.description, status: .internalServerError)
            }
        }
    }

    private func standingOfNow(_ subject: [UInt8], _ request: Request) async throws -> Response {
        func response(_ found: PipelineService.Lookup) -> Response? {
            if case .notReady = found { return .retryLater("not ready") }
            return Answer(found).map { Response($0) }
        }
        let found: PipelineService.Lookup
        if let atOnce = service.standingAtOnce(of: subject) {
            found = atOnce
        } else {
            found = try await standingWork.run { self.service.standing(of: subject) }
        }
        guard case .notOwned(let partition) = found else { return response(found) ?? .ownerAway(nil) }
        return try await answerElsewhere(partition, request) {
            response(try await standingWork.run { self.service.standing(of: subject, asStandby: true) })
        }
    }

    /// Answers about a partition that this member does not own.
    private func answerElsewhere(
        _ partition: Int, _ request: Request, asStandby: () async throws -> Response?
    ) async throws -> Response {
        var route = AnswerRoute(
            isForwarded: request.headers[Forwarding.forwarded] != nil, owner: service.address(ofOwner: partition))
        while true {
            switch route {
            case .owner(let address): if let answer = await ask(address, about: partition, request) { return answer }
            case .standby: if let answer = try await asStandby() { return answer }
            case .nobody: return .ownerAway(partition)
            }
            route = route.next
        }
    }

    /// Nil if the partition's owner does not answer.
    private func ask(_ address: String, about partition: Int, _ request: Request) async -> Response? {
        guard let address = HTTPAddress(address) else { return nil }
        switch await forwarding.ask(address, about: partition, path: request.uri.description) {
        case .answer(let response): return response
        case .tooLarge:
            let limit = "greater than \(Forwarding.maximumBytes >> 20) MiB"
            return .error(
                "the answer of the partition's owner is \(limit); ask http://\(address) itself", status: .badGateway)
        case .none: return nil
        }
    }
}

/// Nil unless every `%` starts two hexadecimal digits and the outcome is UTF-8.
func percentDecoded(_ segment: some StringProtocol) -> [UInt8]? {
    guard segment.utf8.contains(UInt8(ascii: "%")) else { return Array(segment.utf8) }
    var decoded: [UInt8] = []
    var rest = Substring(segment).utf8
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

extension HTTPField.Name {
    static let ledgerPartition = Self("standing-ledger-partition")!
    /// The offset of the ledger's next frame.
    fileprivate static let ledgerOffset = Self("standing-ledger-offset")!
    fileprivate static let clock = Self("standing-clock")!
    /// Frames that the ledger has and the answer does not know; left out where that is not known.
    fileprivate static let lag = Self("standing-lag")!
    /// Whether the partition is folded to the ledger's end.
    fileprivate static let current = Self("standing-current")!
    /// The policy that is switched to while the answer is under the one before, and the part of the history that is folded under
    /// it: `NAME/VERSION; done=0.42`. Left out where none is.
    static let policySwitch = Self("standing-policy-switch")!

    /// Where in the ledger an answer holds.
    static let ofAnswer = [ledgerPartition, ledgerOffset, clock, lag, current, policySwitch]
}

extension Response {
    /// With where in the ledger the answer holds.
    func stamped(_ freshness: Freshness) -> Response {
        var response = self
        response.headers.stamp(freshness)
        return response
    }

    /// 503: neither the owner of the subject's ledger partition nor a standby can be asked here.
    fileprivate static func ownerAway(_ partition: Int?) -> Response {
        let named = partition.map { "ledger partition \($0)" } ?? "the subject's ledger partition"
        return .retryLater("no member that folds \(named) can be reached")
    }
}

extension HTTPFields {
    /// Adds where in the ledger the answer holds.
    fileprivate mutating func stamp(_ freshness: Freshness) {
        func add(_ name: HTTPField.Name, _ value: String) { append(HTTPField(name: name, value: value)) }
        add(.ledgerOffset, String(freshness.offset))
        if freshness.clock > .min { add(.clock, Timestamp(microseconds: freshness.clock).description) }
        if let lag = freshness.lag { add(.lag, String(lag)) }
        add(.current, freshness.isCurrent ? "true" : "false")
        if let policySwitch = freshness.policySwitch { add(.policySwitch, policySwitch.header) }
    }
}

extension Answer {
    /// A standing, or that there is none; nil if another member is to be asked, or this one later.
    fileprivate init?(_ found: PipelineService.Lookup) {
        let freshness: Freshness
        switch found {
        case .found(let answer):
            self = .json { answer.writeExplained(to: &$0) }
            freshness = answer.freshness
        case .notEnrolled(let ofNobody):
            self = .error("not enrolled", status: .notFound)
            freshness = ofNobody
        case .notOwned, .notReady: return nil
        }
        fields.stamp(freshness)
    }
}

extension PipelineStatus.Switching {
    /// `done`, rounded down to two decimals: `0.42`.
    var share: String {
        let hundredths = Int(max(0, min(1, done)) * 100)
        return hundredths == 100 ? "1" : "0.\(hundredths < 10 ? "0" : "")\(hundredths)"
    }

    /// The value of the header of answers.
    var header: String { "\(policy)/\(version); done=\(share)" }
}
