internal import Events
internal import Foundation
internal import Scoring

// The questions between members. Ids are in bodies and never in a URL, because proxies log URLs.
extension SubjectSearch {
    /// The body of a question to another member.
    private struct Question: Codable {
        var parameters: [String: String]
        var partitions: [Int32]
    }

    /// `{"parameters":{name: value},"partitions":[numbers]}`: the search as a question to another member.
    public func question(partitions: [Int32]) -> [UInt8] {
        let question = Question(
            parameters: Dictionary(items.map { ($0.name, $0.value) }) { $1 }, partitions: partitions)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(question)).map { Array($0) } ?? []
    }

    /// The greatest number of partitions of a question.
    public static let maximumPartitions = 10_000

    /// The search in the body of a question.
    public static func asked(_ body: [UInt8]) throws(Problem) -> (search: SubjectSearch, partitions: [Int32]) {
        guard let question = try? JSONDecoder().decode(Question.self, from: Data(body)),
            question.partitions.count <= maximumPartitions, question.partitions.allSatisfy({ $0 >= 0 })
        else { throw Problem("the body is not {\"parameters\":{NAME: TEXT},\"partitions\":[NUMBERS]}") }
        let search = try SubjectSearch(question.parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        return (search, question.partitions)
    }
}

extension SubjectPage {
    private struct Text: Decodable {
        struct Item: Decodable {
            struct Sanction: Decodable {
                var id: String
                var state: String
            }
            var subject: String
            var kind: String
            var score: Int64
            var band: String
            var enrolled: String
            var perks: [String]
            var sanctions: [Sanction]
        }
        struct Part: Decodable {
            var partition: Int32
            var offset: Int64
            var clock: String?
            var lag: Int64?
            var current: Bool
        }
        var subjects: [Item]
        var next: String?
        var partitions: [Part]
        var missing: [Int32]
    }

    /// Another member's answer to a question about `partitions`. It is not trusted: nil if `write` cannot have written
    /// it for such a question.
    public init?(json: [UInt8], search: SubjectSearch, partitions: [Int32]) {
        guard let text = try? JSONDecoder().decode(Text.self, from: Data(json)),
            text.subjects.count <= search.limit,
            Set(text.partitions.map(\.partition) + text.missing) == Set(partitions),
            text.partitions.count + text.missing.count == partitions.count
        else { return nil }
        var items: [Item] = []
        for item in text.subjects {
            guard let kind = SubjectKind.allCases.first(where: { "\($0)" == item.kind }),
                let enrolled = Timestamp(item.enrolled)
            else { return nil }
            var sanctions: [Item.Sanction] = []
            for sanction in item.sanctions {
                guard let state = SanctionState.allCases.first(where: { "\($0.name)" == sanction.state }) else {
                    return nil
                }
                sanctions.append(Item.Sanction(id: sanction.id, state: state))
            }
            let subject = Array(item.subject.utf8)
            guard (items.last?.subject ?? search.after ?? []).lexicographicallyPrecedes(subject) else { return nil }
            items.append(
                Item(
                    subject: subject, kind: kind, score: item.score, band: item.band, enrolled: enrolled,
                    perks: item.perks, sanctions: sanctions))
        }
        var parts: [Part] = []
        for part in text.partitions {
            let clock = part.clock.flatMap { Timestamp($0) }
            guard (clock == nil) == (part.clock == nil) else { return nil }
            parts.append(
                Part(
                    partition: part.partition, offset: part.offset, clock: clock, lag: part.lag,
                    isCurrent: part.current))
        }
        var end: [UInt8]?
        if let next = text.next {
            guard let cursor = try? SubjectCursor(next, of: search) else { return nil }
            end = cursor.last
            // A page without progress would cause endless questions.
            guard (search.after ?? []).lexicographicallyPrecedes(cursor.last) else { return nil }
        }
        self.init(items: items, completeThrough: end, parts: parts, missing: text.missing)
    }
}
