// MARK: The words for names in the audit

extension ConsolePages {
    /// The words for an action in the audit. An unknown action is shown by its name.
    static func words(ofAction name: String) -> String { actions[name] ?? words(name) }

    /// `start-shadow` and `startShadow` as `start shadow`.
    private static func words(_ name: String) -> String {
        name.reduce(into: "") { text, character in
            text += character == "-" ? " " : character.isUppercase ? " " + character.lowercased() : String(character)
        }
    }

    private static let actions = [
        "readFile": "read the file", "readHistory": "read the course of the score",
        "readSubjectEntries": "read the entries of the ledger", "readLooks": "read who looked",
        "readAppealsOfSubject": "read the appeals", "reviewAppeal": "reviewed the appeal",
        "readAppeals": "read the queue of appeals", "readEntries": "read the ledger",
        "readDeadLetter": "read a dead letter", "readAudit": "read the audit", "traceEvent": "traced an event",
        "explainDifference": "asked why the score differs", "logIn": "signed in",
        "openAudit": "began to write the audit",
        "enrol": "enrolled the subject", "withdraw": "withdrew the subject", "void": "voided an event",
        "file-appeal": "filed an appeal", "decide-appeal": "decided the appeal",
        "acknowledge-source": "acknowledged a source", "withdraw-source": "withdrew a source",
        "restore-source": "counted a source again", "activate": "activated a policy",
        "rollback": "went back to an earlier policy", "start-shadow": "put a policy into the shadow",
        "stop-shadow": "took the policy out of the shadow", "redrive": "sent dead letters again",
        "propose": "proposed an act", "approveProposal": "agreed to a proposal",
        "withdrawProposal": "declined a proposal",
    ]

    /// The words for an outcome; nil if it is the usual one.
    static func words(ofOutcome outcome: String) -> String? {
        switch outcome {
        case "allowed", "done": nil
        case "pending": "accepted"
        default: words(outcome)
        }
    }
}
