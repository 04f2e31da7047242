public import Access
internal import Console
public import Events
public import HTTP
internal import Hummingbird
public import Logging
public import Pipeline
internal import Synchronization

/// The HTTP side of `standing serve`: the routes of this module and those of others, in one table. Requests are not
/// logged, because their paths name subjects.
public final class QueryServer: Sendable {
    let service: PipelineService
    let metrics: PrometheusMetrics
    private let address: HTTPAddress
    private let certificate: TLSCertificate?
    private let announcement: Announcement
    let program: @Sendable (inout Exposition) -> Void
    let lag: MemberLag?
    private let logger: Logger
    let options: RouteTable.Options
    private let more: [Route]
    private let console: AccessControl?
    private let version: String
    let forwarding: Forwarding
    /// For files and standings of the past. Each reads the disk and takes some megabytes.
    let historyWork = BlockingWork(threads: 4, maximum: min(32, share))
    /// For present standings whose partition's fold is busy. Each waits for a slice of it.
    let standingWork = BlockingWork(threads: 8, maximum: maximumStandings)
    /// Each kind of long work uses at most this share of the connections, so that the others, and `/livez`, have some
    /// left.
    private static let share = HTTPServer.maximumConnections / 4
    /// Standings that can wait for their folds at once. Further requests are answered with 503.
    public static var maximumStandings: Int { max(1, share) }
    let streams = EventStreams()
    let refusals = Refusals(ControlDesk.refusals)
    /// For overviews and queues of appeals. Each reads the state of all partitions.
    let overviewWork = BlockingWork(threads: 2, maximum: maximumStandings)
    let mask: SubjectMask
    let overviewWatch: OverviewWatch
    let queries: SubjectQueries
    let mirror: ChangeMirror
    let programme: ProgrammeAnswers
    let desk: ControlDesk?
    private let boundPort = Mutex<Int?>(nil)
    private static let idleTimeLimit = Duration.seconds(2)
    /// The caller of this member's questions to other members.
    static let asMember = Caller(name: "member", roles: [.service])

    private static func asking(_ forwarding: Forwarding) -> SubjectQueries.Ask {
        { address, path, body in
            await forwarding.reply(of: address, path: path, body: body, for: asMember).json
        }
    }

    /// `port` 0 takes a free one. `lag`: nil if the lag is not measured. `program`: adds the metrics that every server
    /// of the program has. `options`: the callers that are answered. `secret`: of all members, so that their masks are
    /// equal; nil if forwarded requests name no caller. `more`: routes beside those of this module. `desk`: executes
    /// acts and has the proposals; nil if there are no acts here. `console`: the log-ins of the console; nil if there
    /// is no console. `version`: of the program.
    public init(
        service: PipelineService, metrics: PrometheusMetrics, address: HTTPAddress, certificate: TLSCertificate? = nil,
        memberClient: TLSClient? = nil,
        announcement: Announcement, lag: MemberLag? = nil,
        program: @escaping @Sendable (inout Exposition) -> Void = { _ in },
        options: RouteTable.Options = RouteTable.Options(access: .loopback), secret: MemberSecret? = nil,
        more: [Route] = [], desk: ControlDesk? = nil, console: AccessControl? = nil, version: String = "0",
        logger: Logger
    ) {
        (self.options, self.more, self.console, self.version) = (options, more, console, version)
        let channel: MemberChannel =
            certificate == nil ? .plain : memberClient.map { .authorities($0) } ?? .tls
        forwarding = Forwarding(
            maximum: min(32, QueryServer.share), secret: secret, channel: channel,
            isRefused: secret == nil && options.access.isGate)
        self.service = service
        self.desk = desk
        self.metrics = metrics
        let mask = secret?.mask ?? SubjectMask()
        self.mask = mask
        // A question about changes takes seconds, so these have room of their own.
        let following = Forwarding(
            maximum: ChangeMirror.maximumMembers, secret: secret, channel: channel,
            isRefused: secret == nil && options.access.isGate)
        // All idle members are asked at once, so those that have ended delay an overview by this time limit once.
        let idle = Forwarding(
            maximum: PipelineService.maximumIdleMembers, within: Self.idleTimeLimit, secret: secret, channel: channel,
            isRefused: secret == nil && options.access.isGate)
        queries = SubjectQueries(service, work: overviewWork, ask: Self.asking(forwarding), idle: idle)
        mirror = ChangeMirror(service, ask: Self.asking(following))
        let overviewWatch = OverviewWatch(service, queries: queries, lag: lag, mask: { mask($0) })
        self.overviewWatch = overviewWatch
        programme = ProgrammeAnswers(service) { await overviewWatch.withdrawals() }
        (self.address, self.certificate) = (address, certificate)
        self.announcement = announcement
        self.program = program
        self.lag = lag
        self.logger = logger
    }

    /// The port that the server listens on; nil before it does.
    public var port: Int? { boundPort.withLock { $0 } }

    /// All routes, and their document.
    var table: RouteTable {
        var options = options
        options.refusals = refusals
        options.document = OpenAPIDocument.Heading(
            title: "Standing", version: version,
            description: "Standings, files and the state of a programme. Errors are problems (RFC 9457).",
            schemas: Self.schemas)
        if let secret = forwarding.secret {
            options.forwarded = ForwardedCallers(secret) { [self] in
                port.flatMap { announcement.announced(port: $0) }.map(\.description)
            }
        }
        let routes =
            programmeRoutes + policyRoutes + flowRoutes + ledgerRoutes + subjectRoutes + appealRoutes + searchRoutes
            + memberRoutes + liveRoutes + more
        guard let console else { return RouteTable(routes, options, logger: logger) }
        // The pages request the routes of this table.
        var bare = options
        bare.document = nil
        let pages = consoleServer(asking: RouteTable(routes, bare, logger: logger), access: console)
        options.page = pages.page
        return RouteTable(routes + pages.routes, options, logger: logger)
    }

    private func consoleServer(asking table: RouteTable, access: AccessControl) -> ConsoleServer {
        let data = ConsoleAnswers(
            table: table, service: service, watch: overviewWatch, lagWatch: lag, mask: mask, access: access,
            audit: options.audit,
            desk: desk, programme: programme, overviewWork: overviewWork)
        return ConsoleServer(ConsoleRoutes(ConsolePages(), data: data), access: access)
    }

    /// Serves until the task is cancelled, then returns. `listening` is called with the port. Throws if the address
    /// cannot be bound.
    public func run(listening: @escaping @Sendable (Int) -> Void) async throws {
        let server = HTTPServer(table, address: address, certificate: certificate, streams: streams, logger: logger)
        try await server.run { [self] port in
            boundPort.withLock { $0 = port }
            if let announced = announcement.announced(port: port) { service.advertise("\(announced)") }
            listening(port)
        }
    }
}
