import Logging
import Pipeline
import Synchronization
import Testing

@testable import Query

/// Keeps what is logged.
private final class LogLines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let metadata = (event.metadata ?? [:]).map { " \($0.key)=\($0.value)" }.sorted().joined()
        lines.withLock { $0.append("\(event.level) \(event.message)\(metadata)") }
    }
}

struct QueryServerTests {
    @Test func anUnknownOrRepeatedParameterIsNamed() {
        let known = ["as-of", "offset", "policy"]
        #expect(queryMistake([], known: known) == nil)
        #expect(queryMistake(["policy", "as-of"], known: known) == nil)
        #expect(
            queryMistake(["asof"], known: known)
                == "unknown query parameter \"asof\"; this path takes as-of, offset, policy")
        #expect(queryMistake(["as-of"], known: []) == "unknown query parameter \"as-of\"; this path takes none")
        #expect(
            queryMistake(["as-of", "offset", "as-of"], known: known) == "the query parameter as-of stands there twice")
    }

    /// No error has an empty body, and the log names no subject.
    @Test func anErrorThatNobodyExpectedHasAnAnswer() {
        struct Sudden: Error { let subject = "anna" }
        let lines = LogLines()
        let (message, status) = JSONErrors.answer(to: Sudden(), Logger(label: "test") { _ in lines })
        #expect(status == 500 && !message.isEmpty && !message.contains("anna"))
        #expect(lines.all == ["error a request failed error=Sudden"])
    }

    private let notReady = Readiness(
        unreadyFor: .milliseconds(41_200), failure: nil, isIntake: true, isFold: true, intakePartitions: 0,
        foldPartitions: 12,
        currentPartitions: 9, behind: .init(time: .milliseconds(7300), partition: 4), readyWithin: .seconds(5),
        secondsLeft: 3.2)

    @Test func readinessSaysWhyNot() {
        #expect(
            notReady.json == #"""
                {"ready":false,"error":"not ready for 42 s","reasons":["no source partition is read here",\#
                "ledger partition 4 has been behind its end for 8 s, 5 s are allowed"],\#
                "intakePartitions":0,"foldPartitions":12,"currentPartitions":9,"behindSeconds":8,"secondsLeft":4}
                """#)
        var unknown = notReady
        (unknown.behind, unknown.intakePartitions) = (nil, 1)
        #expect(unknown.reasons == ["how far the fold is behind the ledger's end is not known yet"])
        var foldsNothing = notReady
        foldsNothing.foldPartitions = 0
        foldsNothing.isIntake = false
        #expect(foldsNothing.reasons == ["no ledger partition is folded here"])
        var failed = notReady
        failed.failure = "the disk is gone"
        #expect(failed.json.hasPrefix(#"{"ready":false,"error":"the disk is gone","reasons":["#))
    }

    @Test func whoIsReadyGivesNoReasons() {
        let ready = Readiness(
            unreadyFor: nil, failure: nil, isIntake: true, isFold: true, intakePartitions: 6, foldPartitions: 12,
            currentPartitions: 11, behind: .init(time: .milliseconds(40), partition: 1), readyWithin: .seconds(5),
            secondsLeft: nil)
        #expect(
            ready.json
                == #"{"ready":true,"intakePartitions":6,"foldPartitions":12,"currentPartitions":11,"behindSeconds":1}"#)
    }
}
