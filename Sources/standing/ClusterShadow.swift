import Access
import Events
import Foundation
import HTTP
import Kafka
import Options
import Pipeline
import Policy
import Query
import Terminal
import Topics

/// The policy in the shadow, according to the members topic and the members.
struct ClusterShadow {
    /// A member and its answer; nil if it does not answer.
    struct Answer {
        let member: MembersTable.Member
        let report: ShadowReport?

        var name: String { "\(member.name) (\(member.address))" }
    }

    private static let patienceMilliseconds = 30_000
    private static let betweenLooks = Duration.milliseconds(250)

    /// The order in force; nil if there is none.
    let order: ShadowOrder?
    private let cluster: Cluster
    private let topic: String
    private let members: [MembersTable.Member]
    private let questions: MemberQuestions
    private let secret: MemberSecret?
    private let channel: MemberChannel

    /// Nil if the topic files have no topic for members. Ends the command if the topic cannot be read.
    /// `settings`: the members' secret and how they speak.
    init?(_ cluster: Cluster, _ settings: inout Settings) throws {
        try self.init(cluster, secret: try MemberSecret.setting(&settings), channel: try .setting(&settings))
    }

    private init?(_ cluster: Cluster, secret: MemberSecret?, channel: MemberChannel) throws {
        guard let topic = cluster.names(.members).first else { return nil }
        var table = MembersTable(seal: secret?.seal)
        do {
            try TopicScan(cluster.kafka, topic: topic).forEach { table.note(key: $1.key, value: $1.value) }
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
        (self.cluster, self.topic) = (cluster, topic)
        (questions, self.secret) = (MemberQuestions(secret: secret, channel: channel), secret)
        self.channel = channel
        (order, members) = (table.shadow, table.members)
    }

    /// As `init`, but ends the command if there is no topic.
    static func required(_ cluster: Cluster, _ settings: inout Settings) throws -> Self {
        guard let shadow = try Self(cluster, &settings) else {
            throw fail("error: the topic files have no topic for members, where a policy is put into the shadow")
        }
        return shadow
    }

    /// The answer of each announced member. A member that neither answers nor owns partitions has left and is omitted.
    func answers() async -> [Answer] {
        let addresses = members.map { HTTPAddress($0.address) }
        let known = addresses.compactMap(\.self)
        let reports = await questions.shadowReports(of: known)
        var next = reports.makeIterator()
        return zip(members, addresses).map { member, address in
            Answer(member: member, report: address == nil ? nil : next.next() ?? nil)
        }.filter { $0.report != nil || !$0.member.partitions.isEmpty }
    }

    /// Asks the members until `isDone` returns true for their answers, or the time is over, in microseconds. Returns
    /// the last answers, and whether it is done.
    func wait(
        _ microseconds: Int64, until isDone: ([Answer]) -> Bool
    ) async -> (answers: [Answer], isDone: Bool) {
        let end = ContinuousClock.now + .microseconds(microseconds)
        while true {
            let isLast = ContinuousClock.now >= end
            let answers = await answers()
            if isDone(answers) { return (answers, true) }
            guard !isLast, (try? await Task.sleep(for: Self.betweenLooks)) != nil else { return (answers, false) }
        }
    }

    // MARK: The order

    /// Writes an order; nil ends the shadow. Ends the command if the order is not acknowledged.
    func write(_ order: ShadowOrder?) throws {
        do {
            try produce(order?.json)
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
    }

    private func produce(_ value: [UInt8]?) throws {
        let producer = try Producer(cluster.kafka)
        let number = try producer.topic(topic)
        func queue(_ value: UnsafeRawBufferPointer?) throws -> Bool {
            try Array(ShadowOrder.key.utf8).withUnsafeBytes {
                try producer.produce(
                    topic: number, partition: Producer.anyPartition, key: $0, value: value, tag: 0)
            }
        }
        let isQueued = try value.map { try $0.withUnsafeBytes { try queue($0) } } ?? queue(nil)
        var failure: KafkaError?
        let isSent = producer.flush(timeoutMilliseconds: Self.patienceMilliseconds) { delivery in
            if delivery.code != 0 { failure = delivery.error(topicName: topic) }
        }
        if let failure { throw failure }
        guard isQueued, isSent else {
            throw fail("error: \(topic): not acknowledged; it may or may not have arrived")
        }
    }
}

// MARK: An activation

extension ClusterShadow {
    /// The time that an activation of `policy` takes, in a sentence, according to the members.
    func forecast(of policy: ScoringPolicy) async -> String {
        let name = "\(policy.id) version \(policy.version)"
        let answers = await answers()
        let reports = answers.compactMap(\.report)
        guard let work = ShadowReport.totalWork(of: reports) else {
            return "no member that folds answers, so how long it will take is not known"
        }
        let hash = PolicyHash.of(policy.text)
        let shadows = reports.filter { $0.shadow?.sha256 == hash }.flatMap(\.partitions).filter { !$0.standby }
        if order?.hash == hash, reports.count == answers.count, !shadows.isEmpty,
            shadows.count == work.partitions, shadows.allSatisfy(\.isAtHand)
        {
            return "\(name) is in the shadow: each partition switches at its entry, in under a second"
        }
        var sentence =
            "\(Self.duration(work.seconds)): \(Self.count(work.partitions, "partition")), "
            + "\(work.entries.inThousands) entries to fold anew, on \(Self.count(work.members, "member"))"
        if !work.isMeasured {
            sentence += ", at \(Int64(ShadowReport.cautiousRate).inThousands) entries/s for each worker"
        }
        if reports.count < answers.count { sentence += "; \(answers.count - reports.count) more do not answer" }
        if !shadows.isEmpty { sentence += "; less, because \(name) is on its way into the shadow" }
        return sentence
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)" + (number == 1 ? "" : "s")
    }

    private static func duration(_ seconds: Double) -> String {
        switch seconds.rounded(.up) {
        case ...1: "about a second"
        case ..<120: "about \(Int(seconds.rounded(.up))) s"
        case ..<7200: "about \(Int((seconds / 60).rounded())) minutes"
        default: "about \(Int((seconds / 3600).rounded())) hours"
        }
    }

    /// Whether this policy is the one in the shadow.
    func isOrdered(_ policy: ScoringPolicy) -> Bool { order?.hash == PolicyHash.of(policy.text) }

    /// Removes the order after the activated policy is active in every ledger partition, or reports that the order
    /// remains. `ledger`: its partitions. The topic is read again each time, because members come and go, and other
    /// orders may be given.
    func end(after policy: ScoringPolicy, of ledger: [Int32], within microseconds: Int64) async throws {
        guard isOrdered(policy) else { return }
        let end = ContinuousClock.now + .microseconds(microseconds)
        var isLast = microseconds <= 0
        while !isLast {
            isLast = ContinuousClock.now >= end
            guard let now = try Self(cluster, secret: secret, channel: channel) else { break }
            if Self.isActive(await now.answers(), in: ledger) {
                guard let order = try Self(cluster, secret: secret, channel: channel)?.order else {
                    return printMessage("its shadow has ended")
                }
                guard order == self.order else {
                    return printMessage("the policy is active in every partition, and another order stands by now")
                }
                try write(nil)
                return printMessage("the policy is active in every partition, and its shadow has ended")
            }
            guard !isLast, (try? await Task.sleep(for: Self.betweenLooks)) != nil else { break }
        }
        printMessage(
            "its shadow stands until it is ended: `standing policy shadow stop`, once it is active in every partition")
    }

    /// Whether the policy is active in every partition of every member, including the owners of all of the ledger's
    /// partitions.
    private static func isActive(_ answers: [Answer], in ledger: [Int32]) -> Bool {
        let reports = answers.compactMap(\.report)
        return reports.count == answers.count && ShadowReport.isActive(in: ledger, by: reports)
    }
}
