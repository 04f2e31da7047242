internal import Events
internal import Foundation

/// Why a record is not a fact that a service can use. It names positions and types, and no values, so it is safe to
/// log.
public struct MalformedFact: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }

    init(_ error: DecodingError) {
        func path(_ keys: [any CodingKey]) -> String {
            keys.isEmpty
                ? "the record" : keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): description = "\(path(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): description = "\(path(context.codingPath)) is null"
        case .typeMismatch(let type, let context): description = "\(path(context.codingPath)) is not of type \(type)"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            description = "\(path(context.codingPath)) is invalid"
        default: description = "not JSON, or a number that does not fit"
        }
    }
}

/// One fact as in its record: a CloudEvent in JSON. Times are RFC 3339 text, unchanged.
public struct FactMessage: Decodable, Sendable, Equatable {
    public struct Policy: Decodable, Sendable, Equatable {
        public let id: String
        public let version: Int64
    }

    /// The event that caused the change (`source`, `id`, `type`), or the timer.
    public struct Cause: Decodable, Sendable, Equatable {
        public let source: String?
        public let id: String?
        public let type: String?
        public let timer: String?
    }

    public struct Reason: Codable, Sendable, Equatable {
        public let rule: String
        public let dimension: String
        public let points: Int64
    }

    public struct Standing: Decodable, Sendable, Equatable {
        public let score: Int64
        public let band: String
    }

    public struct Content: Decodable, Sendable, Equatable {
        public let policy: Policy
        public let cause: Cause
        /// The largest first.
        public let reasons: [Reason]
        /// Nil at enrolment.
        public let before: Standing?
        /// Nil for the score of a subject that withdraws.
        public let after: Standing?
        /// Only in perk facts.
        public let perk: String?
        /// Only in sanction facts, like `measures`, `since` and `until`.
        public let sanction: String?
        public let measures: [String]?
        public let since: String?
        public let until: String?
        /// Why a sanction was lifted.
        public let reason: String?
        /// True if a rejected appeal restores a sanction that was noticed or in force before.
        public let restored: Bool?
    }

    /// `sequence` is a string of digits, or a number in the facts of older ledgers.
    private struct Sequence: Decodable {
        let number: Int64

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            guard let text = try? container.decode(String.self) else {
                number = try container.decode(Int64.self)
                return
            }
            guard let number = FactSequence.number(text.utf8) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no decimal digits")
            }
            self.number = number
        }
    }

    private enum CodingKeys: String, CodingKey { case specversion, id, source, type, subject, time, sequence, data }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        specversion = try container.decode(String.self, forKey: .specversion)
        id = try container.decode(String.self, forKey: .id)
        source = try container.decode(String.self, forKey: .source)
        type = try container.decode(String.self, forKey: .type)
        subject = try container.decode(String.self, forKey: .subject)
        time = try container.decode(String.self, forKey: .time)
        sequence = try container.decode(Sequence.self, forKey: .sequence).number
        data = try container.decode(Content.self, forKey: .data)
    }

    public let specversion: String
    public let id: String
    public let source: String
    public let type: String
    /// Never empty.
    public let subject: String
    public let time: String
    /// At least 1.
    public let sequence: Int64
    public let data: Content

    private static let decoder = JSONDecoder()

    public init(json: UnsafeRawBufferPointer) throws(MalformedFact) {
        do {
            self = try Self.decoder.decode(FactMessage.self, from: Data(json))
        } catch let error as DecodingError {
            throw MalformedFact(error)
        } catch {
            throw MalformedFact("unreadable")
        }
        guard specversion == "1.0" else { throw MalformedFact("specversion is not 1.0") }
        guard !subject.isEmpty else { throw MalformedFact("subject is empty") }
        guard sequence >= 1 else { throw MalformedFact("sequence is less than 1") }
    }
}
