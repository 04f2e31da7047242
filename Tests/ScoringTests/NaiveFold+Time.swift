import Events
import Policy

extension NaiveFold {
    private struct Due: Comparable {
        var time: Timestamp
        var subject: String
        var rank: Int
        var id: String

        static func < (a: Due, b: Due) -> Bool {
            if a.time != b.time { return a.time < b.time }
            if a.subject != b.subject { return a.subject.utf8.lexicographicallyPrecedes(b.subject.utf8) }
            return (a.rank, a.id) < (b.rank, b.id)
        }
    }

    mutating func advance(to time: Timestamp) {
        while let due = nextDue(), due.time <= time {
            clock = max(clock, due.time)
            fire(due)
        }
        clock = max(clock, time)
    }

    private func nextDue() -> Due? {
        subjects.flatMap { name, subject -> [Due] in
            let all = subject.events.flatMap { $0.contributions.flatMap { self.ends($0) } + $0.entries.map { end($0) } }
            let ends = all.filter { $0 > subject.endsSeen && $0.microseconds != .max }
                .map { Due(time: $0, subject: name, rank: 0, id: "") }
            let perks = subject.perks.compactMap { id, end in
                end.map { Due(time: $0, subject: name, rank: 1, id: id) }
            }
            let sanctions = subject.sanctions.map { id, sanction in
                let dates = [sanction.until, sanction.deadline, sanction.state == "noticed" ? sanction.noticeEnd : nil]
                return Due(time: dates.compactMap(\.self).min()!, subject: name, rank: 2, id: id)
            }
            return ends + perks + sanctions
        }.min()
    }

    private mutating func fire(_ due: Due) {
        let timer = " by timer"
        switch due.rank {
        case 0:
            let before = added(subjects[due.subject]!, at: due.time.adding(microseconds: -1))
            subjects[due.subject]!.endsSeen = due.time
            evaluate(due.subject, before: before, adverse: [], timer: timer)
        case 1:
            subjects[due.subject]!.perks[due.id] = nil
            emit(due.subject, "revoked \(due.id)\(timer)")
        default:
            let sanction = policy.sanctions.first { $0.id == due.id }!
            let imposed = subjects[due.subject]!.sanctions[due.id]!
            if imposed.until <= clock {
                lift(sanction, due.subject, "expired", timer: timer)
            } else if let deadline = imposed.deadline, deadline <= clock {
                lift(sanction, due.subject, "appeal-lapsed", timer: timer)
            } else {
                subjects[due.subject]!.sanctions[due.id]!.state = "in-force"
                emit(sanction, due.subject, "in-force", timer)
            }
            evaluate(due.subject, before: added(subjects[due.subject]!), adverse: [], timer: timer)
        }
    }
}
