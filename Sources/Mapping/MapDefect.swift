/// The reason why a record is not an event: the part of the map, the expression, and the error. It has nothing of the
/// record's content.
public struct MapDefect: Error, Hashable, Sendable, CustomStringConvertible {
    /// The part without a value. `value` and `key` mean that the record's own value or key cannot be read.
    public enum Part: String, CaseIterable, Sendable {
        case value, key, when, id, source, type, subject, time, data
    }

    public let part: Part
    /// The member of `data`; empty if it concerns none.
    public let member: String
    /// The expression's text; nil if it concerns none.
    public let expression: String?
    public let message: String

    init(_ part: Part, member: String = "", expression: String? = nil, _ message: String) {
        self.part = part
        self.member = member
        self.expression = expression
        self.message = message
    }

    /// `map/PART`, the dead letter's class. There are few values, so it can be a metric label.
    public var code: String { Self.code(of: part) }

    /// Every code.
    public static let codes = Part.allCases.map(code)

    private static func code(of part: Part) -> String { "map/\(part.rawValue)" }

    public var description: String {
        let location = member.isEmpty ? part.rawValue : "\(part.rawValue).\(member)"
        return expression.map { "\(location): \(message), in: \($0)" } ?? "\(location): \(message)"
    }
}
