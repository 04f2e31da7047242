import ArgumentParser
import Events
import Feeding
import Foundation
import Ledger
import Options
import Pipeline
import Policy
import Replay
import Scoring
import Terminal
import Topics

/// The policies of a ledger over time, read from its first partition, because an activation goes to all.
struct ActivePolicies {
    private static let millisecondsBetweenLooks: UInt32 = 200
    /// The other partitions are given this time after the first one has the activation, also if --wait is over.
    private static let leastForOthers = Duration.seconds(2)
    /// The message about the progress of a switch after an activation.
    static let switchIsSeen =
        "each member folds the history of its partitions under the policy in the background, and answers for a partition under "
        + "the policy before until that is done; `switching` in /readyz, \(Metric.foldPartitionsSwitching.rawValue) in /metrics "
        + "and the member's log say how far it is"

    /// The last one is active. Neighbours always differ.
    let texts: [String]
    private let cluster: Cluster
    private let ledger: LedgerSource
    private let partition: Int32
    private var history = PolicyHistory()

    init(_ cluster: Cluster) throws {
        self.cluster = cluster
        ledger = try LedgerSource(topicOf: cluster)
        (partition, history) = try LedgerPolicies.firstHistory(of: ledger)
        texts = history.texts
    }

    /// The ledger's partitions.
    var partitions: [Int32] { ledger.partitions }

    /// Ends the command if the policy uses features that the ledger's fold version does not have, because its
    /// activation would change nothing.
    func requireVersion(of policy: ScoringPolicy) throws {
        guard Int64(policy.foldVersion.rawValue) > history.foldVersion else { return }
        throw fail(
            "error: \(policy.id) version \(policy.version) has measures, windows, attributes or other parts of newer policies, and "
                + "the ledger is of fold version \(history.foldVersion). `standing ledger upgrade` moves it to a version that has "
                + "them, once all members are updated")
    }

    /// The policy before the active one. Ends the command if there is none.
    func textBefore() throws -> String {
        guard texts.count > 1 else { throw fail("error: this ledger has had one policy only") }
        guard let text = PolicyHistory.lineage(of: texts).dropLast().last else {
            let known = try names()
            throw fail("error: nothing was active before the active policy: choose another with --to (\(known))")
        }
        return text
    }

    /// The policy of this name and version that was active last. `name`: NAME/VERSION, or a version of the active name.
    func text(named name: String) throws -> String {
        let active = try loadLedgerPolicy(texts[texts.count - 1])
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let version = parts.last.flatMap({ Int64($0) }) else {
            throw fail("error: --to: \"\(name)\" is not NAME/VERSION or VERSION", Exit.usage)
        }
        let id = parts.count == 2 ? String(parts[0]) : active.id
        // Two texts can have one name and version. The other one than the active text is wanted.
        for text in texts.reversed() where text != active.text {
            let policy = try loadLedgerPolicy(text)
            if policy.id == id, policy.version == version { return text }
        }
        guard active.id != id || active.version != version else { return active.text }
        let known = try names()
        throw fail("error: --to: this ledger has not had \(id)/\(version), but \(known)", Exit.usage)
    }

    /// Each name and version once, in the order of their first activations.
    private func names() throws -> String {
        var names: [String] = []
        for text in texts {
            let policy = try loadLedgerPolicy(text)
            let name = "\(policy.id)/\(policy.version)"
            if !names.contains(name) { names.append(name) }
        }
        return names.joined(separator: ", ")
    }

    /// Sends the activation, which names the policy that is active here, and waits until every partition of the ledger
    /// has it. `time`: called after all checks. Ends the command if a partition does not have the activation in time,
    /// or if it had no effect. `isInShadow`: whether the policy is in the shadow now.
    mutating func activate(
        _ policy: ScoringPolicy, _ wait: ActivationWaitOptions, _ signer: ControlSigner?, isInShadow: Bool,
        at time: () throws -> Timestamp
    ) throws -> ActivationAnswer {
        let active = texts[texts.count - 1]
        guard policy.text != active else {
            throw fail("error: \(policy.id) version \(policy.version) is active already")
        }
        let data = JSONWriter.object {
            $0.member("policy", policy.text)
            $0.member(EventView.replacesMember.description, PolicyHash.of(active))
        }
        let id = try ControlTopic(cluster: cluster, signer: signer).send(.policyActivated, data: data, at: time)
        guard wait.duration > .zero else { return ActivationAnswer(policy: policy, outcome: .sent) }
        let end = ContinuousClock.now + wait.duration
        let location = "ledger partition \(partition)"
        let wasActive = "\(policy.id) version \(policy.version) was active already at that entry of \(location)"
        switch try outcome(of: id, until: end) {
        case .activated(let hash):
            let replaced = try history.texts.first { PolicyHash.of($0) == hash }.map(loadLedgerPolicy)
            let count = try requireEverywhere(id, until: end, isInShadow: isInShadow)
            printMessage("all \(count) ledger partitions have the activation: \(Self.switchIsSeen)")
            return ActivationAnswer(policy: policy, outcome: .activated, replaced: replaced, partitions: count)
        case .repeated:
            printMessage(wasActive)
            return ActivationAnswer(policy: policy, outcome: .alreadyActive)
        case .conflict(let conflict) where conflict.active == PolicyHash.of(policy.text):
            printMessage(wasActive)
            return ActivationAnswer(policy: policy, outcome: .alreadyActive)
        case .conflict(let conflict):
            throw fail(
                "error: another policy was active at that entry of \(location): nothing changed (\(conflict.wordy)). `standing "
                    + "policy log` shows it; choose again against the policy that is active now")
        case .olderLedger(let version):
            throw fail(
                "error: \(policy.id) version \(policy.version) has measures, windows, attributes or other parts of newer policies, and "
                    + "\(location) is of fold version \(version): nothing changed. `standing ledger upgrade` moves it to a version "
                    + "that has them, once all members are updated")
        case .outOfRange:
            throw fail(
                "error: the activation's time is out of range for \(location): nothing changed. Give another --time")
        case nil:
            throw fail(
                "error: the activation is sent (id \(id)), and \(location) does not have it after \(wait.text), so whether "
                    + "anything changes is open. Is a member running that takes in \(cluster.names(.control)[0])? `standing "
                    + "policy log` shows what becomes of it, and `standing dead-letter list` whether it was turned away"
            )
        }
    }

    /// Ends the command if a partition does not have the event in time. Returns the number of partitions.
    private func requireEverywhere(
        _ id: String, until end: ContinuousClock.Instant, isInShadow: Bool
    ) throws -> Int {
        let others = ledger.ends.filter { $0.key != partition }
        let arrival = EntryArrival(of: id, in: ledger.topic, cluster.kafka)
        let missing = try LedgerSource.reading {
            try arrival.missing(from: others, until: max(end, .now + Self.leastForOthers))
        }
        guard missing.isEmpty else {
            throw fail(
                "error: ledger partition \(partition) has switched at the activation (id \(id)), and \(missing.count) of "
                    + "\(ledger.ends.count) partitions do not have it: \(missing.map(String.init).joined(separator: ", ")). "
                    + "Intake appends it there too: `standing policy log` shows when"
                    + (isInShadow ? ". Its shadow stands until `standing policy shadow stop`" : ""))
        }
        return ledger.ends.count
    }

    /// The outcome of an operator's event, read from the ledger's end before the event was sent; nil if the ledger does
    /// not have it at `end`.
    private mutating func outcome(
        of id: String, until end: ContinuousClock.Instant
    ) throws -> PolicyHistory.Outcome? {
        while true {
            // Records that are written during this reading are found by the next.
            let isLast = ContinuousClock.now >= end
            try LedgerSource.reading {
                try history.read(
                    try LedgerTopicFrames(
                        cluster.kafka, topic: ledger.topic, partition: partition, from: history.nextOffset))
            }
            if let outcome = history.outcome(source: OperatorEvent.defaultSource, id: id) { return outcome }
            if isLast { return nil }
            usleep(Self.millisecondsBetweenLooks * 1000)
        }
    }
}

/// The wait of a command that sends an activation until the ledger has it.
struct ActivationWaitOptions: ParsableArguments {
    @Option(
        name: .customLong("wait"),
        help: "How long the ledger may take to have the activation, such as 30s or 5m. 0s: send it, and do not look.")
    var text = "30s"

    var duration: Duration { .microseconds(Settings.duration(text) ?? 0) }

    func validate() throws {
        guard Settings.duration(text) != nil else {
            throw ValidationError("--wait: \"\(text)\" is not a duration such as 30s or 5m")
        }
    }
}

extension PolicyHistory.Conflict {
    /// Digits of a hash that are shown.
    private static let head = 12

    var wordy: String { "it replaces \(replaces.prefix(Self.head)), and \(active.prefix(Self.head)) was active" }
}

/// The policies of a ledger over time, each with the positions at which it became active.
struct LedgerPolicies {
    struct Position {
        let partition: Int32
        /// The ledger offset of the frame that has the activation.
        let offset: Int64
        /// The partition's clock there; nil before any event or tick.
        let clock: Timestamp?
    }

    struct Activation {
        let text: String
        /// Nil if the activation had no effect and the text does not compile.
        let policy: ScoringPolicy?
        /// In the order of the partitions.
        let positions: [Position]
        let isActive: Bool
        /// Why it had no effect. At most one of this and `olderVersion` is set.
        let conflict: PolicyHistory.Conflict?
        /// The ledger's fold version, if the policy uses features that it does not have.
        let olderVersion: Int64?
    }

    /// In the ledger's order, including those without effect. One that has not reached every partition is listed with
    /// those that it has reached.
    let activations: [Activation]

    init(_ source: LedgerSource) throws {
        let work = WorkCounter(total: source.total)
        let line = ProgressLine("frames", work)
        defer { line.finish() }
        var histories: [(Int32, [PolicyHistory.Activation])] = try LedgerSource.reading {
            try source.partitions.map { partition in
                (
                    partition,
                    try PolicyHistory.activations(of: CountedFrames(try source.frames(partition, 0, .max), work))
                )
            }
        }
        guard let longest = histories.max(by: { $0.1.count < $1.1.count })?.1, !longest.isEmpty else {
            throw Self.emptyLedger()
        }
        histories.removeAll { partition, history in
            let isOther = !zip(history, longest).allSatisfy {
                $0.text == $1.text && $0.conflict == $1.conflict && $0.olderVersion == $1.olderVersion
            }
            if isOther {
                printMessage("ledger partition \(partition) is left out: it has had other policies than the others")
            }
            return isOther
        }
        let last = longest.lastIndex { !$0.changedNothing }
        var activations: [Activation] = []
        for (index, activation) in longest.enumerated() {
            var positions: [Position] = []
            for (partition, history) in histories where history.count > index {
                positions.append(
                    Position(partition: partition, offset: history[index].offset, clock: history[index].clock))
            }
            activations.append(
                Activation(
                    text: activation.text,
                    policy: activation.changedNothing
                        ? try? ScoringPolicy(yaml: activation.text, file: "") : try loadLedgerPolicy(activation.text),
                    positions: positions, isActive: index == last, conflict: activation.conflict,
                    olderVersion: activation.olderVersion))
        }
        self.activations = activations
    }

    /// The active one; nil if there is none.
    var active: Activation? { activations.last { $0.isActive } }

    /// The texts that became active, read from the first partition only. There is at least one.
    static func texts(of source: LedgerSource) throws -> [String] { try firstHistory(of: source).history.texts }

    /// The first partition with its policies, which are those of all partitions. At least one became active.
    static func firstHistory(of source: LedgerSource) throws -> (partition: Int32, history: PolicyHistory) {
        guard let partition = source.partitions.first else { throw fail("error: the ledger has no partition") }
        var history = PolicyHistory()
        let work = WorkCounter(total: source.ends[partition] ?? 0)
        let line = ProgressLine("frames", work)
        defer { line.finish() }
        try LedgerSource.reading { try history.read(CountedFrames(try source.frames(partition, 0, .max), work)) }
        guard !history.texts.isEmpty else { throw emptyLedger() }
        return (partition, history)
    }

    static func emptyLedger() -> ExitCode {
        fail("error: the ledger is empty: `standing serve --policy FILE` begins it")
    }
}

extension LedgerPolicies.Activation {
    static let columns: [TextTable.Column] = [
        .text("policy"), .number("version"), .text("active"), .text("since"), .text("partition:offset"),
        .text("note"),
    ]

    /// `since` is the clock of the first partition to the clock of the last one if they differ; `-` before any event.
    var row: [String] {
        let clocks = positions.compactMap { $0.clock }
        var since = clocks.min()?.description ?? "-"
        if let first = clocks.min(), let last = clocks.max(), first < last { since += "..\(last)" }
        let offsets = positions.map { "\($0.partition):\($0.offset)" }.joined(separator: " ")
        let reason = conflict?.wordy ?? olderVersion.map { "the ledger was of fold version \($0)" }
        let note = reason.map { "changed nothing: \($0)" } ?? ""
        return [
            policy?.id ?? "-", policy.map { "\($0.version)" } ?? "-", isActive ? "yes" : "-", since, offsets, note,
        ]
    }

    /// `{"policy","version","sha256","active","since":[{"partition","offset","clock"}]}`; `clock` is null before any
    /// event. An activation without effect also has `"ignored"`: `{"replaces","active"}`, two hashes, or
    /// `{"foldVersion"}`, the ledger's.
    var json: String {
        JSONWriter.object { writer in
            writer.member("policy", policy?.id)
            writer.member("version", policy?.version)
            writer.member("sha256", PolicyHash.of(text))
            writer.member("active", isActive)
            writer.list("since", positions) { writer, position in
                writer.open()
                writer.member("partition", position.partition)
                writer.member("offset", position.offset)
                writer.member("clock", position.clock)
                writer.close()
            }
            if let conflict {
                writer.open("ignored")
                writer.member("replaces", conflict.replaces)
                writer.member("active", conflict.active)
                writer.close()
            } else if let olderVersion {
                writer.open("ignored")
                writer.member("foldVersion", olderVersion)
                writer.close()
            }
        }
    }
}

/// Reads the text of a policy in a ledger.
func loadLedgerPolicy(_ text: String) throws -> ScoringPolicy {
    do {
        return try ScoringPolicy(yaml: text, file: "ledger")
    } catch let mistakes as YAMLMistakes {
        throw fail(mistakes.description)
    }
}
