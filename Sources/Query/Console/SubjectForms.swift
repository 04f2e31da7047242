/// A standing, a file, a history and the looks of a subject, as the JSON of the routes.
struct StandingForm: Decodable {
    struct Sanction: Decodable {
        var id: String
        var state: String
        var measures: [String]
        var since: String
        var until: String
        var inForceFrom: String?
        var decideBy: String?
        var mayAppeal: Bool
    }

    struct Contribution: Decodable {
        var rule: String
        var dimension: String
        var points: Int
        var events: Int
    }

    struct Policy: Decodable {
        var id: String
        var version: Int
    }

    var kind: String
    var score: Int
    var band: String
    var dimensions: [String: Int]
    var sanctions: [Sanction]
    var perks: [String]
    var base: Int
    var contributions: [Contribution]
    var policy: Policy
    var clock: String?
}

struct FileForm: Decodable {
    struct Reason: Decodable {
        var rule: String
        var points: Int
    }

    struct Change: Decodable {
        var time: String?
        var type: String
        var sanction: String?
        var perk: String?
        var reasons: [Reason]
    }

    struct Origin: Decodable {
        var topic: String
    }

    struct Failure: Decodable {
        var rule: String?
        var error: String
    }

    struct Item: Decodable {
        var offset: Int64?
        var entry: Int?
        var time: String?
        var type: String?
        var source: String?
        var id: String?
        var origin: Origin?
        var unmatched: Bool?
        var changes: [Change]
        var errors: [Failure]?
    }

    struct Void: Decodable {
        var source: String
        var id: String
    }

    var clock: String?
    var standing: StandingForm?
    var history: [Item]
    var voided: [Void]
}

struct HistoryForm: Decodable {
    struct Cause: Decodable {
        var type: String
        var source: String
        var id: String
    }

    struct Point: Decodable {
        var time: String?
        var score: Int?
        var band: String?
        var cause: Cause?
        var reasons: [FileForm.Reason]
    }

    var steps: Int
    var points: [Point]
}

struct LooksForm: Decodable {
    struct Look: Decodable {
        var time: String
        var actor: String
        var action: String
        var purpose: String?
        var outcome: String
    }

    var looks: [Look]
}

struct StatementForm: Decodable {
    var statement: String
    var filedAt: String
}

struct AppealsForm: Decodable {
    struct Item: Decodable {
        var subject: String?
        var sanction: String
        var state: String
        var since: String
        var until: String
        var decideBy: String
        var statement: StatementForm?
    }

    var appeals: [Item]
}

/// The JSON of `AppealReview`.
struct ReviewForm: Decodable {
    struct Evidence: Decodable {
        var offset: Int64
        var time: String
        var type: String
        var source: String
        var id: String
        var data: String
        var reasons: [FileForm.Reason]
        var disputed: Bool
    }

    var standing: StandingForm?
    var without: StandingForm?
    var statement: StatementForm?
    var evidence: [Evidence]
}
