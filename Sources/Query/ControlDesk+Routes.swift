internal import Access
internal import Events
public import HTTP
internal import HTTPTypes
internal import Hummingbird
internal import Pipeline

/// The acts as routes: each takes a JSON object (`ControlRequest`), and an idempotency key in a header.
extension ControlDesk {
    private static let (acts, proposalTag) = ("acts", "proposals")
    private static let maximumProposal = 1 << 20

    public var routes: [Route] { actRoutes + proposalRoutes }

    private var actRoutes: [Route] {
        let (text, attribute) = (JSONSchema.text(), JSONSchema.text(1...EventDecoder.maximumAttributeBytes))
        let reason = JSONSchema.Member("reason", .text(1...ControlAct.maximumReasonBytes), "Why.")
        let optionalReason = JSONSchema.Member(
            "reason", .text(0...ControlAct.maximumReasonBytes), isRequired: false, "Why.")
        return [
            act(
                .enrol, "/subjects/{id}/enrolment", "enrol", "Enrol a subject: from here on it is scored.",
                [
                    .init("kind", .oneOf(SubjectKind.allCases.map(\.description))), .init("terms", attribute),
                    .init("attributes", .map(.any), isRequired: false), optionalReason,
                ], #"{"kind":"individual","terms":"2026"}"#),
            act(
                .withdraw, "/subjects/{id}/withdrawal", "withdraw", "Withdraw a subject: its state is removed.",
                [optionalReason], "{}"),
            act(
                .void, "/subjects/{id}/voids", "void", "Take an event back, as if it had never happened.",
                [.init("source", attribute), .init("id", attribute), reason],
                #"{"source":"/bank","id":"7","reason":"a mistake"}"#),
            act(
                .fileAppeal, "/subjects/{id}/appeals", "fileAppeal", "Appeal against a sanction.",
                [.init("sanction", attribute), .init("statement", text), optionalReason],
                #"{"sanction":"rail-ban","statement":"Not me."}"#),
            act(
                .decideAppeal, "/subjects/{id}/decisions", "decideAppeal", "Decide an appeal.",
                [.init("sanction", attribute), .init("outcome", .oneOf(["upheld", "rejected"])), reason],
                #"{"sanction":"rail-ban","outcome":"upheld","reason":"mistaken identity"}"#),
            act(
                .acknowledgeSource, "/sources/acknowledgements", "acknowledgeSource",
                "Let a source that has lost records impose sanctions again.", [.init("topic", attribute), reason],
                #"{"topic":"behaviour.payments","reason":"two hours lost"}"#),
            act(
                .withdrawSource, "/sources/withdrawals", "withdrawSource",
                "Take back what a source said: from the act on, scores are those of a history in which it had never spoken.",
                [.init("topic", attribute), reason], #"{"topic":"behaviour.commerce","reason":"the contract ended"}"#),
            act(
                .restoreSource, "/sources/restorations", "restoreSource",
                "Count a source again that was withdrawn, with all that it said.",
                [.init("topic", attribute), reason], #"{"topic":"behaviour.commerce","reason":"a new contract"}"#),
            act(
                .activate, "/policies/activations", "activatePolicy", "Activate a proposed policy.",
                [.init("proposal", .map(.any), "What `standing policy propose` writes."), reason], nil),
            act(
                .rollback, "/policies/rollbacks", "rollBackPolicy", "Go back to an earlier policy.",
                [
                    .init(
                        "to", attribute, isRequired: false,
                        "NAME/VERSION; the policy before the active one if it is left out."), reason,
                ],
                #"{"reason":"too many lost their band"}"#),
            act(
                .startShadow, "/shadow", "startShadow", "Fold a policy beside the active one.",
                [.init("policy", text, "The policy's text."), optionalReason], nil),
            act(
                .stopShadow, "/shadow", "stopShadow", "End the shadow.", nil, nil, method: .delete),
            act(
                .redrive, "/dead-letters/redrives", "redriveDeadLetters", "Send dead letters to intake again.",
                [
                    .init("letters", .list(.text(), 1...1000), "PARTITION:OFFSET each."),
                    .init("allowControl", .boolean, isRequired: false, "Also to the control topic."),
                    .init(
                        "repaired", .either([.text(), .null]), isRequired: false,
                        "Of one letter: the text of the event that is sent instead."),
                    reason,
                ],
                #"{"letters":["2:17"],"reason":"the clock of the bank is right again"}"#),
        ]
    }

    /// `members`: of the body; nil if it has none.
    private func act(
        _ kind: ControlAct.Kind, _ path: String, _ name: String, _ summary: String, _ members: [JSONSchema.Member]?,
        _ example: String?, method: Route.Method = .post
    ) -> Route {
        let permission = Self.permission(kind)
        var parameters = [Self.key, Self.timeout]
        if kind.isOfSubject { parameters = [.subject(), Self.key, Self.wait, Self.timeout] }
        let isLarge = kind == .activate || kind == .startShadow
        return Route(
            method, path, name: name, summary: summary, tag: Self.acts, parameters: parameters,
            body: members.map {
                RouteBody(
                    .object($0), maximumBytes: isLarge ? Self.maximumProposal : RouteBody.standardMaximum,
                    isRequired: kind != .withdraw, example: example)
            },
            answers: [
                .json("The ledger has it.", .object([], isOpen: true)),
                RouteAnswer(
                    202, "It is sent, or proposed, and the ledger does not have it yet.", "application/json",
                    .object([], isOpen: true)),
            ],
            requires: kind.isOfSubject ? .subject(permission) : .permission(permission)
        ) { [self] call in
            try await Self.response { () async throws(ControlRefusal) in
                try await act(
                    kind, subject: call.subject, body: call.body, by: call.caller, key: call["Idempotency-Key"],
                    wait: call.integer("timeout").map { Int($0) }, wantsFacts: call["wait"] == "facts")
            }
        }
    }

    private static let key = RouteParameter(
        "Idempotency-Key", in: .header, .text(1...ControlRequest.maximumKeyBytes), example: "a-1f0c",
        "The act is done once, however often it is asked for with this key.")
    private static let wait = RouteParameter(
        "wait", .oneOf(["ledger", "facts"]), example: "facts",
        "Until when to wait: the ledger has it (default), or the facts that followed are published, which the answer has then."
    )
    private static let timeout = RouteParameter(
        "timeout", .integer(0...60), example: "10", "Seconds to wait at most; 10 if it is not given.")

    private var proposalRoutes: [Route] {
        let id = RouteParameter("proposal", in: .path, .text(1...64), example: "p-1f0c", "The proposal's id.")
        let document = RouteAnswer.json("The proposal.", .object([], isOpen: true))
        return [
            Route(
                .get, "/proposals", name: "listProposals", summary: "What waits for a second person.",
                tag: Self.proposalTag, answers: [.json("The proposals, the oldest first.", .object([], isOpen: true))],
                requires: .permission(.activatePolicy)
            ) { [self] _ in try await Self.response { proposals() } },
            Route(
                .get, "/proposals/{proposal}", name: "readProposal", summary: "A proposal, with what it would do.",
                tag: Self.proposalTag, parameters: [id], answers: [document], requires: .permission(.activatePolicy)
            ) { [self] call in
                try await Self.response { () throws(ControlRefusal) in try proposal(call["proposal"] ?? "") }
            },
            Route(
                .post, "/proposals/{proposal}/approval", name: "approveProposal",
                summary: "Approve what somebody else has proposed, and do it.", tag: Self.proposalTag,
                parameters: [id, Self.timeout],
                body: RouteBody(
                    .object([.init("sha256", .text(64...64), "Of what was read.")]),
                    example: #"{"sha256":"\#(String(repeating: "0", count: 64))"}"#),
                answers: [
                    .json("The ledger has it.", .object([], isOpen: true)),
                    RouteAnswer(202, "It is sent.", "application/json", .object([], isOpen: true)),
                ],
                requires: .permission(.activatePolicy)
            ) { [self] call in
                try await Self.response { () throws(ControlRefusal) in
                    let hash = try ControlRequest.member("sha256", of: call.body)
                    return try await approve(
                        call["proposal"] ?? "", hash: hash, by: call.caller,
                        wait: call.integer("timeout").map { Int($0) })
                }
            },
            Route(
                .delete, "/proposals/{proposal}", name: "withdrawProposal", summary: "Take a proposal back.",
                tag: Self.proposalTag, parameters: [id], answers: [document], requires: .permission(.activatePolicy)
            ) { [self] call in
                try await Self.response { () throws(ControlRefusal) in
                    try await withdraw(call["proposal"] ?? "", by: call.caller)
                }
            },
        ]
    }

    private static func response(
        _ body: () async throws(ControlRefusal) -> Reply
    ) async throws -> Response {
        do {
            let reply = try await body()
            return Response(Answer.json(status: .init(code: reply.status)) { $0.value(json: reply.json) })
        } catch {
            throw Problem(.init(code: error.status), code: error.code, error.detail)
        }
    }
}
