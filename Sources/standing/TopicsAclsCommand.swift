import ArgumentParser
import Downstream
import Events
import Kafka
import Options
import Pipeline
import Terminal
import Topics

struct TopicsAclsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acls",
        abstract: "Print the least rights that each role needs on a cluster with access control.",
        discussion: """
            As calls of Kafka's kafka-acls.sh, or with --output json a line a role: {"role","purpose","principal","rights":\
            [{"resource","name","operation"}]}. They follow from the topic files, the prefix and the groups; nothing is asked of a \
            cluster, and --brokers only stands in the calls. Kafka from 2.8 on lets whoever may write a topic write it \
            idempotently; on an older one add IdempotentWrite on the cluster for those that write. `standing doctor --principal` \
            holds a cluster's lists against them.

            Examples:
              standing topics acls --brokers HOST:PORT --role serve --role perks
              standing topics acls --principal serve=User:CN=standing --role serve --output json
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(
        help: "\(AccessRole.names). May be repeated. Default: all.",
        transform: AccessRole.parse)
    var role: [AccessRole] = []

    @Option(help: "ROLE=PRINCIPAL, such as serve=User:standing. May be repeated. Default: User:standing-ROLE.")
    var principal: [RolePrincipal] = []

    @Flag(help: "The role lag looks at every group and topic of the cluster, and not at Standing's alone.")
    var everyGroup = false

    @Option(help: "text or json.")
    var output = TableFormat.text

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings, defaultBrokers: "HOST:PORT")
        let plan = cluster.accessPlan(coversEveryGroup: everyGroup)
        for role in role.isEmpty ? AccessRole.allCases : role {
            let principal = principal.last { $0.role == role }?.principal ?? role.defaultPrincipal
            let rights = plan.rights(of: role)
            guard output == .text else {
                print(json(role, principal, rights))
                continue
            }
            print("# \(role.rawValue): \(role.purpose)")
            for command in AccessPlan.commands(rights, to: principal, bootstrap: cluster.kafka.brokers) {
                print(command)
            }
        }
    }

    private func json(_ role: AccessRole, _ principal: String, _ rights: [AccessRight]) -> String {
        JSONWriter.object { writer in
            writer.member("role", role.rawValue)
            writer.member("purpose", role.purpose)
            writer.member("principal", principal)
            writer.list("rights", rights) { writer, right in
                writer.open()
                writer.member("resource", right.resource.rawValue)
                writer.member("name", right.name)
                writer.member("operation", right.operation.rawValue)
                writer.close()
            }
        }
    }
}

extension AccessRole {
    static let names = allCases.map(\.rawValue).joined(separator: ", ")

    static func parse(_ text: String) throws -> AccessRole {
        guard let role = AccessRole(rawValue: text) else {
            throw ValidationError("\"\(text)\" is none of the roles \(names)")
        }
        return role
    }
}

/// `ROLE=TYPE:NAME`: a role and its principal in the cluster.
struct RolePrincipal: ExpressibleByArgument {
    let role: AccessRole
    let principal: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        // Kafka's principals have a type, such as User.
        guard parts.count == 2, let role = AccessRole(rawValue: String(parts[0])),
            let colon = parts[1].firstIndex(of: ":"), colon > parts[1].startIndex,
            parts[1].index(after: colon) < parts[1].endIndex
        else { return nil }
        (self.role, principal) = (role, String(parts[1]))
    }
}

extension Cluster {
    func accessPlan(coversEveryGroup: Bool = false) -> AccessPlan {
        AccessPlan(
            definitions, topicPrefix: prefix, groups: accessPlanGroups, coversEveryGroup: coversEveryGroup)
    }

    var accessPlanGroups: AccessGroups {
        AccessGroups(
            intake: prefix + PipelineConfiguration.standardIntakeGroup,
            fold: prefix + PipelineConfiguration.standardFoldGroup,
            perks: prefix + DownstreamService.Kind.perks.defaultGroup,
            blacklist: prefix + DownstreamService.Kind.blacklist.defaultGroup, readers: Consumer.noGroup)
    }
}
