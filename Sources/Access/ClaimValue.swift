internal import Foundation

/// A JSON value of a token's claims.
enum ClaimValue: Decodable, Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([ClaimValue])
    case object([String: ClaimValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let bool = try? container.decode(Bool.self) {
            self = .bool(bool)
        } else if let list = try? container.decode([ClaimValue].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: ClaimValue].self))
        }
    }

    /// The value under a path such as `realm_access.roles`. A name with dots, such as that of a URL, is looked up as a whole first.
    func value(at path: String) -> ClaimValue? {
        guard case .object(let members) = self else { return nil }
        if let value = members[path] { return value }
        guard let dot = path.firstIndex(of: ".") else { return nil }
        return members[String(path[..<dot])]?.value(at: String(path[path.index(after: dot)...]))
    }

    /// The strings of a list of strings, or the words of a string; nil if it is anything else.
    var words: [String]? {
        switch self {
        case .text(let text): text.split(separator: " ").map(String.init)
        case .list(let items):
            items.reduce(into: [String]?.some([])) { words, item in
                if case .text(let text) = item { words?.append(text) } else { words = nil }
            }
        default: nil
        }
    }
}

extension ClaimValue {
    /// Nil if the bytes are not a JSON object.
    init?(json bytes: [UInt8]) {
        guard let value = try? JSONDecoder().decode(ClaimValue.self, from: Data(bytes)), case .object = value else {
            return nil
        }
        self = value
    }
}
