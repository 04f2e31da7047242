import ArgumentParser
import Foundation
import Kafka
import Operations
import Options
import Synchronization
import Terminal
import Topics

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look whether cluster and machine are fit for Standing; each finding with its mend.",
        discussion: """
            Changes nothing but for a file in the data folder that it writes and removes. Checks: broker, topics, durability, sizes, \
            offsets, retention, access, clock, disk, descriptors, policy, keys. Each has the limit of --limit and is \
            unchecked, with the reason, where it cannot be made. Exit 1 if a finding is an error.

            --principal holds the cluster's access control lists against what a role needs (`standing topics acls`); that takes \
            the right to describe the cluster. --role tries, as the user who connects, the calls of a role that change nothing.

            Examples:
              standing doctor --brokers HOST:PORT --data /var/lib/standing --policy policy.yaml
              standing doctor --config doctor.yaml --principal serve=User:standing --principal perks=User:perks
              standing doctor --config serve.yaml --role serve --output json
            """)

    /// Microseconds of a check for each millisecond of its request, so that a request without an answer is a finding of
    /// its check.
    private static let requestShare: Int64 = 2_000

    @OptionGroup var cluster: ClusterOptions

    @Option(help: Setting.help("data", otherwise: "none, and no disk is looked at"))
    var data: String?

    @Option(help: "The policy that is meant to be active, a YAML file.")
    var policy: String?

    @OptionGroup var keys: KeyOptions

    @Option(help: "ROLE=PRINCIPAL: whom the lists must give the rights of a role. May be repeated.")
    var principal: [RolePrincipal] = []

    @Option(
        help: "What the user who connects is: \(AccessRole.names). May be repeated.", transform: AccessRole.parse)
    var role: [AccessRole] = []

    @Option(help: "The longest stop of all members together that must lose nothing, such as 72h.")
    var longestStop = "72h"

    @Option(help: "How long each check may take, such as 10s.")
    var limit = "10s"

    @Option(help: "text or json, one document.")
    var output = TableFormat.text

    func validate() throws {
        if Settings.duration(limit).map({ $0 >= 1_000_000 }) != true {
            throw ValidationError("--limit: \"\(limit)\" is not a duration of at least 1s, such as 10s")
        }
        guard Settings.duration(longestStop) != nil else {
            throw ValidationError("--longest-stop: \"\(longestStop)\" is not a duration such as 72h")
        }
    }

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        var cluster = try Cluster(self.cluster, &settings)
        let microseconds = Settings.duration(limit) ?? 0
        cluster.kafka.patience = Patience(limit: .microseconds(microseconds))
        let machine = DoctorMachine(
            data: try settings.text("data", flag: data), policy: policy, cluster: cluster,
            signingKey: try settings.text("signing-key", flag: keys.signingKey),
            trustedKeys: try settings.text("trusted-keys", flag: keys.trustedKeys),
            config: self.cluster.config ?? ProcessInfo.processInfo.environment["STANDING_CONFIG"])
        let look = DoctorCluster(
            cluster, milliseconds: Int(microseconds / Self.requestShare), principals: principal, roles: role,
            longestStop: .microseconds(Settings.duration(longestStop) ?? 0))
        let report = try await onThread {
            let limit = Double(microseconds) / 1e6
            var findings = look.findings(limit)
            findings += DoctorCheck.run("disk", limit) { machine.disk() }
            findings += DoctorCheck.run("descriptors", limit) {
                machine.descriptors(ledgerPartitions: look.ledgerPartitions, brokers: look.brokers)
            }
            findings += DoctorCheck.run("policy", limit) { try machine.policies(isReached: look.brokers != nil) }
            findings += DoctorCheck.run("keys", limit) { machine.secrets() }
            return FindingReport(findings)
        }
        print(output == .json ? report.json + "\n" : report.text, terminator: "")
        if report.isWrong { throw Exit.failed }
    }
}

/// One check, on a thread of its own. A check that hangs costs its time limit and nothing else.
enum DoctorCheck {
    private final class Outcome: Sendable {
        let findings = Mutex<[Finding]?>(nil)
        let isDone = DispatchSemaphore(value: 0)
    }

    private static let rights = "give this user the rights that `standing topics acls --role doctor` prints"
    private static let again = "mend what it names, and look again"

    static func run(
        _ name: String, _ seconds: Double, _ body: @escaping @Sendable () throws -> [Finding]
    ) -> [Finding] {
        let outcome = Outcome()
        let thread = Thread {
            let findings: [Finding]
            do {
                findings = try body()
            } catch let error as KafkaError {
                findings = [.unchecked(name, why: "\(error)", remedy: error.isNotAllowed ? rights : again)]
            } catch is ExitCode {
                findings = [.unchecked(name, why: "see the message on standard error", remedy: again)]
            } catch {
                findings = [.unchecked(name, why: "\(error)", remedy: again)]
            }
            outcome.findings.withLock { $0 = findings }
            outcome.isDone.signal()
        }
        thread.stackSize = 4 << 20
        thread.start()
        guard outcome.isDone.wait(timeout: .now() + seconds) == .success else {
            return [
                .unchecked(name, why: "it takes longer than \(seconds) s", remedy: "give it more time with --limit")
            ]
        }
        return outcome.findings.withLock { $0 } ?? []
    }
}
