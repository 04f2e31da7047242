import ArgumentParser
import Events
import Terminal

struct PolicyLogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "List the policies that a ledger has been under, and since when.",
        discussion: """
            Reads the topic, or an archive as far as it goes. A row an activation, a rollback among them; \
            `since` is the ledger's clock. An activation that changed nothing, because another policy was active than the one that \
            it was approved against, has both their hashes in its note, the first 12 digits of each. --output json: a line each, with \
            every partition's offset and clock.

            Examples:
              standing policy log --brokers kafka:9092
              standing policy log --archive /var/lib/standing --output json
            """)

    @OptionGroup var source: LedgerSourceOptions
    @Option(help: "text or json.")
    var output = TableFormat.text

    func validate() throws { try source.validateChoice() }

    func run() throws {
        let policies = try LedgerPolicies(try source.open())
        guard output == .text else {
            for activation in policies.activations { print(activation.json) }
            return
        }
        var table = TextTable(LedgerPolicies.Activation.columns)
        for activation in policies.activations { table.add(activation.row) }
        print(table.take(), terminator: "")
    }
}

extension LedgerSourceOptions {
    /// The topic is the default, which `--topic` states explicitly.
    func validateChoice() throws {
        if archive != nil, topic { throw ValidationError("give one of --topic and --archive DIR") }
    }
}
