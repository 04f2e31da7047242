import ArgumentParser
import Events
import Feeding
import Options
import Terminal
import Topics

struct EventSendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send one behaviour event of a subject to a source topic.",
        discussion: """
            Prints the event's id. It is what any program that writes to the topic would send: structured CloudEvents JSON, the \
            subject as its key. The topic is one that the topic files declare with `role: source`; type and source are such \
            as it declares. The same source and id once more count once.

            Examples:
              standing event send --topic behaviour.community --type volunteer.hours \\
                  --subject ada --data '{"hours": 4}'
              standing event send --topic behaviour.payments --type bill.paid \\
                  --subject ada --source /bank --id 7
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var time: OperatorTimeOptions
    @Option(help: "The source topic. Default: the only one that there is.", completion: .sourceTopics)
    var topic: String?
    @Option(help: "The event's type, such as bill.paid.")
    var type: String
    @Option(help: "Whose event it is.")
    var subject: String
    @Option(help: "The event's id. Default: a new one.")
    var id: String?
    @Option(
        help: """
            The event's source. Default: \(OperatorEvent.defaultSource), or `operator` under the first one that the topic declares.
            """)
    var source: String?
    @Option(help: "What the policy's rules look at, a JSON object. Default: none.")
    var data: String?

    func run() throws {
        try refuseReservedType()
        let data = try data.map { try requireJSONObject($0, option: "--data") }
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let target = try SourceTopic(self.topic, of: cluster.definitions, prefix: cluster.prefix)
        let (topic, declarations) = (target.topic, target.declarations)
        let source = source ?? declarations[topic]?.operatorSource ?? OperatorEvent.defaultSource
        let event = OperatorEvent(
            type: type, subject: subject, id: id, source: source, data: data, declarations: declarations)
        let sent = try event.send(to: topic, of: cluster) {
            try time.stamp(cluster, &settings, subject: subject)
        }
        print(sent)
    }

    private func refuseReservedType() throws {
        guard type.hasPrefix(ControlType.prefix.description) else { return }
        let known = ControlType.allCases.first { $0.name.description == type }
        let hint = known.flatMap(\.command).map { ": `standing \($0)` sends it" } ?? ""
        throw fail("error: type: \(type) is for the control topic alone\(hint)", Exit.usage)
    }
}

extension SourceDeclaration {
    /// The source of operators' events in the topic's declaration.
    fileprivate var operatorSource: String? {
        sources.first.map { $0.hasSuffix("/") ? $0 + "operator" : $0 + "/operator" }
    }
}

extension ControlType {
    /// The command that sends it; nil if only the engine does.
    fileprivate var command: String? {
        switch self {
        case .enrolled: "subject enrol"
        case .withdrawn: "subject withdraw"
        case .eventVoided: "event void"
        case .appealFiled: "appeal file"
        case .appealDecided: "appeal decide"
        case .policyActivated: "policy activate"
        case .sourceReset: "source reset"
        case .sourceAcknowledged: "source acknowledge"
        case .sourceWithdrawn: "source withdraw"
        case .sourceRestored: "source restore"
        case .sourceGap, .ledgerUpgraded, .ledgerSkipped: nil
        }
    }
}
