import Mapping
import Testing

struct RecordMapTests {
    @Test func aMapIsAType() { _ = RecordMap.self }
}
