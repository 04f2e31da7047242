import ArgumentParser
import Events
import Foundation
import Ledger
import Policy
import Replay

/// The policies that a ledger has been under, read from one of its partitions: an activation goes to all.
struct ActivePolicies {
    /// The last one is active; no two neighbours are the same.
    let texts: [String]
    private let cluster: Cluster

    init(_ cluster: Cluster) throws {
        self.cluster = cluster
        texts = try LedgerPolicies.texts(of: try LedgerSource(topicOf: cluster))
    }

    /// The policy that the active one was reached from. Ends the command where there is none.
    func textBefore() throws -> String {
        guard texts.count > 1 else { throw fail("error: this ledger has had one policy only") }
        guard let text = PolicyHistory.lineage(of: texts).dropLast().last else {
            let known = try names()
            throw fail("error: nothing was active before the active policy: choose another with --to (\(known))")
        }
        return text
    }

    /// The policy of this name and version that was active last; `name`: NAME/VERSION, or a version of the active name.
    func text(named name: String) throws -> String {
        let active = try loadLedgerPolicy(texts[texts.count - 1])
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let version = parts.last.flatMap({ Int64($0) }) else {
            throw fail("error: --to: \"\(name)\" is not NAME/VERSION or VERSION", Exit.usage)
        }
        let id = parts.count == 2 ? String(parts[0]) : active.id
        // Two texts can have one name and version; the active one is not what is meant.
        for text in texts.reversed() where text != active.text {
            let policy = try loadLedgerPolicy(text)
            if policy.id == id, policy.version == version { return text }
        }
        guard active.id != id || active.version != version else { return active.text }
        let known = try names()
        throw fail("error: --to: this ledger has not had \(id)/\(version), but \(known)", Exit.usage)
    }

    /// Each name and version once, in the order in which they became active first.
    private func names() throws -> String {
        var names: [String] = []
        for text in texts {
            let policy = try loadLedgerPolicy(text)
            let name = "\(policy.id)/\(policy.version)"
            if !names.contains(name) { names.append(name) }
        }
        return names.joined(separator: ", ")
    }

    /// Sends the activation; asks for its time once it is certain to be sent.
    func activate(_ policy: ScoringPolicy, at time: () throws -> Timestamp) throws {
        guard policy.text != texts.last else {
            throw fail("error: \(policy.id) version \(policy.version) is active already")
        }
        var data = JSONObjectText()
        data.add("policy", policy.text)
        try ControlTopic(cluster: cluster).send(.policyActivated, data: data.text, at: time)
    }
}

/// The policies that a ledger has been under, each with where it became active.
struct LedgerPolicies {
    struct Place {
        let partition: Int32
        /// The ledger offset of the frame that has the activation.
        let offset: Int64
        /// The partition's clock there; nil before any event or tick.
        let clock: Timestamp?
    }

    struct Activation {
        let policy: ScoringPolicy
        /// In the order of the partitions.
        let places: [Place]
        let isActive: Bool
    }

    /// In the order in which they became active. One that has not reached every partition is listed with those that it has.
    let activations: [Activation]

    init(_ source: LedgerSource) throws {
        var histories: [(Int32, [PolicyHistory.Activation])] = try LedgerSource.reading {
            try source.partitions.map { partition in
                (partition, try PolicyHistory.activations(of: try source.frames(partition, 0, .max)))
            }
        }
        guard let longest = histories.max(by: { $0.1.count < $1.1.count })?.1, !longest.isEmpty else {
            throw Self.emptyLedger()
        }
        histories.removeAll { partition, history in
            let isOther = !zip(history, longest).allSatisfy { $0.text == $1.text }
            if isOther { say("ledger partition \(partition) is left out: it has had other policies than the others") }
            return isOther
        }
        var activations: [Activation] = []
        for (index, activation) in longest.enumerated() {
            var places: [Place] = []
            for (partition, history) in histories where history.count > index {
                places.append(
                    Place(partition: partition, offset: history[index].offset, clock: history[index].clock))
            }
            activations.append(
                Activation(
                    policy: try loadLedgerPolicy(activation.text), places: places,
                    isActive: index == longest.count - 1))
        }
        self.activations = activations
    }

    /// The texts of all of them, read from the first partition alone; never empty.
    static func texts(of source: LedgerSource) throws -> [String] {
        guard let partition = source.partitions.first else { throw fail("error: the ledger has no partition") }
        let texts = try LedgerSource.reading { try PolicyHistory.texts(of: try source.frames(partition, 0, .max)) }
        guard !texts.isEmpty else { throw emptyLedger() }
        return texts
    }

    private static func emptyLedger() -> ExitCode {
        fail("error: the ledger is empty: `standing serve --policy FILE` begins it")
    }
}

extension LedgerPolicies.Activation {
    static let columns: [TextTable.Column] = [
        .text("policy"), .number("version"), .text("active"), .text("since"), .text("partition:offset"),
    ]

    /// `since` is the clock of the first partition to the clock of the last one, where they differ; `-` before any event.
    var row: [String] {
        let clocks = places.compactMap { $0.clock }
        var since = clocks.min()?.description ?? "-"
        if let first = clocks.min(), let last = clocks.max(), first < last { since += "..\(last)" }
        let offsets = places.map { "\($0.partition):\($0.offset)" }.joined(separator: " ")
        return [policy.id, "\(policy.version)", isActive ? "yes" : "-", since, offsets]
    }

    /// `{"policy","version","sha256","active","since":[{"partition","offset","clock"}]}`; `clock` is null before any event.
    var json: String {
        let since = places.map { place in
            let clock = place.clock.map { "\"\($0)\"" } ?? "null"
            return "{\"partition\":\(place.partition),\"offset\":\(place.offset),\"clock\":\(clock)}"
        }
        var object = JSONObjectText()
        object.add("policy", policy.id)
        object.add("version", policy.version)
        object.add("sha256", Checkpoint.hash(ofPolicy: policy.text))
        object.add("active", json: isActive ? "true" : "false")
        object.add("since", json: "[\(since.joined(separator: ","))]")
        return object.text
    }
}

/// Reads a policy that stands in a ledger.
func loadLedgerPolicy(_ text: String) throws -> ScoringPolicy {
    do {
        return try ScoringPolicy(yaml: text, file: "ledger")
    } catch let mistakes as YAMLMistakes {
        throw fail(mistakes.description)
    }
}
