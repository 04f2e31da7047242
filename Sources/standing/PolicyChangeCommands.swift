import Access
import ArgumentParser
import Backtests
import Events
import Foundation
import Options
import Policy
import Replay
import Synchronization
import Terminal

struct PolicyProposeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose",
        abstract: "Fold a ledger under another policy, beside live work, and say who would gain and who would lose.",
        discussion: """
            Reads an archive or the topic on one thread, and so at most one core, at low priority. Writes the proposal to \
            --output: `standing policy diff` shows it, `standing policy activate` needs it. Exit 1 where the harm budget of the \
            active policy or of the proposed one is broken; the proposal is written all the same.

            Examples:
              standing policy propose new.yaml --archive /var/lib/standing
              standing policy propose new.yaml --topic --people people.jsonl
            """)

    @Argument(help: "The proposed policy, a YAML file.", completion: .policies)
    var file: String
    @OptionGroup var source: LedgerSourceOptions
    @Option(
        help: "Where the proposal goes, a JSON document; - is standard output. Default: POLICY-VERSION.proposal.json.",
        completion: .file(extensions: ["json"]))
    var output: String?
    @Option(
        help: "A file that gets a JSON line for everybody for whom anything would change.",
        completion: .file(extensions: ["jsonl"]))
    var people: String?
    @Option(help: "Subjects in each list of the proposal; 0: nobody's id gets into it.")
    var listed = 10

    private static let priority: Int32 = 10

    func validate() throws {
        guard (source.archive != nil) != source.topic else { throw ValidationError("give --topic or --archive DIR") }
        guard listed >= 0 else { throw ValidationError("--listed: at least 0") }
    }

    func run() throws {
        let candidate = try loadPolicy(file)
        let path = output ?? "\(candidate.id)-\(candidate.version).proposal.json"
        try OutputFile.requireDistinct(
            [("--output", path), ("--people", people)],
            from: [("the policy", self.file), ("--config", source.cluster.config)])
        _ = nice(Self.priority)
        let ledger = try source.open()
        var change = PolicyChange(candidate: candidate)
        change.listLimit = listed
        let proposal = try Self.fold(change, ledger, people: people)
        let file = try OutputFile(path)
        try Array(proposal.json.utf8).withUnsafeBytes { try file.write($0) }
        try file.close()
        // Standard output has either the document or the page about it.
        if path != "-" {
            print(proposal.page, terminator: "")
            printMessage("proposal: \(path)")
        }
        if !proposal.breaches.isEmpty { throw Exit.failed }
    }

    static func fold(_ change: PolicyChange, _ ledger: LedgerSource, people: String? = nil) throws -> PolicyProposal {
        let progress = ReplayProgress(total: PolicyChange.passes * ledger.total)
        let bar = ProgressLine(progress)
        defer { bar.finish() }
        return try LedgerSource.reading {
            do {
                let file = try people.map { try OutputFile($0) }
                let difference = try change.run(
                    partitions: ledger.partitions, source: ledger.frames, progress: progress,
                    person: file.map { file in { try file.write(line: $0) } })
                try file?.close()
                return PolicyProposal(difference)
            } catch let failure as PolicyChange.Failure {
                throw fail("error: \(failure)")
            }
        }
    }

    static func load(_ path: String) throws -> PolicyProposal {
        guard let bytes = FileManager.default.contents(atPath: path), bytes.count <= PolicyProposal.maximumBytes else {
            throw fail("\(path): error: cannot be read")
        }
        do {
            return try PolicyProposal(json: Array(bytes))
        } catch {
            throw fail("\(path): error: \(error)")
        }
    }
}

struct PolicyDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show what a proposal would change, in sum and for whom most.",
        discussion: """
            Every person by themselves: `standing policy propose --people FILE`.

            Examples:
              standing policy diff town-2.proposal.json
              standing policy diff town-2.proposal.json --output json
            """)

    @Argument(help: "The proposal, as `standing policy propose` wrote it.", completion: .file(extensions: ["json"]))
    var proposal: String
    @Option(help: "text or json.", completion: .file(extensions: ["json"]))
    var output = TableFormat.text

    func run() throws {
        let proposal = try PolicyProposeCommand.load(proposal)
        print(output == .json ? proposal.json : proposal.page, terminator: "")
    }
}

struct PolicyActivateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate",
        abstract: "Switch a ledger to a proposed policy, at one entry of every partition.",
        discussion: """
            Sends `standing.policy.activated` to the control topic. Refused where the proposal breaks a harm budget, or where \
            another policy is active than the one that it was folded against. From the entry on, points are what the whole \
            history gives under the policy; sanctions that both policies have go on with their dates, others are lifted, none \
            is imposed; perks are evaluated. `standing policy rollback` is the same with the text before. With --clock events it \
            happens at the proposal's clock, so that the proposal counts what happens.
            The event names the policy that is active when it is sent. Where another one is active at its entry nothing changes \
            (from fold version 5 of the ledger on). The command waits until every ledger partition has the entry and prints what \
            the ledger made of it: `outcome` (activated, active-already; sent with --wait 0s), the policy that it replaced, and the \
            number of partitions. Exit 0 where the policy is active from there on; exit 1 where nothing changed, and where --wait \
            is over before all partitions have it.
            It does not wait for the members: \(ActivePolicies.switchIsSeen). How long that will take it says before it sends the \
            event. A policy that is in the shadow (`standing policy shadow`) is switched to in under a second, and its shadow ended.

            Examples:
              standing policy activate town-2.proposal.json --brokers kafka:9092
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var time: OperatorTimeOptions
    @OptionGroup var key: ControlKeyOptions
    @OptionGroup var wait: ActivationWaitOptions
    @Argument(help: "The proposal, as `standing policy propose` wrote it.", completion: .file(extensions: ["json"]))
    var proposal: String

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let proposal = try PolicyProposeCommand.load(proposal)
        let policy = try compile(proposal)
        guard proposal.breaches.isEmpty else {
            print(proposal.page, terminator: "")
            throw fail("error: the harm budget is broken: not activated")
        }
        var active = try ActivePolicies(cluster)
        guard PolicyHash.of(active.texts.last ?? "") == proposal.active else {
            throw fail("error: another policy is active than the one that this was folded against: propose it again")
        }
        let signer = try key.signer(&settings)
        let shadow = try ClusterShadow(cluster, &settings)
        if let shadow { printMessage(await shadow.forecast(of: policy, active.partitions, within: wait.duration)) }
        let answer = try active.activate(policy, wait, signer, isInShadow: shadow?.isOrdered(policy) ?? false) {
            try time.stamp(cluster, &settings, known: proposal.clock)
        }
        try await shadow?.end(after: policy, of: active.partitions, within: wait.duration)
        print(answer.json)
    }

    /// Ends the command with all mistakes in the policy. Lines and columns are those of its text.
    private func compile(_ proposal: PolicyProposal) throws -> ScoringPolicy {
        do {
            return try ScoringPolicy(yaml: proposal.policy, file: "\(self.proposal): policy")
        } catch let mistakes as YAMLMistakes {
            throw fail(mistakes.description)
        }
    }
}

struct PolicyRollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Switch a ledger back to the policy that was active before the present one.",
        discussion: """
            Once more, it goes to the one before that, and never forward again. --to chooses any that the ledger has had \
            (`standing policy log`). The old scores come back, for they follow from the history alone. What was lifted meanwhile \
            stays lifted. No budget is asked: it is the state that people had. It names the active policy and waits as `standing \
            policy activate` does.

            Examples:
              standing policy rollback --brokers kafka:9092
              standing policy rollback --brokers kafka:9092 --to town/1
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var time: OperatorTimeOptions
    @OptionGroup var key: ControlKeyOptions
    @OptionGroup var wait: ActivationWaitOptions
    @Option(
        help: "NAME/VERSION, or the VERSION of the active name. Default: the policy before the active one.",
        completion: .policyVersions)
    var to: String?

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        var active = try ActivePolicies(cluster)
        let text = try to.map { try active.text(named: $0) } ?? active.textBefore()
        let policy = try loadLedgerPolicy(text)
        let signer = try key.signer(&settings)
        let shadow = try ClusterShadow(cluster, &settings)
        if let shadow { printMessage(await shadow.forecast(of: policy, active.partitions, within: wait.duration)) }
        let answer = try active.activate(policy, wait, signer, isInShadow: shadow?.isOrdered(policy) ?? false) {
            try time.stamp(cluster, &settings)
        }
        try await shadow?.end(after: policy, of: active.partitions, within: wait.duration)
        print(answer.json)
    }
}
