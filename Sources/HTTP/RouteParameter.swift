internal import Events

/// A parameter as a route declares it. The table refuses every value that the declaration does not allow, so a handler reads it
/// without a check.
public struct RouteParameter: Sendable {
    public enum Location: String, Sendable { case path, query, header }

    public enum Form: Sendable {
        /// UTF-8 of so many characters (Unicode scalars), and of at most `maximumBytes`.
        case text(ClosedRange<Int>, maximumBytes: Int = .max)
        case integer(ClosedRange<Int64>)
        case oneOf([String])
        /// The same in one line: no control characters, and more than spaces.
        case line(ClosedRange<Int>)
        /// RFC 3339.
        case time
        /// RFC 3339, or a ledger offset.
        case timeOrOffset
        /// `true` or `false`.
        case flag
    }

    public let name: String
    public let location: Location
    public let form: Form
    public let isRequired: Bool
    public let description: String
    /// Nil if there is none.
    public let example: String?

    public init(
        _ name: String, in location: Location = .query, _ form: Form, isRequired: Bool = false, example: String? = nil,
        _ description: String
    ) {
        (self.name, self.location, self.form) = (name, location, form)
        self.isRequired = isRequired || location == .path
        (self.example, self.description) = (example, description)
    }

    /// What is wrong with a value; nil if nothing is. The text does not repeat the value, which may name a subject.
    func mistake(in value: String) -> Mistake? {
        func outOfRange(_ text: String) -> Mistake { Mistake(code: "parameter-out-of-range", text) }
        func malformed(_ text: String) -> Mistake { Mistake(code: "parameter-malformed", text) }
        switch form {
        case .text(let length, let maximumBytes):
            let count = value.unicodeScalars.count
            guard length.contains(count) else {
                return outOfRange("\(name) has \(length.lowerBound) to \(length.upperBound) characters")
            }
            return value.utf8.count > maximumBytes ? outOfRange("\(name) has at most \(maximumBytes) bytes") : nil
        case .line(let length):
            guard length.contains(value.unicodeScalars.count) else {
                return outOfRange("\(name) has \(length.lowerBound) to \(length.upperBound) characters")
            }
            let isLine = value.unicodeScalars.allSatisfy {
                $0.properties.generalCategory != .control && $0 != "\u{FFFD}" && $0 != "\u{2028}" && $0 != "\u{2029}"
            }
            guard isLine, value.contains(where: { !$0.isWhitespace }) else {
                return malformed("\(name) is a line of text without control characters")
            }
        case .integer(let range):
            guard let number = Self.integer(value) else { return malformed("\(name) is a decimal number") }
            guard range.contains(number) else {
                return outOfRange("\(name) is a number from \(range.lowerBound) to \(range.upperBound)")
            }
        case .oneOf(let names):
            guard names.contains(value) else { return malformed("\(name) is one of \(names.joined(separator: ", "))") }
        case .time:
            guard Timestamp(value) != nil else {
                return malformed("\(name) is a time of RFC 3339, such as 2026-01-31T12:00:00Z")
            }
        case .timeOrOffset:
            guard Timestamp(value) != nil || Self.integer(value).map({ $0 >= 0 }) == true else {
                return malformed("\(name) is a time of RFC 3339, such as 2026-01-31T12:00:00Z, or a ledger offset")
            }
        case .flag:
            guard value == "true" || value == "false" else { return malformed("\(name) is true or false") }
        }
        return nil
    }

    struct Mistake: Hashable {
        let code: String
        let text: String

        init(code: String, _ text: String) { (self.code, self.text) = (code, text) }
    }

    /// Digits, with a `-` before them if any, that fit.
    static func integer(_ text: some StringProtocol) -> Int64? {
        guard text.utf8.first != UInt8(ascii: "+") else { return nil }
        return Int64(text)
    }

    var schema: JSONSchema {
        switch form {
        case .text(let length, _): .text(length)
        case .line(let length): .line(length)
        case .integer(let range): .integer(range)
        case .oneOf(let names): .oneOf(names)
        case .time: .time
        case .timeOrOffset: .either([.time, .integer(0...Int64.max)])
        case .flag: .boolean
        }
    }
}

extension RouteParameter {
    /// The most bytes that an event's subject has.
    public static let maximumSubjectBytes = EventDecoder.maximumAttributeBytes
    /// The most characters of a purpose.
    public static let maximumPurpose = 200

    /// A subject that the path or the query names.
    public static func subject(_ name: String = "id", in location: Location = .path) -> RouteParameter {
        RouteParameter(
            name, in: location, .text(1...maximumSubjectBytes, maximumBytes: maximumSubjectBytes), isRequired: true,
            example: "citizen-17", "The subject's id, percent-encoded.")
    }

    /// What another's file is read for, in the query.
    static let purpose = RouteParameter(
        "purpose", .line(1...maximumPurpose), example: "appeal of 12 May",
        "What the file is read for, unless it is the caller's own: the file shows it. No control characters. In the header "
            + "Standing-Purpose, or here.")

    /// The same in the header.
    static let purposeHeader = RouteParameter(
        "Standing-Purpose", in: .header, .line(1...maximumPurpose), example: "appeal of 12 May",
        "As the parameter purpose.")
}
