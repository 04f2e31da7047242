import Testing

@testable import Console

struct ActNoticeTests {
    @Test func aPageReadsTheOutcomeThatTheActWrites() {
        for kind in ActKind.allCases {
            for outcome in ActOutcome.allCases {
                #expect(
                    ActNotice(address: ActNotice.address(kind, outcome)) == ActNotice(kind, outcome),
                    "\(kind) \(outcome)")
            }
        }
        for text in ["", "void.", "void.lost", "void.done.done", "done", "<b>"] {
            #expect(ActNotice(address: text) == nil, "\(text)")
        }
    }

    @Test func whatTheLedgerDoesNotHaveYetIsNotCalledDone() {
        for kind in ActKind.allCases {
            let accepted = ActNotice(kind, .accepted)
            #expect(accepted.level == .notice)
            #expect(accepted.sentence.contains("ccepted") && accepted.sentence.contains("load this page again"))
        }
    }
}
