import ArgumentParser
import Events
import Feeding
import Options

struct SubjectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subject", abstract: "Enrol and withdraw subjects; only enrolled subjects are scored.",
        discussion: """
            Examples:
              standing subject enrol --subject ada --kind individual --terms 2026
            """,
        subcommands: [SubjectEnrolCommand.self, SubjectWithdrawCommand.self])
}

struct SubjectEnrolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrol",
        abstract: "Enrol a subject: from here on it is scored.",
        discussion: """
            Sends `standing.subject.enrolled` to the control topic and prints its id. Of a subject that is enrolled, only the \
            terms and the attributes change; without --attributes it has none.

            Examples:
              standing subject enrol --subject ada --kind individual --terms 2026
              standing subject enrol --subject acme --kind business --terms 2026 \\
                  --attributes '{"fleet": 12}'
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable { case individual, business, official }

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var time: OperatorTimeOptions
    @OptionGroup var key: ControlKeyOptions
    @Option(help: "Who enrols.")
    var subject: String
    @Option(help: "What the subject is.")
    var kind: Kind
    @Option(help: "The terms that the subject agreed to, by name or version.")
    var terms: String
    @Option(help: "What the policy may ask about the subject, a JSON object. Default: none.")
    var attributes: String?

    func validate() throws {
        guard !terms.isEmpty else { throw ValidationError("--terms: nobody is enrolled without terms") }
    }

    func run() throws {
        let data = try JSONWriter.object {
            $0.member("kind", kind.rawValue)
            $0.member("terms", terms)
            if let attributes {
                $0.member("attributes", json: try requireJSONObject(attributes, option: "--attributes"))
            }
        }
        try ControlTopic.send(.enrolled, subject: subject, data: data, to: cluster, at: time, by: key)
    }
}

struct SubjectWithdrawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Withdraw a subject: its sanctions are lifted, its perks revoked, its state removed.",
        discussion: """
            Sends `standing.subject.withdrawn` to the control topic and prints its id.

            Examples:
              standing subject withdraw --subject ada --brokers kafka:9092
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var time: OperatorTimeOptions
    @OptionGroup var key: ControlKeyOptions
    @Option(help: "Who withdraws.")
    var subject: String

    func run() throws { try ControlTopic.send(.withdrawn, subject: subject, data: nil, to: cluster, at: time, by: key) }
}
