internal import Access
public import Audit
internal import Events
public import HTTP
internal import Hummingbird
internal import Kafka

/// Who looked, who decided and who changed: the audit, and what of it is about one subject.
public struct AuditRoutes: Sendable {
    private static let tag = "audit"
    private static let maximumText = 1024
    private static let standardPage: Int64 = 100
    private static let object = JSONSchema.object([], isOpen: true)

    private let reader: AuditReader
    private let index: AuditIndex
    /// Each page reads up to some hundred thousand records.
    private let work = BlockingWork(threads: 2, maximum: 8)

    public init(_ reader: AuditReader, index: AuditIndex) { (self.reader, self.index) = (reader, index) }

    public var routes: [Route] {
        func text(_ name: String, _ example: String, _ description: String) -> RouteParameter {
            RouteParameter(name, .text(1...Self.maximumText), example: example, description)
        }
        return [
            Route(
                .get, "/audit", name: "readAudit", summary: "The audit, the newest first, page by page.", tag: Self.tag,
                parameters: [
                    text("actor", "rita", "Who."), text("action", "readFile", "What: a route's or an act's name."),
                    text("subject", "citizen-17", "About whom."),
                    RouteParameter("since", .time, example: "2026-01-01T00:00:00Z", "The earliest time."),
                    RouteParameter("until", .time, example: "2026-02-01T00:00:00Z", "The time before which it was."),
                    text("before", "0:4711", "The page before has it as next."),
                    RouteParameter(
                        "limit", .integer(1...Int64(AuditReader.maximumPage)), example: "100", "Records of a page."),
                ],
                answers: [.json("The page; next is null after the oldest.", Self.object)],
                requires: .permission(.readAudit), isAudited: true
            ) { call in try await page(call) },
            Route(
                .get, "/subjects/{id}/looks", name: "readLooks",
                summary: "Who looked at a subject's file, or acted on it, of late.",
                tag: Self.tag, parameters: [.subject()], answers: [.json("The newest first.", Self.object)],
                requires: .subject(.readFile, needsPurpose: true)
            ) { call in looks(call) },
        ]
    }

    private func page(_ call: RouteCall) async throws -> Response {
        var filter = AuditReader.Filter()
        (filter.actor, filter.action, filter.subject) = (call["actor"], call["action"], call["subject"])
        (filter.since, filter.until) = (call.time("since"), call.time("until"))
        var cursor: AuditReader.Cursor?
        if let before = call["before"] {
            cursor = AuditReader.Cursor(before)
            guard cursor != nil else {
                throw Problem(
                    .badRequest, code: "parameter-malformed", "before is the next of a page", parameter: "before")
            }
        }
        let limit = Int(call.integer("limit") ?? Self.standardPage)
        let page: AuditReader.Page
        do {
            page = try await work.run { [filter, cursor] in try reader.page(filter, before: cursor, limit: limit) }
        } catch is KafkaError {
            throw Problem.retryLater("the audit cannot be read now")
        }
        return .json { writer in
            writer.append("{\"records\":[")
            for (place, found) in page.found.enumerated() {
                if place > 0 { writer.append(",") }
                found.entry.write(to: &writer, place: (found.partition, found.offset))
            }
            writer.append("],\"next\":")
            if let next = page.next { writer.append(jsonString: "\(next)") } else { writer.append("null") }
            writer.append("}")
        }
    }

    /// `{"looks":[{"time","actor","action","purpose","outcome"}],"complete"}`: `complete` is false where older ones are in the topic
    /// alone.
    private func looks(_ call: RouteCall) -> Response {
        let looks = index.looks(at: String(decoding: call.subject ?? [], as: UTF8.self))
        return .json { writer in
            writer.append("{\"looks\":[")
            for (place, look) in looks.looks.enumerated() {
                if place > 0 { writer.append(",") }
                writer.append("{\"time\":\"")
                writer.append(look.time)
                writer.append("\",\"actor\":")
                writer.append(jsonString: look.actor)
                writer.append(",\"action\":")
                writer.append(jsonString: look.action)
                writer.append(",\"purpose\":")
                if let purpose = look.purpose { writer.append(jsonString: purpose) } else { writer.append("null") }
                writer.append(",\"outcome\":")
                writer.append(jsonString: look.outcome)
                writer.append("}")
            }
            writer.append("],\"complete\":")
            writer.append(looks.isComplete ? "true" : "false")
            writer.append("}")
        }
    }
}
