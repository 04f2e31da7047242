import ArgumentParser
import Foundation
import HTTP
import Kafka
import Lag
import Logging
import Operations
import Options
import Pipeline
import Terminal

struct LagCommand: AsyncParsableCommand {
    enum Output: String, ExpressibleByArgument { case table, json }

    static let configuration = CommandConfiguration(
        commandName: "lag",
        abstract: "How far every consumer group of the cluster is behind: records, seconds, time to catch up, and why.",
        discussion: """
            Seconds behind are the age of the next unread record, not an interpolation; what is not known is said as \
            unknown. UNIT is what LAG and the rates count: records, or the ledger's frames, each of up to thousands of events; \
            EVENTS are the unread events in them. RETENTION is how much of what retention allows is used up. What retention \
            took is no lag. A group is measured to the end of the log; one that reads committed data only, as Standing's own do, \
            to where the first open transaction begins: --committed names others, for the cluster does not know. With \
            --max-seconds, exit code 4 if a group is further behind, or if nothing is known of one that --group names. The topic \
            files (the program's own, or --topics DIR) say which topics Standing's groups read.

            STATUS, in the order in which it wants attention: ok; behind; unknown; warning (the lag only grows, or 80 % of \
            retention are used up); rewound (less is committed than before); stalled (there is something to read, and nothing \
            is read); stopped (as stalled, and nobody is there); expired (retention took what was not read). Why a group is \
            behind, and what to do, follows after the table, and then what the lag of Standing's groups is to people: subjects \
            with unread events, sanctions past their end, sanctions that wait on a stale source. One evaluation tells no \
            standstill of a group that has members: that takes --watch or --serve.

            --watch paints a live screen on a terminal, with a sparkline of each group's last looks (NO_COLOR is heeded); else \
            it prints a table an evaluation. --serve is an exporter: /metrics with kafka-lag-exporter's names, Burrow's \
            /v3/kafka/…, /lag as JSON, and pages for a browser at /. Both go on while the cluster does not answer, and say so.

            Examples:
              standing lag --brokers HOST:PORT
              standing lag --brokers HOST:PORT --group billing --max-seconds 60
              standing lag --brokers HOST:PORT --ask one:8080 two:8080
              standing lag --brokers HOST:PORT --committed 'payments-*' --watch --output json
              standing lag --brokers HOST:PORT --serve --http-port 8083 --cluster-name town
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(parsing: .upToNextOption, help: "Only these groups. Default: every group of the cluster.")
    var group: [String] = []

    @Option(
        name: .customLong("committed"), parsing: .upToNextOption,
        help: "Groups that read committed data only; * stands for any text.")
    var committedReaders: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: "HOST:PORT of members: what they say over HTTP explains why intake and fold are behind.")
    var ask: [String] = []

    @Flag(help: "Go on, an evaluation every --interval, until interrupted.")
    var watch = false

    @Flag(help: "Be an exporter: answer over HTTP what an evaluation every --interval tells, until interrupted.")
    var serve = false

    @Option(help: Setting.help("lag.http-host"))
    var httpHost: String?

    @Option(help: Setting.help("lag.http-port"))
    var httpPort: String?

    @Option(help: "With --serve: what the cluster is called in metrics, pages and Burrow's paths.")
    var clusterName = "local"

    @Option(
        help:
            "Between two evaluations, such as 2s. One evaluation needs two samples for a rate. Default: 2s, 10s with --serve."
    )
    var interval: String?

    @Option(help: "table or json, one document an evaluation.")
    var output = Output.table

    @Flag(help: "Show partitions that are not behind as well.")
    var all = false

    @Option(help: "Exit with 4 if a group is more seconds behind.")
    var maxSeconds: Double?

    /// The default of `--interval`, in microseconds.
    private var standardInterval: Int64 { serve ? 10_000_000 : 2_000_000 }
    private var pause: Double { Double(interval.flatMap(Settings.duration) ?? standardInterval) / 1e6 }

    func validate() throws {
        if let interval, Settings.duration(interval).map({ $0 >= 100_000 }) != true {
            throw ValidationError("--interval: \"\(interval)\" is not a duration of at least 100ms, such as 2s")
        }
        if let maxSeconds, !(0..<Double.infinity).contains(maxSeconds) {
            throw ValidationError("--max-seconds: \(maxSeconds) is not a number of seconds")
        }
        if maxSeconds != nil, watch || serve {
            throw ValidationError("--max-seconds goes with one evaluation, not with --watch or --serve")
        }
        if serve, watch || all || output != .table {
            throw ValidationError("--serve goes with neither --watch nor --all nor --output: /lag answers JSON")
        }
        if !serve, httpHost != nil || httpPort != nil {
            throw ValidationError("--http-host and --http-port go with --serve")
        }
        if clusterName.isEmpty || clusterName.contains("/") {
            throw ValidationError("--cluster-name: it stands in paths, so it is not empty and has no \"/\"")
        }
    }

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let source = LagSource(
            cluster: cluster, groups: group.isEmpty ? nil : group, knownGroups: try cluster.knownGroups(),
            ledger: try cluster.pipelineTopics().ledger, committedReaders: committedReaders.map { GroupPattern($0) },
            members: ask, readings: try AskedMembers(&settings).readings)
        if serve { return try await serve(source, try settings.address("lag.", host: httpHost, port: httpPort)) }
        let (pause, watch, output) = (pause, watch, output)
        let exceeded = try await onThread {
            if watch, output == .table, let screen = TerminalScreen(wantsKeys: false) {
                try paint(source.silent, on: screen, every: pause)
            }
            return try evaluate(source, every: pause)
        }
        if exceeded { throw Exit.limitExceeded }
    }

    /// Prints evaluations. Returns true if the one evaluation is not within `--max-seconds`. With `--watch` an
    /// evaluation that fails is a message, and the next one may succeed.
    private func evaluate(_ source: LagSource, every pause: Double) throws -> Bool {
        var look: LagSource.Look?
        while true {
            do throws(KafkaError) {
                let known: LagSource.Look
                if let look {
                    known = look
                } else {
                    known = try source.look()
                    // Rates need two samples, and members' counts two answers, so the first report is not shown.
                    _ = try known.report(now: milliseconds())
                    look = known
                }
                Thread.sleep(forTimeInterval: pause)
                let report = try known.report(now: milliseconds())
                show(report)
                guard !watch else { continue }
                let excesses = maxSeconds.map { report.excesses(maxSeconds: $0, asked: group) } ?? []
                for excess in excesses { printMessage(excess) }
                return !excesses.isEmpty
            } catch {
                let failure = "error: \(source.brokers): \(error)"
                guard watch, error.isRetriable, !error.isFatal else { throw fail(failure) }
                printMessage(failure)
                Thread.sleep(forTimeInterval: pause)
            }
        }
    }

    private func show(_ report: LagReport) {
        for note in report.notes { printMessage("note: \(note)") }
        if output == .json {
            for chunk in report.jsonChunks { print(String(decoding: chunk, as: UTF8.self), terminator: "") }
            print("")
        } else {
            print(report.table(all: all))
        }
        fflush(nil)
    }

    /// The number of evaluations in the graph of a screen, the greatest that has room.
    private static let screenPoints = 60

    /// Paints until the process ends. An evaluation that fails is reported on the screen, and the next one may succeed.
    private func paint(_ source: LagSource, on screen: TerminalScreen, every pause: Double) throws -> Never {
        var history = LagHistory(points: Self.screenPoints, spacing: 0)
        var last: (report: LagReport, at: ContinuousClock.Instant)?
        var look: LagSource.Look?
        while true {
            let start = ContinuousClock.now
            var failure: (reason: String, age: Double?)?
            do {
                let known = try look ?? source.look()
                look = known
                let report = try known.report(now: milliseconds())
                history.note(report)
                last = (report, .now)
            } catch {
                failure = ("\(source.brokers): \(error)", last.map { (ContinuousClock.now - $0.at) / .seconds(1) })
            }
            let picture = LagScreen(last?.report, history, failure: failure)
            screen.paint { picture.lines(columns: $0, rows: $1, colour: $2) }
            Thread.sleep(forTimeInterval: max(0, pause - (ContinuousClock.now - start) / .seconds(1)))
        }
    }

    private func serve(_ source: LagSource, _ address: HTTPAddress) async throws {
        let logger = Logger(label: "lag") { LineLogHandler(label: $0, format: .text, logLevel: .info) }
        if try StartCheck.http(address) != .loopback { StartCheck.warnOfOpenAccess(address, logger) }
        let watch = LagWatch(interval: .seconds(pause), history: LagHistory(spacing: Self.pageSpacing)) {
            let look = try source.look()
            return { try look.report(now: $0) }
        }
        watch.ask()
        defer { watch.stop() }
        let routes = LagRoutes(watch, title: "Lag of \(clusterName)").all(
            cluster: clusterName, brokers: source.brokers.split(separator: ",").map(String.init),
            host: ProcessInfo.processInfo.hostName, logger: logger)
        let server = HTTPServer(routes, address: address, logger: logger)
        let task = Task { try await server.run { _ in } }
        let signals = StopSignals { task.cancel() }
        defer { signals.cancel() }
        do {
            try await task.value
        } catch is CancellationError {
        } catch {
            throw fail("error: HTTP on \(address): \(error)")
        }
    }

    /// Milliseconds from one point of a page's history to the next. The history has an hour.
    private static let pageSpacing: Int64 = 15_000
}

private func milliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
