import Events
import Foundation
import Randomness
import Scoring
import Testing

@testable import Pipeline

struct AppealsQueueTests {
    private static let key = AppealsQueue.key(nil)

    private func item(
        _ subject: String, _ decideBy: Int64, sanction: String = "rail", partition: Int32 = 1
    ) -> AppealsQueue.Item {
        AppealsQueue.Item(
            appeal: OpenAppeal(
                subject: Array(subject.utf8), sanction: sanction, state: .stayed, since: Timestamp(microseconds: 0),
                until: Timestamp(microseconds: 9_000_000), decideBy: Timestamp(microseconds: decideBy)),
            partition: partition, clock: Timestamp(microseconds: 1_000_000), key: Self.key)
    }

    /// However they are found, and however long a page is, the pages are all appeals by deadline, each once.
    @Test func pagesAreAllAppealsByDeadline() {
        var random = Seeded(7)
        for limit in [1, 3, 7, 200] {
            let all = (0..<50).map {
                item("s\($0 / 2)", Int64(random.below(9)), sanction: $0 % 2 == 0 ? "rail" : "air")
            }
            var (seen, position) = ([AppealsQueue.Item](), AppealsQueue.Position?.none)
            repeat {
                var queue = AppealsQueue(limit: limit, after: position)
                for item in all.shuffled(using: &random) { queue.add(item) }
                #expect(queue.total == 50 && queue.stayed == 50 && queue.items.count <= limit)
                seen += queue.items
                position = queue.next
            } while position != nil
            #expect(seen.count == 50 && Set(seen) == Set(all))
            #expect(seen.map(\.appeal.decideBy) == all.map(\.appeal.decideBy).sorted())
        }
    }

    @Test func aPositionIsItsTextAndNamesNobody() throws {
        let position = item("citizen-17", 1_772_366_400_000_000, sanction: "no-riding").position
        #expect(!position.text.contains("citizen") && AppealsQueue.Position(position.text) == position)
        for text in [
            "", ".", "1.2", "1.g.a", "+1.2.a", "01.2.a", "1.0x2.a", "1.F.a", String(repeating: "1", count: 300),
        ] {
            #expect(AppealsQueue.Position(text) == nil, "\(text)")
        }
    }

    @Test func itsJSONHasNoSubjectWhereNoneIsShown() throws {
        var queue = AppealsQueue(limit: 1, after: nil)
        queue.add(item("citizen-1", 4_000_000))
        queue.add(item("citizen-2", 5_000_000))
        queue.items[0].statement = "null"
        for showsSubjects in [true, false] {
            var writer = JSONWriter()
            queue.write(to: &writer, showsSubjects: showsSubjects)
            let json = try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
            #expect(json["total"] as? Int == 2 && json["next"] as? String == queue.next?.text)
            let first = try #require((json["appeals"] as? [[String: Any]])?.first)
            #expect(first["subject"] as? String == (showsSubjects ? "citizen-1" : nil))
            #expect(first["left"] as? Int == 3 && first["state"] as? String == "stayed" && first["statement"] is NSNull)
        }
    }

    // MARK: Several members

    /// A queue of partition 1, whose partitions 2 and 3 other members own.
    private func queue(limit: Int, after: AppealsQueue.Position?, _ items: [AppealsQueue.Item]) -> AppealsQueue {
        var queue = AppealsQueue(limit: limit, after: after)
        for item in items where item.partition == 1 { queue.add(item) }
        (queue.partitions, queue.missing) = ([1], [2, 3])
        return queue
    }

    /// What the owner of some partitions answers.
    private func answer(
        of partitions: [Int32], limit: Int, after: AppealsQueue.Position?, _ items: [AppealsQueue.Item]
    ) -> AppealsQueue {
        var queue = AppealsQueue(limit: limit, after: after)
        for item in items where partitions.contains(item.partition) { queue.add(item) }
        queue.partitions = partitions
        return queue
    }

    @Test func thePagesOfSeveralMembersAreAllAppealsOnceByDeadline() throws {
        let all = (0..<Int64(40)).map { number in
            item("s\(number)", number * 7 % 11, partition: Int32(1 + number % 3))
        }
        for limit in [1, 6, 200] {
            var (seen, position) = ([AppealsQueue.Item](), AppealsQueue.Position?.none)
            repeat {
                var page = queue(limit: limit, after: position, all)
                for partitions in [[2], [3]] as [[Int32]] {
                    page.merge(answer(of: partitions, limit: limit, after: position, all).json, of: partitions)
                }
                #expect(page.total == 40 && page.stayed == 40 && page.partitions == [1, 2, 3] && page.missing.isEmpty)
                seen += page.items
                position = page.next
            } while position != nil
            #expect(seen.count == 40 && Set(seen) == Set(all))
            #expect(seen.map(\.position) == all.map(\.position).sorted())
        }
    }

    @Test func anOwnerThatDoesNotAnswerIsNamed() {
        let all = [item("a", 1), item("b", 2, partition: 2), item("c", 3, partition: 3)]
        var page = queue(limit: 9, after: nil, all)
        page.merge(answer(of: [2], limit: 9, after: nil, all).json, of: [2])
        #expect(page.missing == [3] && page.total == 2)
        var writer = JSONWriter()
        page.write(to: &writer)
        #expect(String(decoding: writer.bytes, as: UTF8.self).contains(#""partitions":[1,2],"missing":[3]"#))
    }

    /// An answer of another form, of other partitions than were asked for, or with impossible numbers adds nothing.
    @Test func nothingOfAnAnswerIsTrusted() {
        let all = [item("a", 1), item("b", 2, partition: 2), item("c", 3, partition: 3)]
        let good = String(decoding: answer(of: [2], limit: 9, after: nil, all).json, as: UTF8.self)
        let bad = [
            "", "{}", "[]", good.replacing(#""partitions":[2]"#, with: #""partitions":[3]"#),
            good.replacing(#""partition":2"#, with: #""partition":3"#),
            good.replacing(#""total":1"#, with: #""total":-1"#),
            good.replacing(#""total":1"#, with: #""total":0"#),
            good.replacing(#""decideBy":2"#, with: #""decideBy":7"#),
            good.replacing(#""partition":2"#, with: #""statement":"{\"}","partition":2"#),
        ]
        for text in bad {
            #expect(text != good, "the case changes nothing")
            var page = queue(limit: 9, after: nil, all)
            let isTaken = page.merge(Array(text.utf8), of: [2])
            #expect(!isTaken && page.total == 1 && page.missing == [2, 3], "\(text)")
        }
        var page = queue(limit: 9, after: item("z", 4).position, all)
        let isTaken = page.merge(Array(good.utf8), of: [2])
        #expect(!isTaken, "an appeal of the page before")
    }

    @Test func aQuestionIsItsJSON() throws {
        let (position, key) = (item("a", 1).position, Self.key)
        let question = AppealsQueue.Question(limit: 7, after: position, key: key, partitions: [2, 3], statements: true)
        let read = try #require(AppealsQueue.Question(json: question.json))
        #expect(
            read.after == position.text && read.fingerprintKey == key && read.partitions == [2, 3] && read.statements)
        let text = String(decoding: question.json, as: UTF8.self)
        for (old, new) in [(#""limit":7"#, #""limit":201"#), (position.text, "x"), (key.description, "0f")] {
            #expect(AppealsQueue.Question(json: Array(text.replacing(old, with: new).utf8)) == nil, "\(new)")
        }
    }

    /// A page of one member is continued by another one, also after a restart.
    @Test func membersWithOneSecretHaveOneKey() {
        func seal(_ secret: UInt8) -> MemberSeal {
            MemberSeal { bytes in
                (0..<32).map { secret &+ UInt8(bytes.count) &+ $0 }
            } isCode: { _, _ in
                true
            }
        }
        #expect(AppealsQueue.key(seal(1)) == AppealsQueue.key(seal(1)))
        #expect(AppealsQueue.key(seal(1)) != AppealsQueue.key(seal(2)))
        #expect(AppealsQueue.key(nil) != AppealsQueue.key(nil))
    }
}
