import Audit
import Testing

struct AuditTopicTests {
    @Test func theTopicIsApartFromTheFacts() { #expect(AuditTopic.name == "standing.audit") }
}
