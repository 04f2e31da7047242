import Events
import Foundation
import Randomness
import Scoring
import Testing

@testable import Pipeline

struct AppealsQueueTests {
    private func item(_ subject: String, _ decideBy: Int64, sanction: String = "rail") -> AppealsQueue.Item {
        AppealsQueue.Item(
            appeal: OpenAppeal(
                subject: Array(subject.utf8), sanction: sanction, state: .stayed, since: Timestamp(microseconds: 0),
                until: Timestamp(microseconds: 9_000_000), decideBy: Timestamp(microseconds: decideBy)),
            partition: 1, clock: Timestamp(microseconds: 1_000_000))
    }

    /// However they are found, and however long a page is, the pages are all appeals by deadline, each once.
    @Test func pagesAreAllAppealsByDeadline() {
        var random = Seeded(7)
        for limit in [1, 3, 7, 200] {
            let all = (0..<50).map {
                item("s\($0 / 2)", Int64(random.below(9)), sanction: $0 % 2 == 0 ? "rail" : "air")
            }
            var (seen, place) = ([AppealsQueue.Item](), AppealsQueue.Place?.none)
            repeat {
                var queue = AppealsQueue(limit: limit, after: place)
                for item in all.shuffled(using: &random) { queue.add(item) }
                #expect(queue.total == 50 && queue.stayed == 50 && queue.items.count <= limit)
                seen += queue.items
                place = queue.next
            } while place != nil
            #expect(seen.count == 50 && Set(seen) == Set(all))
            #expect(seen.map(\.appeal.decideBy) == all.map(\.appeal.decideBy).sorted())
        }
    }

    @Test func aPlaceIsItsTextAndNamesNobody() throws {
        let place = item("citizen-17", 1_772_366_400_000_000, sanction: "no-riding").place
        #expect(!place.text.contains("citizen") && AppealsQueue.Place(place.text) == place)
        for text in [
            "", ".", "1.2", "1.g.a", "+1.2.a", "01.2.a", "1.0x2.a", "1.F.a", String(repeating: "1", count: 300),
        ] {
            #expect(AppealsQueue.Place(text) == nil, "\(text)")
        }
    }

    @Test func itsJSONHasNoSubjectWhereNoneIsShown() throws {
        var queue = AppealsQueue(limit: 1, after: nil)
        queue.add(item("citizen-1", 4_000_000))
        queue.add(item("citizen-2", 5_000_000))
        for showsSubjects in [true, false] {
            var writer = ByteWriter()
            queue.write(to: &writer, statements: [Array("null".utf8)], showsSubjects: showsSubjects)
            let json = try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
            #expect(json["total"] as? Int == 2 && json["next"] as? String == queue.next?.text)
            let first = try #require((json["appeals"] as? [[String: Any]])?.first)
            #expect(first["subject"] as? String == (showsSubjects ? "citizen-1" : nil))
            #expect(first["left"] as? Int == 3 && first["state"] as? String == "stayed")
        }
    }
}
