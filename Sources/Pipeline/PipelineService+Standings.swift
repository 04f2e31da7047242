public import Events
internal import Replay
internal import Scoring

/// The result of one of many standings.
public struct StandingItem: Sendable {
    public enum Outcome: Sendable {
        case found(StandingAnswer)
        case notEnrolled(Freshness)
        /// Another member folds the subject's ledger partition, and this one does not.
        case notOwned(partition: Int)
        case notReady
    }

    public let subject: [UInt8]
    public let outcome: Outcome

    public init(subject: [UInt8], outcome: Outcome) { (self.subject, self.outcome) = (subject, outcome) }

    init(_ subject: [UInt8], _ found: PipelineService.Lookup) {
        self.subject = subject
        switch found {
        case .found(let answer): outcome = .found(answer)
        case .notEnrolled(let freshness): outcome = .notEnrolled(freshness)
        case .notOwned(let partition): outcome = .notOwned(partition: partition)
        case .notReady: outcome = .notReady
        }
    }

    /// `{"subject","outcome","standing","freshness":{"partition","offset","clock","lag","current"}}`. `outcome` is
    /// `found`, `not-enrolled` or `unreachable`. `standing` has the format of a single standing, and is null unless it
    /// is found. `freshness` is null if the partition cannot be reached.
    public func write(to writer: inout JSONWriter) {
        let (word, answer, freshness): (String, StandingAnswer?, Freshness?) =
            switch outcome {
            case .found(let answer): ("found", answer, answer.freshness)
            case .notEnrolled(let freshness): ("not-enrolled", nil, freshness)
            case .notOwned, .notReady: ("unreachable", nil, nil)
            }
        writer.open()
        writer.member("subject", utf8: subject)
        writer.member("outcome", word)
        writer.key("standing")
        if let answer { answer.writeExplained(to: &writer) } else { writer.null() }
        writer.key("freshness")
        if let freshness { SubjectPage.Part(freshness).write(to: &writer) } else { writer.null() }
        writer.close()
    }
}

extension PipelineService {
    /// The greatest number of subjects in one request.
    public static let maximumStandings = 1000
    /// Standings that are read while the fold waits.
    private static let standingsAtOnce = 32

    /// The standings of many subjects, in the same order, at most `maximumStandings`. Waits for the folds, so it must
    /// not be called from async code. `asStandby`: as for one standing.
    public func standings(of subjects: [[UInt8]], asStandby: Bool = false) -> [StandingItem] {
        precondition(subjects.count <= Self.maximumStandings, "more than \(Self.maximumStandings) standings at once")
        var indexes: [Int: [Int]] = [:]
        var found = [Lookup](repeating: .notReady, count: subjects.count)
        for (index, subject) in subjects.enumerated() {
            if let number = ledgerPartition(of: subject) { indexes[number, default: []].append(index) }
        }
        for (number, indexes) in indexes {
            let standby = asStandby ? owned.standby(Int32(number)) : nil
            guard let partition = owned[Int32(number)] ?? standby else {
                for index in indexes { found[index] = .notOwned(partition: number) }
                continue
            }
            for start in stride(from: 0, to: indexes.count, by: Self.standingsAtOnce) {
                let part = Array(indexes[start..<min(start + Self.standingsAtOnce, indexes.count)])
                let answers = partition.readFold { state in
                    var answers: [Lookup] = []
                    for index in part {
                        subjects[index].withUnsafeBytes {
                            answers.append(Self.standing(of: $0, in: partition, state))
                        }
                    }
                    return answers
                }
                for (index, answer) in zip(part, answers) { found[index] = answer }
            }
        }
        return zip(subjects, found).map { StandingItem($0, $1) }
    }
}
