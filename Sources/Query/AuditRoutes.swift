internal import Access
public import Audit
internal import Events
public import HTTP
internal import HTTPTypes
internal import Hummingbird
public import Kafka

/// The audit of looks, decisions and changes: all of it for auditors, and for a subject the records about it.
public struct AuditRoutes: Sendable {
    private static let tag = "audit"
    private static let maximumText = EventDecoder.maximumAttributeBytes
    /// Each page reads the topic, so few are read at a time.
    private static let (threads, maximumWaiting) = (2, 8)

    private let reader: AuditReader
    private let index: AuditIndex
    private let work = BlockingWork(threads: threads, maximum: maximumWaiting)

    public init(_ kafka: KafkaConfiguration, topic: String, index: AuditIndex) {
        (reader, self.index) = (AuditReader(kafka, topic: topic), index)
    }

    public var routes: [Route] {
        let text = RouteParameter.Form.text(1...Self.maximumText)
        return [
            Route(
                .get, "/audit", name: "readAudit", summary: "What people did and saw, the newest first.", tag: Self.tag,
                parameters: [
                    RouteParameter("actor", text, example: "nora", "Only what this person did."),
                    RouteParameter("action", text, example: "readFile", "Only this."),
                    RouteParameter("subject", text, example: "citizen-17", "Only what was about this subject."),
                    RouteParameter("since", .time, example: "2026-01-01T00:00:00Z", "From this time on."),
                    RouteParameter("until", .time, example: "2026-02-01T00:00:00Z", "Before this time."),
                    RouteParameter("limit", .integer(1...1000), example: "100", "At most so many; 100 if not given."),
                    RouteParameter("before", .text(1...4096), example: "0:4711", "`next` of the page before."),
                ],
                answers: [.json("A page: `records`, and `next`, null on the last.", .object([], isOpen: true))],
                requires: .permission(.readAudit), isAudited: true
            ) { call in try await page(call) },
            Route(
                .get, "/subjects/{id}/looks", name: "readLooks",
                summary: "The latest looks at a subject's file: who looked, and why.",
                tag: Self.tag, parameters: [.subject()],
                answers: [
                    .json(
                        "The newest first; `complete` is false where there may be older ones.",
                        .object([], isOpen: true))
                ],
                requires: .subject(.readFile, needsPurpose: true), isAudited: true
            ) { call in
                guard index.isRead else {
                    throw Problem(.serviceUnavailable, code: "not-ready", "the audit has not been read yet: ask again")
                }
                return Response(
                    .json { index.write(looksAt: String(decoding: call.subject ?? [], as: UTF8.self), to: &$0) })
            },
        ]
    }

    private func page(_ call: RouteCall) async throws -> Response {
        var filter = AuditReader.Filter()
        (filter.actor, filter.action, filter.subject) = (call["actor"], call["action"], call["subject"])
        (filter.since, filter.until) = (call.time("since"), call.time("until"))
        let cursor = call["before"].flatMap { AuditReader.Cursor($0) }
        guard call["before"] == nil || cursor != nil else {
            throw Problem(
                .badRequest, code: "place-malformed", "before is the `next` of another page", parameter: "before")
        }
        let (reader, wanted, limit) = (reader, filter, Int(call.integer("limit") ?? 100))
        let page: AuditReader.Page
        do {
            page = try await work.run { try reader.page(wanted, before: cursor, limit: limit) }
        } catch is BlockingWork.Busy {
            throw Problem(.serviceUnavailable, code: "busy", "too many pages are being read: ask again")
        } catch {
            throw Problem(.serviceUnavailable, code: "not-ready", "the audit cannot be read now: ask again")
        }
        return Response(
            .json { writer in
                writer.open()
                writer.list("records", page.found) { writer, found in
                    found.entry.write(to: &writer, position: (found.partition, found.offset))
                }
                writer.member("next", page.next?.description)
                writer.close()
            })
    }
}
