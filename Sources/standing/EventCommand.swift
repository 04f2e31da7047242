import ArgumentParser
import Events
import Feeding
import Options

struct EventCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "event", abstract: "Report what happened, or correct what was reported.",
        discussion: """
            Examples:
              standing event send --topic behaviour.transport --type fare.paid --subject ada
            """,
        subcommands: [EventSendCommand.self, EventVoidCommand.self])
}

struct EventVoidCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "void",
        abstract: "Take an event back, as if it had never happened, and say why.",
        discussion: """
            Sends `standing.event.voided` to the control topic and prints its id. The event's points go, the sanctions that it \
            imposed are lifted, and it does not count if it is sent again. The subject's file (/subjects/{id}/file) then shows \
            which perks it would have had. If the event has not been read yet, the void waits for it as long as the policy's \
            `early` says, and the event then contributes nothing; after that the void is counted and has no effect.

            Examples:
              standing event void --subject ada --source /bank --id 7 --reason 'a mistake'
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var time: OperatorTimeOptions
    @OptionGroup var key: ControlKeyOptions
    @Option(help: "Whose event it is.")
    var subject: String
    @Option(help: "The event's source.")
    var source: String
    @Option(help: "The event's id.")
    var id: String
    @Option(help: "Why; the subject reads it.")
    var reason: String

    func run() throws {
        let data = JSONWriter.object {
            $0.member("source", source)
            $0.member("id", id)
            $0.member("reason", reason)
        }
        try ControlTopic.send(.eventVoided, subject: subject, data: data, to: cluster, at: time, by: key)
    }
}
