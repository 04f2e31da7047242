import ArgumentParser
import Events
import Foundation
import Options
import Replay
import Terminal

struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "One event's way: where it came from, its offset in the ledger, what it did, or why nothing.",
        discussion: """
            An event is known by its source and id. Of the ledger topic, or of the ledger in --archive DIR, it searches:
              with --subject     that subject's partition; an archive by its indexes
              without            every partition from its beginning, or the records of the ledger topic since --since
            Then the event's partition is folded to the event, which says what it did, with its facts and their numbers.
            Without --archive it also reads what the cluster still has: the record that the event came in, with CloudEvents' traceparent \
            (the ledger does not keep it), the facts' records, and the whole dead-letter topic. What is gone there is null.
            Examples:
              standing trace /rides r-4711 --brokers HOST:PORT --subject anna
              standing trace /rides r-4711 --archive /var/lib/standing --output json
            Exit 1 if neither the ledger nor a dead letter has it.
            """)

    @Argument(help: "The event's source.")
    var source: String

    @Argument(help: "The event's id.")
    var id: String

    @Option(help: "Whom it is about: then only that subject's ledger partition is searched.")
    var subject: String?

    @Option(
        help:
            "Without --archive and --subject: search ledger records that were written at this time (RFC 3339) or later."
    )
    var since: String?

    @OptionGroup var ledger: LedgerSourceOptions

    @Option(help: "text or json.")
    var output: OutputFormat = .text

    enum OutputFormat: String, ExpressibleByArgument { case text, json }

    func validate() throws {
        guard ledger.archive == nil || !ledger.topic else {
            throw ValidationError("give --archive DIR, or --topic, which is the default")
        }
        guard let since else { return }
        guard Timestamp(since) != nil else {
            throw ValidationError("--since: \"\(since)\" is not an RFC 3339 time such as 2026-01-31T00:00:00Z")
        }
        if subject != nil || ledger.archive != nil {
            throw ValidationError("--since goes with neither --archive nor --subject")
        }
    }

    func run() throws {
        var settings = try Settings(config: ledger.cluster.config)
        var cluster: Cluster?
        let opened: LedgerSource
        if let archive = ledger.archive {
            opened = try LedgerSource(archive: archive, of: try Cluster.ledgerTopic(ledger.cluster, &settings))
        } else {
            let named = try Cluster(ledger.cluster, &settings)
            opened = try LedgerSource(topicOf: named)
            cluster = named
        }
        let report = try LedgerSource.reading {
            var search = TraceSearch(opened, source: source, id: id)
            try search.find(subject: subject, since: since.flatMap { Timestamp($0) }, cluster?.kafka)
            var report = try search.report()
            if let cluster { try report.lookUp(in: cluster, ledger: opened.topic) }
            return report
        }
        let out = try OutputFile("-")
        let text = output == .json ? report.json : Array(report.text.utf8)
        try text.withUnsafeBytes { output == .json ? try out.write(line: $0) : try out.write($0) }
        try out.close()
        guard report.isFound else {
            let nobody = cluster == nil ? "the archive does not have" : "neither the ledger nor a dead letter has"
            throw fail(
                "error: \(nobody) this event: it was not sent, not read yet (`standing lag`), or has another source or "
                    + (subject == nil ? "id" : "id, or another subject"))
        }
    }
}
