import ArgumentParser
import Events
import Foundation

struct EventCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "event", abstract: "Correct what was reported.", subcommands: [EventVoidCommand.self])
}

struct EventVoidCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "void",
        abstract: "Take an event back, as if it had never happened, and say why.",
        discussion: """
            Sends `standing.event.voided` to the control topic and prints its id. The event's points go, the sanctions that it \
            imposed are lifted, and it does not count if it is sent again. The subject's file (/subjects/{id}/file) then shows \
            which perks it would have had. An event that is not there is counted and harmless.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "Whose event it is.")
    var subject: String
    @Option(help: "The event's source.")
    var source: String
    @Option(help: "The event's id.")
    var id: String
    @Option(help: "Why; the subject reads it.")
    var reason: String

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let control = ControlTopic(cluster: try Cluster(cluster, &settings))
        var data = ByteWriter()
        data.append("{\"source\":")
        data.append(jsonString: source)
        data.append(",\"id\":")
        data.append(jsonString: id)
        data.append(",\"reason\":")
        data.append(jsonString: reason)
        data.append("}")
        print(
            try control.send(.eventVoided, subject: subject, data: String(decoding: data.bytes, as: UTF8.self)))
    }
}
