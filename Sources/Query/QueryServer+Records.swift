import Access
import Events
import HTTP
import Hummingbird
import Ledger
import Pipeline

/// Routes of the programme's records: policies, sources, dead letters and the ledger.
extension QueryServer {
    private static let tag = "programme"

    // MARK: - Policies

    var policyRoutes: [Route] {
        [
            Route(
                .get, "/policies", name: "readPolicies",
                summary: "The active policy in plain sentences, every activation, and what waits for a second person.",
                tag: Self.tag, answers: [.json("The policies.", .named("Policies"))],
                requires: .permission(.readProgramme)
            ) { [programme, desk] call in
                let proposals = call.caller.may(.activatePolicy) ? desk?.proposals().json : nil
                return Response(try await programme.policies(proposals: proposals))
            },
            Route(
                .get, "/policies/{name}/{version}", name: "readPolicy",
                summary: "A policy that the ledger is or was under, in full.", tag: Self.tag,
                parameters: [
                    RouteParameter(
                        "name", in: .path, .text(1...Self.maximumText), example: "card", "The policy's name."),
                    RouteParameter("version", in: .path, .integer(1...Int64.max), example: "3", "Its version."),
                ],
                answers: [.json("The policy.", .named("Policy"))], requires: .permission(.readProgramme)
            ) { [programme] call in
                guard let found = try await programme.policy(call["name"] ?? "", version: call.integer("version") ?? 0)
                else {
                    throw Problem(.notFound, code: "no-policy", "the ledger has had no policy of this name and version")
                }
                return Response(found)
            },
        ]
    }

    private static let maximumText = EventDecoder.maximumAttributeBytes

    // MARK: - Sources and dead letters

    private static let letters = Int64(DeadLetterReader.limits.lowerBound)...Int64(DeadLetterReader.limits.upperBound)
    private static let standardPage: Int64 = 50

    var flowRoutes: [Route] {
        [
            Route(
                .get, "/sources", name: "readSources",
                summary: "Source topics: what they declare, how far they are read, what they got wrong.", tag: Self.tag,
                answers: [.json("The sources.", .named("Sources"))], requires: .permission(.readProgramme)
            ) { [programme] _ in Response(try await programme.allSources()) },
            Route(
                .get, "/dead-letters", name: "listDeadLetters",
                summary: "Records that were no events, the newest first, and how many wait for which reason.",
                tag: Self.tag,
                parameters: [
                    RouteParameter(
                        "reason", .text(1...Self.maximumText), example: "time/in-the-future",
                        "Only letters of this reason."),
                    RouteParameter(
                        "topic", .text(1...Self.maximumText), example: "behaviour.payments",
                        "Only letters from this source topic."),
                    RouteParameter("all", .flag, example: "true", "Also those that were sent again or discarded."),
                    RouteParameter("limit", .integer(Self.letters), example: "50", "Letters of a page."),
                    RouteParameter(
                        "after", .text(1...DeadLetterReader.Cursor.maximumText), example: "1772366400000000.0:17",
                        "The page before has it as next."),
                ],
                answers: [.json("The page.", .named("DeadLetters"))], requires: .permission(.readProgramme)
            ) { [programme] call in
                var filter = DeadLetterReader.Filter()
                (filter.reason, filter.topic, filter.all) = (call["reason"], call["topic"], call.flag("all"))
                let cursor = try Self.position(call) { DeadLetterReader.Cursor($0) }
                return Response(
                    try await programme.deadLetters(
                        filter, after: cursor, limit: Int(call.integer("limit") ?? Self.standardPage)))
            },
            Route(
                .get, "/dead-letters/{partition}/{offset}", name: "readDeadLetter",
                summary: "One letter; what it says and its bytes for who may send it again.", tag: Self.tag,
                parameters: [
                    Self.partition,
                    RouteParameter(
                        "offset", in: .path, .integer(0...Int64.max), example: "17",
                        "The offset in the dead-letter topic."),
                ],
                answers: [.json("The letter.", .named("DeadLetter"))], requires: .permission(.readProgramme),
                isAudited: true
            ) { [programme] call in
                let position = DeadLetter.Position(
                    partition: Int32(call.integer("partition") ?? 0), offset: call.integer("offset") ?? 0)
                let found = try await programme.deadLetter(
                    at: position, withBytes: call.caller.may(.redriveDeadLetters))
                guard let found else { throw Problem(.notFound, code: "no-letter", "no letter is there") }
                return Response(found)
            },
        ]
    }

    private static let partition = RouteParameter(
        "partition", in: .path, .integer(0...Int64(Frame.maximumPartition)), example: "0", "The partition.")

    /// The value of `after`; nil if it is missing. Throws if it cannot be parsed.
    private static func position<Position>(_ call: RouteCall, _ parse: (String) -> Position?) throws -> Position? {
        guard let text = call["after"] else { return nil }
        guard let position = parse(text) else {
            throw Problem(
                .badRequest, code: "place-malformed", "after is the `next` of another page", parameter: "after")
        }
        return position
    }

    // MARK: - Ledger

    private static let page: [RouteParameter] = [
        RouteParameter(
            "limit", .integer(Int64(LedgerEntries.limits.lowerBound)...Int64(LedgerEntries.limits.upperBound)),
            example: "50", "Entries of a page."),
        RouteParameter(
            "after", .text(1...LedgerEntry.Position.maximumText), example: "4711.0", "The page before has it as next."),
    ]

    var ledgerRoutes: [Route] {
        [
            Route(
                .get, "/ledger", name: "readLedger",
                summary: "The ledger's partitions: ends, clocks, chains and signed checkpoints.", tag: Self.tag,
                answers: [.json("The partitions.", .named("Ledger"))], requires: .permission(.readProgramme)
            ) { [programme] _ in Response(try await programme.partitions()) },
            Route(
                .get, "/ledger/{partition}/entries", name: "readEntries",
                summary: "Entries of a ledger partition in its order, from an offset or from a time of its clock on.",
                tag: Self.tag,
                parameters: [
                    Self.partition,
                    RouteParameter(
                        "offset", .integer(0...Frame.maximumOffset), example: "4711", "The first frame's ledger offset."
                    ),
                    RouteParameter(
                        "from", .time, example: "2026-01-31T12:00:00Z",
                        "The time that the partition's clock reaches at the first frame; needs an archive. Instead of offset."
                    ),
                ] + Self.page,
                answers: [.json("The page.", .named("LedgerEntries"))], requires: .permission(.readFile),
                isAudited: true
            ) { [self] call in try await entries(call) },
            Route(
                .get, "/subjects/{id}/entries", name: "readSubjectEntries",
                summary: "A subject's entries of the ledger, in its order.", tag: "subjects",
                parameters: [.subject()] + Self.page,
                answers: [.ofLedger("The page.", .named("LedgerEntries"))],
                requires: .subject(.readFile, needsPurpose: true), isAudited: true
            ) { [self] call in
                let position = try Self.position(call) { LedgerEntry.Position($0) }
                let limit = Int(call.integer("limit") ?? Self.standardPage)
                return try await answer(call) { subject in
                    try await lookUp(call) {
                        try self.service.ledgerEntries(of: subject, after: position, limit: limit, asStandby: $0).lookup
                    }
                }
            },
        ]
    }

    private func entries(_ call: RouteCall) async throws -> Response {
        let partition = Int32(call.integer("partition") ?? 0)
        let position = try Self.position(call) { LedgerEntry.Position($0) }
        let limit = Int(call.integer("limit") ?? Self.standardPage)
        func page(from offset: Int64) async throws -> Response {
            var response = Response(
                try await programme.entries(of: partition, from: offset, after: position, limit: limit))
            // A member that forwarded the request checks the partition of the answer by it.
            response.headers[.ledgerPartition] = String(partition)
            return response
        }
        if let count = service.ledgerPartitionCount, partition >= count {
            throw Problem(.notFound, code: "no-partition", "the ledger has \(count) partitions")
        }
        guard let time = call.time("from"), position == nil else {
            return try await page(from: call.integer("offset") ?? 0)
        }
        guard call["offset"] == nil else {
            throw Problem(
                .badRequest, code: "parameters-exclude", "give offset or from, not both", parameter: "offset")
        }
        func page(at found: LedgerReader.TimeLookup) async throws -> Response? {
            switch found {
            case .offset(let offset), .beyond(let offset): return try await page(from: offset)
            case .notFoldedHere: return nil
            case .noArchive:
                return .error(
                    "this member keeps no archive: start it with --data", status: .notImplemented, code: "no-archive")
            }
        }
        let ledger = programme.ledger
        let found = try await programme.read { try ledger.offset(of: partition, reaching: time) }
        if let response = try await page(at: found) { return response }
        return try await answerElsewhere(Int(partition), call) {
            try await page(
                at: try await programme.read { try ledger.offset(of: partition, reaching: time, asStandby: true) })
        }
    }
}
