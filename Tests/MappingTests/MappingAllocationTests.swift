import CAllocationCounter
import Events
import Mapping
import Testing

struct MappingAllocationTests {
    private static var isOptimised: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    /// The map of a topic of plain objects: texts, numbers, and the time as a text.
    @Test(.enabled(if: isOptimised, "allocations are counted in release builds"))
    func aPlainRecordCostsNone() throws {
        let map = try RecordMap(
            yaml: """
                map:
                  when: value.amount > 0
                  id: value.id
                  source: /bank
                  type: bill.paid
                  subject: value.who
                  time: value.at
                  data: {amount: value.amount, days: value.days + 1, note: value.note}
                """, file: "map.yaml")
        let mapper = RecordMapper(map)
        let record = Array(
            #"{"id":"e-1","who":"anna","at":"2026-01-02T03:04:05Z","amount":12,"days":3,"note":null}"#.utf8)
        var event = ByteWriter()
        func apply(_ rounds: Int) {
            for round in 0..<rounds {
                record.withUnsafeBytes { record in
                    let outcome = mapper.map(
                        SourceRecord(
                            key: nil, value: record, timestamp: 0, topic: record, partition: 0, offset: Int64(round)),
                        into: &event)
                    precondition(outcome == .event)
                }
            }
        }
        apply(100)
        let before = standing_allocations()
        apply(10_000)
        #expect(standing_allocations() - before == 0)
    }
}
