import Access
import Events
import HTTP
import HTTPTypes
import Hummingbird
import Pipeline

/// One subject's standing, file and events.
extension QueryServer {
    private static let tag = "subjects"

    var subjectRoutes: [Route] {
        [
            Route(
                .get, "/subjects/{id}", name: "readStanding",
                summary: "A subject's standing, now or at a moment of the past.",
                tag: Self.tag,
                parameters: [
                    .subject(),
                    RouteParameter(
                        "as-of", .time, example: "2026-01-31T12:00:00Z",
                        "The clock at which the standing is asked for; needs an archive."),
                    RouteParameter(
                        "offset", .integer(0...Int64.max), example: "4711",
                        "The ledger offset before which the standing is asked for; instead of as-of."),
                    RouteParameter(
                        "policy", .oneOf(["then", "now"]), example: "then",
                        "With as-of or offset: the policy of that moment, or the one that is active now."),
                ],
                answers: [.ofLedger("The standing, with what made it.", .named("Standing"))],
                requires: .subject(.readStanding)
            ) { [self] call in try await answer(call) { subject in try await standing(of: subject, call) } }
            .answeringAtOnce { [service] in Self.answerAtOnce($0, service) },
            Route(
                .get, "/subjects/{id}/file", name: "readFile",
                summary:
                    "A subject's file: its events with what each gave, its facts, sanctions and appeals, and who looked at it.",
                tag: Self.tag,
                parameters: [
                    .subject(),
                    RouteParameter(
                        "source", .text(1...maximumAttribute), example: "behaviour.payments",
                        "Of the history only what this source topic, or this `source` of events, said."),
                ],
                answers: [.ofLedger("The file.")],
                requires: .subject(.readFile, needsPurpose: true), isAudited: true
            ) { [self] call in
                try await answer(call) { subject in
                    let source = call["source"].map { Array($0.utf8) }
                    return try await lookUp(call, looks: looks(at: subject)) {
                        try self.service.file(of: subject, source: source, asStandby: $0)
                    }
                }
            },
            Route(
                .get, "/events", name: "traceEvent", summary: "What became of an event.", tag: Self.tag,
                parameters: [
                    .subject("subject", in: .query),
                    RouteParameter(
                        "source", .text(1...maximumAttribute), isRequired: true, example: "/city/bus",
                        "The event's source."),
                    RouteParameter(
                        "id", .text(1...maximumAttribute), isRequired: true, example: "e17", "The event's id."),
                ],
                answers: [.ofLedger("Where it is and what it gave.")],
                requires: .subject(.readFile, parameter: "subject", needsPurpose: true), isAudited: true
            ) { [self] call in
                try await answer(call) { subject in
                    let (source, id) = (Array((call["source"] ?? "").utf8), Array((call["id"] ?? "").utf8))
                    return try await lookUp(call) { asStandby in
                        try self.service.trace(of: subject, source: source, id: id, asStandby: asStandby)
                    }
                }
            },
        ]
    }

    /// Answers about the call's subject. Every answer has its ledger partition in a header, so that a member that asked
    /// about another partition notices it.
    func answer(_ call: RouteCall, _ body: ([UInt8]) async throws -> Response) async throws -> Response {
        let subject = call.subject ?? []
        var response = try await body(subject)
        response.headers[.ledgerPartition] = service.ledgerPartition(of: subject).map(String.init)
        return response
    }

    /// The answer of `answer` and `standingOfNow` together, for the subject in a path's segment, if its partition is
    /// owned here and its fold is idle. Nil otherwise. It does not block.
    private static func answerAtOnce(_ segment: Substring, _ service: PipelineService) -> Answer? {
        guard let subject = PercentEncoding.utf8(segment), let found = service.standingAtOnce(of: subject),
            var answer = Answer(found), let partition = service.ledgerPartition(of: subject)
        else { return nil }
        answer.fields.append(HTTPField(name: .ledgerPartition, value: String(partition)))
        return answer
    }

    /// A standing of the past: `as-of=TIME` or `offset=LEDGER-OFFSET`, and `policy=then` (default) or `now`.
    private func standing(of subject: [UInt8], _ call: RouteCall) async throws -> Response {
        let point: PipelineService.Point
        switch (call.time("as-of"), call.integer("offset")) {
        case (nil, nil):
            guard call["policy"] == nil else {
                throw Problem(
                    .badRequest, code: "parameter-alone", "policy goes with as-of or offset", parameter: "policy")
            }
            return try await standingOfNow(subject, call)
        case (let time?, nil): point = .time(time)
        case (nil, let offset?): point = .offset(offset)
        case (_?, _?):
            throw Problem(
                .badRequest, code: "parameters-exclude", "give as-of=TIME (RFC 3339) or offset=NUMBER, a ledger offset",
                parameter: "offset")
        }
        let isOfNow = call["policy"] == "now"
        return try await lookUp(call) { asStandby in
            try self.service.standing(of: subject, at: point, policyOfNow: isOfNow, asStandby: asStandby)
        }
    }
}

/// The most characters of an event's id and source.
private let maximumAttribute = EventDecoder.maximumAttributeBytes
