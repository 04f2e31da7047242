internal import Events
internal import Foundation
internal import Scoring

// What members ask each other. Each answers for the ledger partitions that it owns, and the member that is asked first merges the pages.
extension AppealsQueue {
    /// A member's question to another one. The body of a request, because the positions of two members differ in their key.
    public struct Question: Codable, Sendable {
        let limit: Int
        /// `Position.text`; nil for the first page.
        let after: String?
        /// Of the asking member's positions, 64 hexadecimal digits.
        let key: String
        let partitions: [Int32]
        let statements: Bool

        /// The bytes of the question's JSON.
        public var json: [UInt8] { AppealsQueue.bytes(self) }

        /// Nil for anything that `json` does not give.
        public init?(json: [UInt8]) {
            guard let question = try? JSONDecoder().decode(Self.self, from: Data(json)),
                (1...AppealsQueue.maximumPage).contains(question.limit), question.fingerprintKey != nil,
                question.partitions.count <= SubjectSearch.maximumPartitions,
                question.after.map({ Position($0) != nil }) ?? true
            else { return nil }
            self = question
        }

        init(limit: Int, after: Position?, key: FingerprintKey, partitions: [Int32], statements: Bool) {
            (self.limit, self.after, self.key) = (limit, after?.text, key.description)
            (self.partitions, self.statements) = (partitions, statements)
        }

        var fingerprintKey: FingerprintKey? {
            Array(key.utf8).withUnsafeBytes { FingerprintKey(hexadecimal: $0) }
        }
    }

    /// The key of positions. Members with one secret have the same, so that each continues the others' pages, also after a restart.
    /// `seal`: nil where members have no secret; the key is then of this process.
    static func key(_ seal: MemberSeal?) -> FingerprintKey {
        let digits = seal.map { $0.code(Array("places in the queue of appeals".utf8)) } ?? []
        var generator = SystemRandomNumberGenerator()
        return Array(Hex.text(digits).utf8).withUnsafeBytes { FingerprintKey(hexadecimal: $0) }
            ?? .random(using: &generator)
    }

    /// The question for the appeals of missing partitions.
    public func question(of partitions: [Int32], _ service: PipelineService, statements: Bool) -> Question {
        Question(limit: limit, after: after, key: service.appealsKey, partitions: partitions, statements: statements)
    }

    /// The answer to another member.
    public var json: [UInt8] { Self.bytes(self) }

    /// Adds another member's answer to the question about some of the missing `partitions`. Returns false, and adds nothing, for
    /// anything else: nothing of it is trusted.
    @discardableResult public mutating func merge(_ json: [UInt8], of partitions: [Int32]) -> Bool {
        guard let answer = try? JSONDecoder().decode(Self.self, from: Data(json)),
            (answer.partitions + answer.missing).sorted() == partitions.sorted(), answer.items.count <= limit,
            (answer.items.count...Int(Int32.max)).contains(answer.total), (0...answer.total).contains(answer.stayed),
            answer.items.allSatisfy({ isItem($0, of: answer.partitions) })
        else { return false }
        add(answer)
        return true
    }

    private func isItem(_ item: Item, of partitions: [Int32]) -> Bool {
        guard partitions.contains(item.partition), item.position.decideBy == item.appeal.decideBy.microseconds,
            item.position.sanction == item.appeal.sanction, after.map({ $0 < item.position }) ?? true,
            [item.clock, item.appeal.since, item.appeal.until, item.appeal.decideBy].allSatisfy({
                Timestamp.writable.contains($0.microseconds)
            })
        else { return false }
        guard let statement = item.statement else { return true }
        return (try? JSONSerialization.jsonObject(with: Data(statement.utf8), options: .fragmentsAllowed)) != nil
    }

    private static func bytes(_ value: some Encodable) -> [UInt8] {
        // Texts and integers are always encodable.
        (try? JSONEncoder().encode(value)).map { Array($0) } ?? []
    }
}
