public import Events

public struct Appeal: Sendable {
    public enum State: String, Sendable { case open, upheld, rejected, lapsed }

    public var subject: SubjectID
    public var sanction: String
    public var state: State
    public var filed: Timestamp
    /// If the appeal is not decided by this time, the sanction is lifted.
    public var decideBy: Timestamp
    /// In the appellant's words.
    public var statement: String
    /// The decision with its author and reason; nil while the appeal is open.
    public var decision: String?

    public init(
        subject: SubjectID, sanction: String, state: State, filed: Timestamp, decideBy: Timestamp, statement: String,
        decision: String?
    ) {
        (self.subject, self.sanction, self.state) = (subject, sanction, state)
        (self.filed, self.decideBy) = (filed, decideBy)
        (self.statement, self.decision) = (statement, decision)
    }
}

/// The decision of an appeal.
public struct AppealDecision: Sendable {
    public var subject: SubjectID
    public var sanction: String
    public var isUpheld: Bool
    public var time: Timestamp
    public var actor: String
    public var reason: String?

    public init(
        subject: SubjectID, sanction: String, isUpheld: Bool, time: Timestamp, actor: String, reason: String?
    ) {
        (self.subject, self.sanction, self.isUpheld) = (subject, sanction, isUpheld)
        (self.time, self.actor, self.reason) = (time, actor, reason)
    }
}

/// The queue of open appeals, the least time left first, and the recent decisions, the newest first.
public struct AppealsView: Sendable {
    public var time: Timestamp
    public var open: [Appeal]
    public var decided: [AppealDecision]

    public init(time: Timestamp, open: [Appeal], decided: [AppealDecision]) {
        (self.time, self.open, self.decided) = (time, open, decided)
    }
}

/// One appeal with the data for its reviewer: the present standing, and the standing without the disputed evidence.
public struct AppealView: Sendable {
    public var appeal: Appeal
    public var sanction: Sanction
    public var time: Timestamp
    public var score: Int
    public var band: String
    public var scoreWithout: Int
    public var bandWithout: String
    /// The values that the sanction's condition reads, in a sentence, with and without the evidence.
    public var condition: String
    public var conditionWithout: String
    /// Whether the sanction would be imposed without the disputed evidence.
    public var holdsWithout: Bool
    /// The events of the sanction's dimension. Disputed ones are marked as struck.
    public var evidence: [FileEvent]

    public init(
        appeal: Appeal, sanction: Sanction, time: Timestamp, score: Int, band: String, scoreWithout: Int,
        bandWithout: String, condition: String, conditionWithout: String, holdsWithout: Bool, evidence: [FileEvent]
    ) {
        (self.appeal, self.sanction, self.time) = (appeal, sanction, time)
        (self.score, self.band, self.scoreWithout, self.bandWithout) = (score, band, scoreWithout, bandWithout)
        (self.condition, self.conditionWithout) = (condition, conditionWithout)
        (self.holdsWithout, self.evidence) = (holdsWithout, evidence)
    }
}
