internal import Kafka
internal import Pipeline
internal import Simulation

// Questions to members about subjects, as over HTTP.
extension Disaster {
    /// Asks one of the members about one of the subjects.
    func ask(_ number: Int) throws {
        let subject = traffic.subjects[cluster.random.below(traffic.subjects.count)]
        if try ask(number, about: subject) == nil { questions.noteNotNow() }
    }

    /// Asks every member about every subject. Each answer must be the one of the partition's owner, as of the ledger's
    /// end.
    func askEverybody() throws {
        for number in members.indices {
            for subject in traffic.subjects + ["nobody"] {
                let answer = try ask(number, about: subject)
                guard let answer, !answer.isOfStandby, answer.isCurrent,
                    answer.offset == cluster.recordsEnd(TopicPartition(SimulatedTopics.ledger, answer.partition))
                else {
                    let found = answer.map { "that of \($0.member) at \($0.offset) of partition \($0.partition)" }
                    throw Oracle.Objection(
                        "\(members[number].machine.name), asked about \(subject) when all is well, has not the owner's "
                            + "answer of now, but \(found ?? "none")")
                }
            }
        }
    }

    /// Nil if the member cannot answer now.
    private func ask(_ number: Int, about subject: String) throws -> SteppedPipeline.Answer? {
        noteWhoIsCurrent()
        guard let (answer, giver) = answer(number, about: Array(subject.utf8)) else { return nil }
        try questions.judge(
            answer, about: subject, asked: members[number].machine.name, giver: giver,
            owner: owner(of: answer.partition))
        return answer
    }

    private func noteWhoIsCurrent() {
        for partition in 0..<Int32(ledgerPartitions) {
            guard let owner = owner(of: partition),
                let folded = members.first(where: { $0.process === owner })?.pipeline?.folded[partition],
                folded.isCurrent
            else { continue }
            questions.noteCurrent(partition, at: folded.nextOffset)
        }
    }

    private func owner(of partition: Int32) -> SimulatedProcess? {
        cluster.group(SimulatedTopics.foldGroup).owner(of: TopicPartition(SimulatedTopics.ledger, partition))
    }

    /// A member's answer, and the process whose state it is from. Members reach each other as they reach the brokers.
    private func answer(
        _ number: Int, about subject: [UInt8], isForwarded: Bool = false
    ) -> (SteppedPipeline.Answer, giver: SimulatedProcess)? {
        guard let process = members[number].process, !process.isDead, !process.isPaused,
            let pipeline = members[number].pipeline
        else { return nil }
        var giver = process
        let answer = pipeline.answer(about: subject, isForwarded: isForwarded) { address in
            guard process.isConnected, let other = members.firstIndex(where: { $0.machine.name == address }),
                members[other].process?.isConnected == true,
                let (answer, process) = self.answer(other, about: subject, isForwarded: true)
            else { return nil }
            giver = process
            return answer
        }
        return answer.map { ($0, giver) }
    }
}
