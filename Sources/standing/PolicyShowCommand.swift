import ArgumentParser
import Terminal

struct PolicyShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the text of a ledger's active policy.",
        discussion: """
            Reads the topic, or an archive as far as it goes. --output json: its name and version, and since which offset and \
            clock of each partition it is active, as `standing policy log` has them.

            Examples:
              standing policy show --brokers kafka:9092 > active.yaml
              standing policy show --archive /var/lib/standing --output json
            """)

    @OptionGroup var source: LedgerSourceOptions
    @Option(help: "text or json.")
    var output = TableFormat.text

    func validate() throws { try source.validateChoice() }

    func run() throws {
        let ledger = try source.open()
        switch output {
        case .text: print(try LedgerPolicies.texts(of: ledger).last ?? "", terminator: "")
        case .json: print(try LedgerPolicies(ledger).active?.json ?? "")
        }
    }
}
