import Access
import Events
import Foundation
import Kafka
import Options
import Pipeline
import Policy
import Query
import Terminal
import Topics

/// The policy in the shadow, according to the members topic and the members.
struct ClusterShadow {
    private static let patienceMilliseconds = 30_000

    /// The order in force; nil if there is none.
    let order: ShadowOrder?
    private let cluster: Cluster
    private let topic: String
    private let members: [MembersTable.Member]
    private let questions: MemberQuestions
    /// Of announcements; nil if members have no secret.
    private let seal: MemberSeal?

    /// Nil if the topic files have no topic for members. Ends the command if the topic cannot be read.
    /// `settings`: the members' secret and how they speak.
    init?(_ cluster: Cluster, _ settings: inout Settings) throws {
        try self.init(cluster, secret: try MemberSecret.setting(&settings), channel: try .setting(&settings))
    }

    private init?(_ cluster: Cluster, secret: MemberSecret?, channel: MemberChannel) throws {
        guard let topic = cluster.names(.members).first else { return nil }
        (self.cluster, self.topic, seal) = (cluster, topic, secret?.seal)
        questions = MemberQuestions(secret: secret, channel: channel)
        let table: MembersTable
        do {
            table = try Self.table(cluster, topic, seal)
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
        (order, members) = (table.shadow, table.members)
    }

    private static func table(_ cluster: Cluster, _ topic: String, _ seal: MemberSeal?) throws -> MembersTable {
        var table = MembersTable(seal: seal)
        try TopicScan(cluster.kafka, topic: topic).forEach { table.note(key: $1.key, value: $1.value) }
        return table
    }

    /// As `init`, but ends the command if there is no topic.
    static func required(_ cluster: Cluster, _ settings: inout Settings) throws -> Self {
        guard let shadow = try Self(cluster, &settings) else {
            throw fail("error: the topic files have no topic for members, where a policy is put into the shadow")
        }
        return shadow
    }

    /// The announced members' answers. They are asked again until `isDone` returns true, or the limit is over. The topic
    /// is read again each time; if that fails, the last members are asked.
    func answers(
        within limit: Duration, until isDone: (ShadowAnswers) -> Bool, onWait: (ShadowAnswers) -> Void = { _ in }
    ) async -> ShadowAnswers {
        var (known, isFirst) = (members, true)
        return await questions.shadowAnswers(
            of: {
                if !isFirst { known = (try? Self.table(cluster, topic, seal))?.members ?? known }
                isFirst = false
                return known
            }, within: limit, until: isDone, onWait: onWait)
    }

    /// As above, until the answers are complete. Prints why members are asked again. `ledger`: the partitions that need
    /// an owner.
    func settledAnswers(of ledger: [Int32] = [], within limit: Duration) async -> ShadowAnswers {
        await answers(within: limit) {
            $0.gap(in: ledger) == nil
        } onWait: {
            printMessage(MemberPatience.notice($0.gap(in: ledger) ?? "", limit))
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
    /// The time that an activation of `policy` takes, in a sentence, according to the members. `ledger`: its partitions.
    /// `limit`: for members that do not answer yet, at most `MemberPatience.acting`.
    func forecast(of policy: ScoringPolicy, _ ledger: [Int32], within limit: Duration) async -> String {
        let answers = await settledAnswers(of: ledger, within: min(limit, MemberPatience.acting))
        return answers.forecast(of: policy, order: order, ledger: ledger)
    }

    /// Whether this policy is the one in the shadow.
    func isOrdered(_ policy: ScoringPolicy) -> Bool { order?.hash == PolicyHash.of(policy.text) }

    /// Removes the order after the activated policy is active in every partition of every member, including the owners of
    /// all of the ledger's partitions, or reports that the order remains. Members come and go meanwhile, and other orders
    /// may be given. `ledger`: its partitions.
    func end(after policy: ScoringPolicy, of ledger: [Int32], within limit: Duration) async throws {
        guard isOrdered(policy) else { return }
        func isActive(_ answers: ShadowAnswers) -> Bool {
            answers.silent.isEmpty && ShadowReport.isActive(in: ledger, by: answers.reports)
        }
        guard limit > .zero, isActive(await answers(within: limit, until: isActive)),
            let now = try? Self.table(cluster, topic, seal)
        else {
            return printMessage(
                "its shadow stands until it is ended: `standing policy shadow stop`, once it is active in every partition"
            )
        }
        guard let standing = now.shadow else { return printMessage("its shadow has ended") }
        guard standing == order else {
            return printMessage("the policy is active in every partition, and another order stands by now")
        }
        try write(nil)
        printMessage("the policy is active in every partition, and its shadow has ended")
    }
}
