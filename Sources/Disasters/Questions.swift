internal import Kafka
internal import Pipeline

/// Answers of members about subjects. The right to answer, and the age of an answer, are judged at once. At the end the
/// `Oracle` compares the answers with the ledger.
struct Questions {
    struct Answered {
        let subject: String
        let answer: SteppedPipeline.Answer
    }

    /// Answers from a state between two frames.
    private(set) var answered: [Answered] = []
    private(set) var counts = DisasterRun.Summary.Answers()
    /// The greatest offset at which the owner of a ledger partition was known to be current.
    private var current: [Int32: Int64] = [:]

    /// Notes that the partition's owner has folded up to the ledger's end, `offset`, and every fact is acknowledged.
    mutating func noteCurrent(_ partition: Int32, at offset: Int64) {
        current[partition] = max(offset, current[partition] ?? 0)
    }

    /// `asked`: the member that got the question. `giver`: the process whose answer it is. `owner`: the partition's
    /// owner according to the group.
    ///
    /// A member that has lost its partition and does not know it yet answers for the state that it had.
    mutating func judge(
        _ answer: SteppedPipeline.Answer, about subject: String, asked: String, giver: SimulatedProcess,
        owner: SimulatedProcess?
    ) throws {
        let topicPartition = TopicPartition(SimulatedTopics.ledger, answer.partition)
        if answer.isOfStandby {
            guard !answer.isCurrent else {
                throw Oracle.Objection(
                    "\(answer.member) stands by for \(topicPartition), and answers as if it were current")
            }
            counts.ofStandbys += 1
        } else {
            guard giver.isAssigned(topicPartition) else {
                throw Oracle.Objection(
                    "\(answer.member) answers as the owner of \(topicPartition), which the group has taken from it")
            }
            if answer.isCurrent, giver === owner, let known = current[answer.partition], answer.offset < known {
                throw Oracle.Objection(
                    "\(answer.member) answers of \(topicPartition)@\(answer.offset) as of the ledger's end, which was at "
                        + "\(known)")
            }
            counts.ofOwners += 1
        }
        if answer.member != asked { counts.forwarded += 1 }
        if !answer.isWithinFrame { answered.append(Answered(subject: subject, answer: answer)) }
    }

    mutating func noteNotNow() { counts.notNow += 1 }

    /// The subjects of the answers, by ledger offset.
    func subjects(of partition: Int32) -> [Int64: Set<String>] {
        var result: [Int64: Set<String>] = [:]
        for item in answered where item.answer.partition == partition {
            result[item.answer.offset, default: []].insert(item.subject)
        }
        return result
    }
}
