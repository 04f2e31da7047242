import Access
import Events
import HTTP
import Hummingbird
import Pipeline

/// One subject's appeals, and the data for their reviewer.
extension QueryServer {
    var appealRoutes: [Route] {
        [
            Route(
                .get, "/subjects/{id}/appeals", name: "readAppealsOfSubject",
                summary: "A subject's appeals: what was said, and what came of it.", tag: "subjects",
                parameters: [.subject()], answers: [.ofLedger("The appeals, in the order in which they were filed.")],
                requires: .subject(.readFile, needsPurpose: true), isAudited: true
            ) { [self] call in
                try await answer(call) { subject in
                    try await lookUp(call) { try self.service.appeals(of: subject, asStandby: $0) }
                }
            },
            Route(
                .get, "/subjects/{id}/appeals/{sanction}", name: "reviewAppeal",
                summary: "A standing with and without the evidence that an appeal disputes.", tag: "subjects",
                parameters: [
                    .subject(),
                    RouteParameter(
                        "sanction", in: .path, .text(1...EventDecoder.maximumAttributeBytes), example: "no-riding",
                        "The sanction."),
                ],
                answers: [.ofLedger("Both standings, the statement and the evidence.")],
                requires: .subject(.readFile, needsPurpose: true), isAudited: true
            ) { [self] call in
                try await answer(call) { subject in
                    try await lookUp(call) {
                        try self.service.appealReview(of: subject, sanction: call["sanction"] ?? "", asStandby: $0)
                    }
                }
            },
        ]
    }
}
