internal import Events
internal import Foundation

/// A JSON object of a request. Its members are read by name, and a member that is not read is a mistake.
struct StrictObject {
    private let bytes: [UInt8]
    /// The text of each member's value.
    private let members: [(name: String, value: Range<Int>)]
    private var taken: Set<String> = []

    /// Throws `ControlRefusal`.
    init(_ body: [UInt8]) throws(ControlRefusal) {
        let decoder = EventDecoder()
        // The text is in the decoder's memory.
        let found = withExtendedLifetime(decoder) { body.withUnsafeBytes { decoder.object(in: $0).map { Array($0) } } }
        switch found {
        case .failure(let defect): throw .invalid("the body is no JSON object that can be read: \(defect)")
        case .success(let text): bytes = text
        }
        members = Self.members(of: bytes)
    }

    /// The text is a valid object, so every value ends at the next comma, or the closing brace, of its level.
    private static func members(of text: [UInt8]) -> [(name: String, value: Range<Int>)] {
        let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
        var members: [(String, Range<Int>)] = []
        var (index, depth) = (1, 1)
        var name: String?
        var start: Int?
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        func endOfString(_ from: Int) -> Int {
            var index = from + 1
            while text[index] != quote { index += text[index] == backslash ? 2 : 1 }
            return index + 1
        }
        while index < text.count {
            let byte = text[index]
            if byte == quote {
                let end = endOfString(index)
                if depth == 1, name == nil {
                    name = string(Array(text[index..<end]))
                } else if depth == 1, start == nil {
                    start = index
                }
                index = end
                continue
            }
            if depth == 1, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") {
                if let name, let start {
                    var end = index
                    while end > start, isBlank(text[end - 1]) { end -= 1 }
                    members.append((name, start..<end))
                }
                (name, start) = (nil, nil)
            } else if depth == 1, name != nil, start == nil, byte != UInt8(ascii: ":"), !isBlank(byte) {
                start = index
            }
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { depth += 1 }
            if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { depth -= 1 }
            index += 1
        }
        return members
    }

    private static func string(_ text: [UInt8]) -> String? { try? JSONDecoder().decode(String.self, from: Data(text)) }

    // MARK: Members

    /// The member's unchanged text; nil if there is none, or it is null.
    mutating func text(_ name: String) -> [UInt8]? {
        taken.insert(name)
        guard let member = members.first(where: { $0.name == name }) else { return nil }
        let text = Array(bytes[member.value])
        return text == Array("null".utf8) ? nil : text
    }

    /// A string of at most `maximum` bytes; nil if there is none.
    mutating func string(ifGiven name: String, maximum: Int) throws(ControlRefusal) -> String? {
        guard let text = text(name) else { return nil }
        guard let string = Self.string(text) else { throw .invalid("\(name) is no string") }
        guard string.utf8.count <= maximum else { throw .invalid("\(name) has more than \(maximum) bytes") }
        return string
    }

    /// A string that is not empty.
    mutating func string(_ name: String, maximum: Int = EventDecoder.maximumAttributeBytes) throws(ControlRefusal)
        -> String
    {
        guard let string = try string(ifGiven: name, maximum: maximum) else { throw .invalid("\(name) is missing") }
        guard !string.isEmpty else { throw .invalid("\(name) is empty") }
        return string
    }

    mutating func flag(_ name: String) throws(ControlRefusal) -> Bool {
        switch text(name) {
        case nil: return false
        case Array("true".utf8): return true
        case Array("false".utf8): return false
        default: throw .invalid("\(name) is neither true nor false")
        }
    }

    /// An object's text; nil if there is none.
    mutating func object(ifGiven name: String) throws(ControlRefusal) -> String? {
        guard let text = text(name) else { return nil }
        guard text.first == UInt8(ascii: "{") else { throw .invalid("\(name) is no object") }
        return String(decoding: text, as: UTF8.self)
    }

    mutating func strings(_ name: String, maximum: Int) throws(ControlRefusal) -> [String] {
        guard let text = text(name) else { throw .invalid("\(name) is missing") }
        guard let list = try? JSONDecoder().decode([String].self, from: Data(text)) else {
            throw .invalid("\(name) is no list of strings")
        }
        guard (1...maximum).contains(list.count) else { throw .invalid("\(name) has 1 to \(maximum) items") }
        return list
    }

    /// Throws if there is a member that was not read.
    func end() throws(ControlRefusal) {
        guard let unknown = members.first(where: { !taken.contains($0.name) }) else { return }
        throw .invalid(
            "\(unknown.name.prefix(100)) is no member of this act: \(taken.sorted().joined(separator: ", "))")
    }
}
