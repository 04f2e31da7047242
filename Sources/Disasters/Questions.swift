internal import Kafka
internal import Pipeline

/// What members have answered about subjects. Who may answer, and how old an answer may be, is judged at once; that it is what the
/// ledger gives, at the end (`Oracle`).
struct Questions {
    struct Answered {
        let subject: String
        let answer: SteppedPipeline.Answer
    }

    /// Those of a state between two frames.
    private(set) var answered: [Answered] = []
    private(set) var counts = DisasterRun.Summary.Answers()
    /// By ledger partition: the greatest offset at which its owner was known to be current.
    private var current: [Int32: Int64] = [:]

    /// The partition's owner is folded to the ledger's end, `offset`, and every fact is acknowledged.
    mutating func noteCurrent(_ partition: Int32, at offset: Int64) {
        current[partition] = max(offset, current[partition] ?? 0)
    }

    /// `asked`: the member that the question went to. `giver`: the process that the answer is from. `owner`: the one that the group
    /// has for the partition's owner.
    ///
    /// A member that has lost its partition and has not heard of it yet cannot know; it answers for what it had.
    mutating func judge(
        _ answer: SteppedPipeline.Answer, about subject: String, asked: String, giver: SimulatedProcess,
        owner: SimulatedProcess?
    ) throws {
        let place = TopicPartition(SimulatedTopics.ledger, answer.partition)
        if answer.isOfStandby {
            guard !answer.isCurrent else {
                throw Oracle.Objection("\(answer.member) stands by for \(place), and answers as if it were current")
            }
            counts.ofStandbys += 1
        } else {
            guard giver.isAssigned(place) else {
                throw Oracle.Objection(
                    "\(answer.member) answers as the owner of \(place), which the group has taken from it")
            }
            if answer.isCurrent, giver === owner, let known = current[answer.partition], answer.offset < known {
                throw Oracle.Objection(
                    "\(answer.member) answers of \(place)@\(answer.offset) as of the ledger's end, which was at "
                        + "\(known)")
            }
            counts.ofOwners += 1
        }
        if answer.member != asked { counts.forwarded += 1 }
        if !answer.isWithinFrame { answered.append(Answered(subject: subject, answer: answer)) }
    }

    mutating func noteNotNow() { counts.notNow += 1 }

    /// Of whom something was said, by the ledger offset at which it was.
    func subjects(of partition: Int32) -> [Int64: Set<String>] {
        var result: [Int64: Set<String>] = [:]
        for item in answered where item.answer.partition == partition {
            result[item.answer.offset, default: []].insert(item.subject)
        }
        return result
    }
}
