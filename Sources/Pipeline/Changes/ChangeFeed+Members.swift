internal import Foundation
internal import Scoring
internal import Synchronization

// What members ask each other: each gives the facts that it publishes, so that a reader at one member has those of all. A fact's count is
// the same at every member, so a reader's token is valid at all of them, also after a change of owner.
extension ChangeFeed {
    /// From where on the facts of ledger partitions are wanted.
    public struct Question: Codable, Sendable {
        struct Position: Codable {
            let partition: Int32
            /// Of the first fact; nil for the oldest that there is.
            let count: Int64?
        }

        let positions: [Position]

        private enum CodingKeys: String, CodingKey { case positions = "places" }

        /// The bytes of the question's JSON.
        public var json: [UInt8] { ChangeFeed.bytes(self) }

        /// Nil for anything that `json` does not give.
        public init?(json: [UInt8]) {
            guard let question = try? JSONDecoder().decode(Self.self, from: Data(json)),
                question.positions.count <= SubjectSearch.maximumPartitions
            else { return nil }
            self = question
        }

        init(_ positions: [Position]) { self.positions = positions }
    }

    struct Answer: Codable {
        struct Part: Codable {
            let partition: Int32
            /// The count of the first of `facts`; without any, of the next one.
            let from: Int64
            /// The JSON of each, with consecutive counts.
            var facts: [String]
        }

        var parts: [Part] = []
        var hasMore = false
    }

    /// Bytes of facts in an answer, about.
    private static let answerBytes = 512 << 10
    private static let betweenLooks = Duration.milliseconds(100)

    // MARK: The owner

    /// The answer to another member: at once if there are facts, or else when there are, or after `limit`. Of partitions that this member
    /// does not own there is no part.
    public func answer(_ question: Question, within limit: Duration) async -> [UInt8] {
        // While there is a subscription, and for some time after it, every fact is copied into the rings.
        let subscription = subscribe(.own)
        defer { subscription?.cancel() }
        let deadline = ContinuousClock.now + limit
        while true {
            let answer = answer(question)
            let isNew = question.positions.contains { $0.count == nil } || answer.parts.count < question.positions.count
            let isOver = ContinuousClock.now >= deadline || subscription?.hasEnded ?? true
            if isNew || isOver || answer.parts.contains(where: { !$0.facts.isEmpty }) { return Self.bytes(answer) }
            guard (try? await Task.sleep(for: Self.betweenLooks)) != nil else { return Self.bytes(answer) }
        }
    }

    private func answer(_ question: Question) -> Answer {
        var (answer, left) = (Answer(), Self.answerBytes)
        for position in question.positions {
            let partition = self[position.partition]
            guard partition.isOwned else { continue }
            let part = partition.withLock { state -> Answer.Part? in
                guard let first = state.ring.readableFrom, let end = state.ring.releasedCount else { return nil }
                // What the ring does not have is a gap.
                let from = position.count.flatMap { state.ring.entry(count: $0) == nil ? nil : $0 } ?? first
                var part = Answer.Part(partition: position.partition, from: from, facts: [])
                guard from < end, let start = state.ring.entry(count: from) else { return part }
                for entry in start..<state.ring.released {
                    guard left > 0 else {
                        answer.hasMore = true
                        break
                    }
                    let fact = String(decoding: state.ring.value(state.ring[entry]), as: UTF8.self)
                    left -= fact.utf8.count
                    part.facts.append(fact)
                }
                return part
            }
            if let part { answer.parts.append(part) }
        }
        return answer
    }

    // MARK: The asking member

    /// Whether there are subscriptions other than those of members.
    public var hasReaders: Bool { watchers.hasReaders }

    /// The question for what follows the facts that are here.
    public func question(of partitions: [Int32]) -> Question {
        Question(partitions.map { Question.Position(partition: $0, count: self[$0].nextMirrored) })
    }

    /// Takes the owner's answer about `partitions`. Returns false, and takes nothing, for anything else: nothing of it is trusted.
    public func mirror(_ json: [UInt8], of partitions: [Int32]) -> Bool {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(json)),
            answer.parts.allSatisfy({ partitions.contains($0.partition) && (1..<1 << 60).contains($0.from) })
        else { return false }
        var parts: [(Answer.Part, [(Fact.Kind, [UInt8], [UInt8])])] = []
        for part in answer.parts {
            let facts = part.facts.compactMap { Self.fact(Array($0.utf8)) }
            guard facts.count == part.facts.count else { return false }
            parts.append((part, facts))
        }
        for (part, facts) in parts { self[part.partition].mirror(facts, from: part.from, isWhole: !answer.hasMore) }
        for partition in partitions where !answer.parts.contains(where: { $0.partition == partition }) {
            self[partition].endMirror()
        }
        return true
    }

    /// Nobody answers for these partitions now.
    public func endMirror(of partitions: some Sequence<Int32>) {
        for partition in partitions { self[partition].endMirror() }
    }

    private static let kinds: [String: Fact.Kind] = {
        let kinds: [Fact.Kind] = [
            .scoreChanged, .sanctionNoticed, .sanctionInForce, .sanctionStayed, .sanctionLifted, .perkGranted,
            .perkRevoked,
        ]
        return Dictionary(uniqueKeysWithValues: kinds.map { ("\($0.type)", $0) })
    }()

    private static func fact(_ json: [UInt8]) -> (Fact.Kind, [UInt8], [UInt8])? {
        guard let text = FactText(json[...]), let kind = kinds[text.type] else { return nil }
        return (kind, Array(text.subjectText.utf8), json)
    }

    private static func bytes(_ value: some Encodable) -> [UInt8] {
        // Texts and integers are always encodable.
        (try? JSONEncoder().encode(value)).map { Array($0) } ?? []
    }
}
