import Access
import ArgumentParser
import Events
import Foundation
import Options
import Pipeline
import Policy
import Query
import Terminal

struct PolicyShadowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shadow",
        abstract: "Fold a candidate beside the active policy on every member, and see what would differ.",
        discussion: """
            The members fold the whole history under the candidate, with a part of the machine, and then every event under both \
            policies. Nothing is published of it. When each partition is live, `standing policy activate` switches it at its entry in \
            under a second, however long the history. It takes about as much memory again as the states.

            Examples:
              standing policy shadow start new.yaml --brokers kafka:9092
              standing policy shadow status --brokers kafka:9092
            """,
        subcommands: [PolicyShadowStartCommand.self, PolicyShadowStatusCommand.self, PolicyShadowStopCommand.self])
}

struct PolicyShadowStartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Put a candidate into the shadow.",
        discussion: """
            Writes the order to the members topic. Refused, with the reason and before anything is folded, where the policy does not \
            compile, is the active one or has what the ledger's fold version has not, where one is in the shadow already, and where a member that is announced cannot: it does \
            not answer, it has no archive to fold the past from (--data), or --memory-limit leaves no room for a second state. \
            Waits until each member has taken the order.

            Examples:
              standing policy shadow start new.yaml --brokers kafka:9092 --by anna
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "The candidate, a YAML file.", completion: .policies)
    var file: String
    @Option(help: "Who orders it, for the others to see.")
    var by: String?
    @Option(help: "How long the members may take to have the order, such as 30s or 5m. 0s: send it, and do not look.")
    var wait = "30s"

    func validate() throws {
        guard Settings.duration(wait) != nil else {
            throw ValidationError("--wait: \"\(wait)\" is not a duration such as 30s or 5m")
        }
    }

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let candidate = try loadPolicy(file)
        let policies = try ActivePolicies(cluster)
        let active = policies.texts.last.map { PolicyHash.of($0) }
        guard PolicyHash.of(candidate.text) != active else {
            throw fail("error: \(candidate.id) version \(candidate.version) is active already")
        }
        try policies.requireVersion(of: candidate)
        let shadow = try ClusterShadow.required(cluster, &settings)
        if let order = shadow.order, order.hash != active {
            throw fail(
                "error: \(ShadowReport.Order(order).name) is in the shadow already, since \(order.since)"
                    + (order.by.map { ", by \($0)" } ?? "") + ": `standing policy shadow stop` ends it")
        }
        try refuse(await shadow.settledAnswers(of: policies.partitions, within: MemberPatience.acting))
        let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        let order = ShadowOrder(text: candidate.text, since: now, by: by)
        try shadow.write(order)
        try await look(for: order, shadow)
        print(
            JSONWriter.object {
                $0.member("policy", candidate.id)
                $0.member("version", candidate.version)
            })
    }

    private func refuse(_ found: ShadowAnswers) throws {
        guard !found.answers.isEmpty else {
            throw fail(
                found.isAnyAnnounced
                    ? "error: no announced member answers: `standing status` shows who is away"
                    : "error: no member is announced: is one running, with an address that others reach (--advertise)?")
        }
        let reasons = found.answers.compactMap { answer -> String? in
            guard let report = answer.report else {
                return "\(answer.name) does not answer: see that it runs and is reached from here, and ask again"
            }
            return report.canShadow ? nil : "\(answer.name) cannot: \(report.reason ?? "")"
        }
        guard reasons.isEmpty else {
            for reason in reasons { printMessage("error: \(reason)") }
            throw Exit.failed
        }
    }

    /// Waits until each member has taken the order. Ends the command if one refuses it now.
    private func look(for order: ShadowOrder, _ shadow: ClusterShadow) async throws {
        guard let microseconds = Settings.duration(wait), microseconds > 0 else { return }
        // A refusal of an earlier order does not count, even of the same policy.
        let ordered = order.since.description
        func isAbout(_ report: ShadowReport) -> Bool {
            report.shadow?.sha256 == order.hash && report.shadow?.since == ordered
        }
        func hasTaken(_ answer: ShadowAnswers.Answer) -> Bool {
            answer.report.map { report in
                isAbout(report) && report.partitions.count >= report.work.partitions.count
            } ?? false
        }
        func refusal(_ answer: ShadowAnswers.Answer) -> String? {
            guard let report = answer.report, isAbout(report) else { return nil }
            return report.partitions.first { $0.phase == .refused }?.reason
        }
        func isTaken(_ found: ShadowAnswers) -> Bool {
            !found.answers.isEmpty && found.answers.allSatisfy(hasTaken)
        }
        let found = await shadow.answers(within: .microseconds(microseconds)) { found in
            isTaken(found) || found.answers.contains { refusal($0) != nil }
        }
        let answers = found.answers
        if let answer = answers.first(where: { refusal($0) != nil }) {
            try shadow.write(nil)
            throw fail("error: \(answer.name) refuses: \(refusal(answer) ?? ""): nothing is in the shadow")
        }
        guard !isTaken(found) else {
            return printMessage(
                "the members fold it: `standing policy shadow status` says how far they are and what would differ")
        }
        let late = answers.filter { !hasTaken($0) }.map(\.name).joined(separator: ", ")
        throw fail(
            "error: the order is sent, and these members have not taken it after \(wait): \(late.isEmpty ? "all" : late). `standing policy shadow status` "
                + "says more, and `standing policy shadow stop` ends it")
    }
}

struct PolicyShadowStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How far each member is with the candidate in the shadow, and what would differ if it were active.",
        discussion: """
            What differs is compared every ten seconds, of the partitions whose history is folded. --output json: one document, with \
            a sample of the subjects for whom most would change, which names them.

            Examples:
              standing policy shadow status --brokers kafka:9092
              standing policy shadow status --brokers kafka:9092 --output json
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "text or json.")
    var output = TableFormat.text

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        let shadow = try ClusterShadow.required(
            try Cluster(cluster, &settings), &settings)
        let view = ShadowView(
            order: shadow.order, answers: await shadow.settledAnswers(within: MemberPatience.looking).answers)
        print(output == .json ? view.json : view.text, terminator: "")
        for answer in view.silent {
            printMessage("\(answer.name) does not answer: see that it runs and is reached from here")
        }
    }
}

struct PolicyShadowStopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End the shadow: the members let go of the candidate's states.",
        discussion: """
            Exit 1 where no policy is in the shadow.

            Examples:
              standing policy shadow stop --brokers kafka:9092
            """)

    @OptionGroup var cluster: ClusterOptions

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let shadow = try ClusterShadow.required(
            try Cluster(cluster, &settings), &settings)
        guard let order = shadow.order else { throw fail("error: no policy is in the shadow") }
        try shadow.write(nil)
        printMessage("\(ShadowReport.Order(order).name) is in the shadow no more")
    }
}
