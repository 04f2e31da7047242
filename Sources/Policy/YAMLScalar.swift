/// A scalar of the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).
public enum YAMLScalar: Hashable, Sendable {
    case text(String)
    case null
    case bool(Bool)
    /// The number in JSON: an integer has neither fraction nor exponent, any other number has one of them. A
    /// hexadecimal or octal integer that does not fit 64 bits is the nearest double.
    case number(String)
    /// `.inf`, `.nan`, or a number beyond a double: JSON has no such number.
    case unwritable

    /// The tags of the schema's scalars.
    enum Tag: String {
        case text = "tag:yaml.org,2002:str"
        case null = "tag:yaml.org,2002:null"
        case bool = "tag:yaml.org,2002:bool"
        case integer = "tag:yaml.org,2002:int"
        case float = "tag:yaml.org,2002:float"
    }

    /// A scalar without quotes and without a tag.
    public init(plain text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN":
            self = .unwritable
        default: self = Self.based(text) ?? Self.decimal(text).map { .number($0) } ?? .text(text)
        }
    }

    /// A scalar with a tag; nil if the text is not a value of the tag.
    init?(_ text: String, tag: Tag) {
        let plain = YAMLScalar(plain: text)
        switch (tag, plain) {
        case (.text, _): self = .text(text)
        case (.null, .null), (.bool, .bool), (.float, .unwritable): self = plain
        case (.integer, .number) where Self.isWhole(text): self = plain
        case (.float, .number(let number)) where Self.based(text) == nil:
            self = .number(number.utf8.contains { ".eE".utf8.contains($0) } ? number : number + ".0")
        default: return nil
        }
    }

    private static func isWhole(_ text: String) -> Bool {
        based(text) != nil || !text.utf8.contains { ".eE".utf8.contains($0) }
    }

    /// `0x[0-9a-fA-F]+` and `0o[0-7]+`
    private static func based(_ text: String) -> YAMLScalar? {
        let bits = text.hasPrefix("0x") ? 4 : text.hasPrefix("0o") ? 3 : 0
        guard bits > 0 else { return nil }
        let digits = text.unicodeScalars.dropFirst(2)
        guard !digits.isEmpty else { return nil }
        // After 61 bits further digits change only the exponent, and the lowest bit is set if any of them is not 0.
        // That suffices to round once, correctly, to a double's 53 bits.
        var mantissa: UInt64 = 0
        var exponent = 0
        for scalar in digits {
            guard scalar.isASCII, let digit = Character(scalar).hexDigitValue, digit < 1 << bits else { return nil }
            if exponent == 0, mantissa.leadingZeroBitCount >= bits {
                mantissa = mantissa << UInt64(bits) | UInt64(digit)
            } else {
                exponent += bits
                if digit != 0 { mantissa |= 1 }
            }
        }
        if exponent == 0, let number = Int64(exactly: mantissa) { return .number(String(number)) }
        let number = Double(sign: .plus, exponent: exponent, significand: Double(mantissa))
        return number.isFinite ? .number("\(number)") : .unwritable
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` as in JSON: a digit on either side of the point, and
    /// neither `+` nor leading zeros.
    private static func decimal(_ text: String) -> String? {
        var rest = text.utf8[...]
        func digits() -> Substring {
            let found = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            rest = rest[found.endIndex...]
            return Substring(found)
        }
        func take(_ signs: String) -> Substring {
            let found = rest.prefix(1)
            guard let byte = found.first, signs.utf8.contains(byte) else { return "" }
            rest = rest.dropFirst()
            return Substring(found)
        }
        let sign = take("-+")
        let whole = digits()
        let point = take(".")
        let fraction = point.isEmpty ? "" : digits()
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        var exponent = take("eE")
        if !exponent.isEmpty {
            exponent += take("-+")
            let digits = digits()
            guard !digits.isEmpty else { return nil }
            exponent += digits
        }
        guard rest.isEmpty else { return nil }
        let significant = whole.drop { $0 == "0" }
        var number = (sign == "-" ? "-" : "") + (significant.isEmpty ? "0" : significant)
        if !point.isEmpty { number += "." + (fraction.isEmpty ? "0" : fraction) }
        return number + exponent
    }
}

extension YAMLReader.Value {
    /// The scalar, according to its tag. Nil for a list, a mapping, a tag outside the core schema, and a text that is
    /// not a value of its tag.
    public var scalar: YAMLScalar? {
        guard case .scalar(let text, let isPlain) = node.content else { return nil }
        guard !node.tag.isEmpty else { return isPlain ? YAMLScalar(plain: text) : .text(text) }
        guard node.tag != YAMLNode.nonSpecificTag else { return .text(text) }
        return YAMLScalar.Tag(rawValue: node.tag).flatMap { YAMLScalar(text, tag: $0) }
    }

    /// The items of a list; nil for any other value.
    public var items: [Self]? {
        guard case .sequence(let items) = node.content else { return nil }
        return items.map { Self($0) }
    }

    /// Whether it is a list or a mapping.
    var isCollection: Bool {
        if case .scalar = node.content { false } else { true }
    }
}
