import ArgumentParser
import Events
import Feeding
import Options

struct AppealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "appeal", abstract: "Appeals against sanctions.",
        discussion: """
            Examples:
              standing appeal file --subject ada --sanction rail-ban --statement 'Not me.'
            """,
        subcommands: [AppealFileCommand.self, AppealDecideCommand.self])
}

struct AppealFileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "file",
        abstract: "File a subject's appeal against a sanction that is noticed or in force.",
        discussion: """
            Sends `standing.appeal.filed` to the control topic and prints its id. One appeal an imposition; another is counted \
            and harmless. By default the sanction is stayed until the appeal is decided.

            Examples:
              standing appeal file --subject ada --sanction rail-ban --statement 'Not me.'
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var time: OperatorTimeOptions
    @OptionGroup var key: ControlKeyOptions
    @Option(help: "Who appeals.")
    var subject: String
    @Option(help: "The sanction's id in the policy.", completion: .sanctions)
    var sanction: String
    @Option(help: "What the subject says.")
    var statement: String

    func run() throws {
        let data = JSONWriter.object {
            $0.member("sanction", sanction)
            $0.member("statement", statement)
        }
        try ControlTopic.send(.appealFiled, subject: subject, data: data, to: cluster, at: time, by: key)
    }
}

struct AppealDecideCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide",
        abstract: "Decide an appeal: upheld lifts the sanction, rejected lets it go on with its old dates.",
        discussion: """
            Sends `standing.appeal.decided` to the control topic and prints its id.

            Examples:
              standing appeal decide --subject ada --sanction rail-ban --outcome upheld \\
                  --reason 'mistaken identity'
            """)

    enum Outcome: String, ExpressibleByArgument, CaseIterable { case upheld, rejected }

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var time: OperatorTimeOptions
    @OptionGroup var key: ControlKeyOptions
    @Option(help: "Who has appealed.")
    var subject: String
    @Option(help: "The sanction's id in the policy.", completion: .sanctions)
    var sanction: String
    @Option(help: "What was decided.")
    var outcome: Outcome
    @Option(help: "Why; the subject reads it.")
    var reason: String

    func run() throws {
        let data = JSONWriter.object {
            $0.member("sanction", sanction)
            $0.member("outcome", outcome.rawValue)
            $0.member("reason", reason)
        }
        try ControlTopic.send(.appealDecided, subject: subject, data: data, to: cluster, at: time, by: key)
    }
}
