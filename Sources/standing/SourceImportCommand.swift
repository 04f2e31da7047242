import ArgumentParser
import Events
import Feeding
import Foundation
import Kafka
import Mapping
import Options
import Policy
import Terminal
import Topics

struct SourceImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Read a local database's extract into a source topic.",
        discussion: """
            Each row is the map's `value`, a JSON object by the columns' names; in CSV all are texts (CEL's int(), double() and \
            timestamp() convert them). `offset` is the row's number from 0, `topic` the topic.

            Without --go it is a dry run: counts, what is refused with its line, types, times, who is not enrolled; nothing is sent. \
            With --go the same comes first, and if a row is refused nothing is sent, unless --skip-rejects says so. A row's id is the \
            map's `id`, or follows from the row's content and how often it occurred before, so that a second import counts nothing twice.

            Examples:
              standing source import payments.csv --map payments.yaml --rejects rejects.jsonl
              standing source import payments.csv --map payments.yaml --server http://127.0.0.1:8080
              standing source import town.sqlite --table payments --map payments.yaml --events events.jsonl
              standing source import payments.csv --map payments.yaml --go --topic behaviour.payments --state payments.state
            Exit 1 if a row is refused, 4 if there are too many rows without an id.
            """)

    @Argument(help: "The table's file.", completion: .file())
    var file: String
    @Option(help: "File with a map, YAML.", completion: .file(extensions: ["yaml", "yml"]))
    var map: String
    @OptionGroup var table: TableOptions
    @OptionGroup var cluster: ClusterOptions
    @Flag(help: "Send the events.")
    var go = false
    @Option(help: "The source topic. Default: the only one that there is.", completion: .sourceTopics)
    var topic: String?
    @Option(help: "Events a second, 0 for as many as there is room for.")
    var rate = 10_000
    @Option(help: "With --go: go on after the rows that this file says are sent, and note there how far it is.")
    var state: String?
    @Flag(help: "Send the other rows although some are refused.")
    var skipRejects = false
    @Option(help: "Write every refused row here, JSON lines.", completion: .file())
    var rejects: String?
    @Option(help: "Write the events here, JSON lines as `standing replay` reads them.", completion: .file())
    var events: String?
    @Option(help: "Ask this member, http://HOST:PORT, who is enrolled.")
    var server: String?
    @Option(help: "File with the token for --server.", completion: .file())
    var tokenFile: String?
    @Option(help: "Who is enrolled: a subject a line, or what `standing replay` prints.", completion: .file())
    var enrolled: String?
    @Option(help: "Write everybody who is not enrolled here, a line each.", completion: .file())
    var notEnrolled: String?
    @Option(help: Setting.help("allowed-skew"))
    var allowedSkew: String?
    @Option(help: "text or json, one document.")
    var output = TableFormat.text

    /// The number of refused rows with a message of their own.
    private static let shownRefusals: Int64 = 10
    private static let shownColumns = 20
    private static let stateEvery = Duration.seconds(2)

    func validate() throws {
        guard rate >= 0 else { throw ValidationError("--rate is 0 or more") }
        if server != nil, enrolled != nil { throw ValidationError("give one of --server and --enrolled") }
        if tokenFile != nil, server == nil {
            throw ValidationError("--token-file has no effect: it goes with --server")
        }
        if notEnrolled != nil, server == nil, enrolled == nil {
            throw ValidationError("--not-enrolled has no effect: it goes with --server or --enrolled")
        }
        guard !go else { return }
        if state != nil { throw ValidationError("--state has no effect: it goes with --go") }
        for (flag, isGiven) in [("--brokers", cluster.brokers != nil), ("--kafka", !cluster.kafka.isEmpty)]
        where isGiven {
            throw ValidationError("\(flag) has no effect: without --go nothing is sent")
        }
    }

    func run() throws {
        try OutputFile.requireDistinct(
            [("--rejects", rejects), ("--events", events), ("--not-enrolled", notEnrolled), ("--state", state)],
            from: [
                ("the table", file), ("--map", map), ("--enrolled", enrolled), ("--token-file", tokenFile),
                ("--config", cluster.config),
            ])
        var settings = try Settings(config: cluster.config)
        let skew = try settings.parse(
            "allowed-skew", flag: allowedSkew, expected: "a duration such as 5m", Settings.duration)
        let (cluster, target) = try self.target(&settings)
        let map = try MapFile(self.map)
        let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        let pass = ImportPass(
            input: try table.input(file), map: map.map, topic: target.topic, declarations: target.declarations,
            latest: now.adding(microseconds: skew))
        let enrolments = try self.enrolments()
        do {
            let summary = try dryRun(pass, enrolments)
            if output == .text { print(summary.text(file, enrolments).printable(keepingLayout: true)) }
            guard let cluster else {
                if output == .json { print(summary.json(enrolments, sent: nil)) }
                guard summary.refused > 0 else {
                    return printMessage("nothing was sent: --go sends \(summary.events) events")
                }
                throw fail(
                    "nothing was sent: \(summary.refused) rows are refused; --go --skip-rejects sends \(summary.events) events"
                )
            }
            guard summary.refused == 0 || skipRejects else {
                if output == .json { print(summary.json(enrolments, sent: nil)) }
                throw fail(
                    "error: nothing was sent: \(summary.refused) rows are refused; --skip-rejects sends the others")
            }
            let sent = try send(pass, mapText: map.text, to: target.topic, of: cluster, rows: summary.rows)
            if output == .json { print(summary.json(enrolments, sent: sent)) }
        } catch let failure as TableInput.Failure {
            throw fail(failure.description)
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
    }

    /// The cluster if events are sent to it, and the source topic with its declaration. Without `--go` the topic may be
    /// left out.
    private func target(_ settings: inout Settings) throws -> (Cluster?, SourceTopic) {
        if go {
            let cluster = try Cluster(self.cluster, &settings)
            return (cluster, try SourceTopic(topic, of: cluster.definitions, prefix: cluster.prefix))
        }
        let (prefix, definitions) = try Cluster.topics(
            self.cluster.topics, prefix: self.cluster.topicPrefix, &settings)
        return (nil, try topic.map { try SourceTopic($0, of: definitions, prefix: prefix) } ?? SourceTopic())
    }

    private func enrolments() throws -> Enrolments? {
        let output = try notEnrolled.map { try OutputFile($0) }
        if let enrolled { return try Enrolments(list: enrolled, output: output) }
        guard let server else { return nil }
        let token = try tokenFile.map { path in
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw fail("\(path): error: cannot be read", Exit.usage)
            }
            return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return try Enrolments(member: server, token: token, output: output)
    }

    // MARK: The dry run

    private func dryRun(_ pass: ImportPass, _ enrolments: Enrolments?) throws -> ImportSummary {
        var summary = ImportSummary(looksForRepeats: pass.map.givesID)
        let rejects = try rejects.map { try OutputFile($0) }
        let events = try events.map { try OutputFile($0) }
        let work = WorkCounter()
        let line = ProgressLine("rows", work)
        defer { line.finish() }
        try pass.run(noteColumns: { warn(of: $0, pass.map) }) { row in
            work.add(1, count: 1)
            if summary.add(row), let event = row.event { try enrolments?.note(event.subject) }
            if let refusal = row.refusal {
                if summary.refused <= Self.shownRefusals {
                    printMessage("\(file):\(row.line): refused: \(refusal.message)\(Self.hint(refusal))")
                }
                try rejects?.write(line: row, refusal)
            } else if row.event != nil {
                try events?.write(line: row.bytes)
            }
        }
        try enrolments?.close()
        try rejects?.close()
        try events?.close()
        return summary
    }

    /// Warns of columns that the map reads and the table does not have.
    private func warn(of columns: [String], _ map: RecordMap) {
        let delimiter = columns.count == 1 ? columns[0].first { ";\t|".contains($0) } : nil
        let other = delimiter.map { "; does --delimiter \($0 == "\t" ? "tab" : "'\($0)'") fit?" }
        for name in map.fieldNames where !columns.contains(name) {
            let near = other ?? YAMLReader.nearest(to: name, in: columns).map { "; did you mean \"\($0)\"?" } ?? ""
            let some = columns.prefix(Self.shownColumns).joined(separator: ", ")
            let more = columns.count > Self.shownColumns ? ", …" : ""
            printMessage(
                "\(file):1: warning: the map reads value.\(name), and the table has no such column: \(some)\(more)\(near)"
            )
        }
    }

    private static func hint(_ refusal: (code: String, message: String)) -> String {
        refusal.message.hasSuffix("is not utf-8") ? " (--encoding latin1 or windows-1252 reads what is not)" : ""
    }

    // MARK: Sending

    /// Returns the number of acknowledged events.
    private func send(_ pass: ImportPass, mapText: String, to topic: String, of cluster: Cluster, rows: Int64) throws
        -> Int64
    {
        guard let partitions = try Admin(cluster.kafka).topic(topic)?.partitions else {
            throw fail("error: \(topic): no such topic on \(cluster.kafka.brokers)")
        }
        var progress = try state.map { _ in
            try ImportState(of: pass.input, map: mapText, topic: topic)
        }
        let first = try state.flatMap { try progress?.resumed(from: $0) } ?? 0
        if first > 0 { printMessage("\(first) rows are sent already: it goes on after them") }
        let sender = try ImportSender(cluster.kafka, topic: topic, partitions: partitions, rate: rate)
        let work = WorkCounter(total: rows)
        work.add(first, count: 0)
        let line = ProgressLine("rows", work)
        defer { line.finish() }
        let start = ContinuousClock.now
        var lastNoted = start
        var next = first
        func note() throws {
            try sender.flush()
            guard let state else { return }
            progress?.rows = next
            try progress?.write(to: state)
        }
        try pass.run(from: first) { row in
            if let event = row.event { try sender.send(key: event.subject, value: row.bytes) }
            next = row.number + 1
            work.add(1, count: 1)
            guard state != nil, ContinuousClock.now - lastNoted > Self.stateEvery else { return }
            try note()
            lastNoted = ContinuousClock.now
        }
        try note()
        line.finish()
        let seconds = max((ContinuousClock.now - start) / .seconds(1), 0.001)
        printMessage("sent \(sender.sent) events to \(topic), \(Int(Double(sender.sent) / seconds)) a second")
        return sender.sent
    }
}

/// The format of a table.
struct TableOptions: ParsableArguments {
    @Flag(exclusivity: .exclusive)
    var format: TableInput.Format?
    @Option(help: "Of CSV: what separates the columns, a character or \"tab\".")
    var delimiter: String?
    @Option(
        help: "Of CSV: utf-8, latin1 or windows-1252. Default: utf-8.",
        completion: .list(CSVEncoding.allCases.map(\.rawValue)),
        transform: { text in
            guard let encoding = CSVEncoding(rawValue: text) else {
                throw ValidationError("it is utf-8, latin1 or windows-1252")
            }
            return encoding
        })
    var encoding: CSVEncoding?
    @Option(help: "Of SQLite: read all rows of this table.")
    var table: String?
    @Option(help: "Of SQLite: read the rows of this SELECT.")
    var query: String?

    func validate() throws {
        if table != nil, query != nil { throw ValidationError("give one of --table and --query") }
        guard let delimiter else { return }
        let bytes = Array(delimiter.utf8)
        guard delimiter == "tab" || bytes.count == 1 && bytes[0] < 0x80 && !["\"", "\n", "\r"].contains(delimiter)
        else {
            throw ValidationError("--delimiter: \"\(delimiter)\" is neither one ASCII character nor \"tab\"")
        }
    }

    func input(_ file: String) throws -> TableInput {
        guard let format = format ?? TableInput.Format(path: file) else {
            throw fail("error: \(file): its name does not tell what it is: give --csv, --jsonl or --sqlite", Exit.usage)
        }
        if format != .csv, delimiter != nil || encoding != nil {
            throw fail("error: --delimiter and --encoding go with --csv", Exit.usage)
        }
        guard (format == .sqlite) == (table != nil || query != nil) else {
            throw fail(
                format == .sqlite
                    ? "error: --sqlite needs --table or --query" : "error: --table and --query go with --sqlite",
                Exit.usage)
        }
        var input = TableInput(file: file, format: format)
        if let delimiter { input.delimiter = delimiter == "tab" ? UInt8(ascii: "\t") : Array(delimiter.utf8)[0] }
        if let encoding { input.encoding = encoding }
        input.query = query ?? table.map(TableInput.statement) ?? ""
        return input
    }
}

extension OutputFile {
    /// `{"line","reason","message","row"}`; `row` is null if it cannot be read.
    fileprivate func write(line row: ImportPass.Row, _ refusal: (code: String, message: String)) throws {
        var json = JSONWriter()
        json.open()
        json.member("line", row.line)
        json.member("reason", refusal.code)
        json.member("message", refusal.message)
        json.key("row")
        if let row = row.json { json.value { $0.append(row) } } else { json.null() }
        json.close()
        try write(line: json.bytes)
    }
}
