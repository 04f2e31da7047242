import Foundation

/// Two members, both services and the exporter of lag on one broker, in processes of their own, with events as they come from day to
/// day: most of them count, and a few do not, for each of the reasons that dashboards show.
final class WatchedTown {
    private static let policy = """
        policy: watched
        version: 1
        early: 0 hours
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 15}
          - {id: late, dimension: payment, event: bill.late, points: -15}
          - {id: tip, dimension: payment, event: bill.tipped, points: data.amount / 10}
        bands:
          - {name: C, from: 350}
          - {name: B, from: 560}
          - {name: A, from: 640}
        perks:
          - {id: friend, when: score >= 630}
        sanctions:
          - {id: prepay, dimension: payment, measures: [credit], when: points <= -80, lasts: 30 days}

        """
    private static let subjects = 40

    let broker: Broker
    let cluster: TrialCluster
    let members: [Running]
    let others: [Running]
    /// HOST:PORT by job of Prometheus.
    let targets: [String: [String]]
    private let folder: TemporaryFolder
    private var number = 0
    private var isPaying = false

    init() async throws {
        folder = try TemporaryFolder()
        let policy = try folder.write(Self.policy, to: "policy.yaml")
        broker = try await Broker()
        cluster = try TrialCluster(broker.address)
        let common = ["--brokers", broker.address, "--http-port", "0", "--kafka", "fetch.wait.max.ms=10"]
        let (folder, running) = (folder, { try Running($0 + common) })
        members = try ["one", "two"].map { name in
            try running([
                "serve", "--policy", policy, "--data", folder.path(name), "--member", name, "--memory-limit", "2G",
                "--snapshot-interval", "1s", "--tick-interval", "1s", "--standby",
            ])
        }
        let services = ["perks", "blacklist"]
        others =
            try services.map { try running([$0, "--database", folder.path("\($0).sqlite")]) }
            + [running(["lag", "--serve", "--interval", "1s"])]
        var addresses: [String] = []
        for process in members + others {
            addresses.append(try await process.message(after: "listening on ").replacing("http://", with: ""))
        }
        targets = [
            "standing": Array(addresses.prefix(2)), "standing-perks": [addresses[2]],
            "standing-blacklist": [addresses[3]], "standing-lag": [addresses[4]],
        ]
        try cluster.feed(
            (0..<Self.subjects).map { event("standing.subject.enrolled", $0, #"{"kind":"individual","terms":"1"}"#) })
        try await decide()
    }

    /// A source is withdrawn, and a candidate is in the shadow.
    private func decide() async throws {
        func run(_ arguments: String...) async throws -> Finished {
            try await Running(arguments + ["--brokers", broker.address]).finished(limit: Limit.run)
        }
        let source = "behaviour.commerce"
        try cluster.feed([event("bill.paid", 3)], to: source)
        // It is refused until the ledger has an event of the source.
        try await wait(for: "the withdrawal") {
            let act = try await run("source", "withdraw", source, "--go", "--reason", "a test", "--topic")
            return act.code == 0 ? true : nil
        }
        let candidate = Self.policy.replacing("version: 1", with: "version: 2").replacing(
            "points: 15", with: "points: 10")
        let path = try folder.write(candidate, to: "candidate.yaml")
        // It is refused until the members are announced and answer.
        try await wait(for: "the shadow") {
            let shadow = try await run("policy", "shadow", "start", path)
            return shadow.code == 0 || shadow.messages.contains("in the shadow already") ? true : nil
        }
    }

    private func event(_ type: String, _ subject: Int, _ data: String = "{}") -> Trial.Event {
        number += 1
        let name = "inhabitant-\(subject)"
        let time = Date().formatted(.iso8601)
        return Trial.Event(
            subject: name,
            text:
                #"{"specversion":"1.0","id":"\#(number)","source":"/utility/town","type":"\#(type)","subject":"\#(name)","#
                + #""time":"\#(time)","data":\#(data)}"#)
    }

    /// A few hundred events of a moment.
    func live() throws {
        let topic = "behaviour.payments"
        isPaying.toggle()
        var events = (0..<200).map { number in
            // The first few never pay; the others do every second time, so that their scores go up and down.
            let pays = isPaying && number % Self.subjects >= 3
            return event(pays ? "bill.paid" : "bill.late", number % Self.subjects)
        }
        events.append(event("bill.tipped", 5, #"{"amount":0.5}"#))
        events.append(event("bill.tipped", 5))
        events.append(event("bill.forgotten", 6))
        events.append(event("bill.paid", Self.subjects + 1))
        events.append(Trial.Event(subject: "nobody", text: "no event"))
        try cluster.feed(events, to: topic)
    }

    func stop() async throws -> [Finished] {
        for process in members + others { process.signal(SIGTERM) }
        var ends: [Finished] = []
        for process in members + others { ends.append(try await process.finished()) }
        return ends
    }
}
