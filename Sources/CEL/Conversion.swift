/// The functions `int(x)`, `string(x)`, `type(x)` and the other conversions.
enum Conversion {
    /// `value` is not an error.
    static func convert(_ value: Value, by function: StandardFunction, _ frame: EvaluationFrame) -> Value {
        if case .string(let text) = value, function != .string, function != .type {
            guard frame.pays(text.bytes.count >> 2) else { return .error(.tooExpensive) }
        }
        switch function {
        case .int: return int(value)
        case .uint: return uint(value)
        case .double: return double(value)
        case .string: return string(value, frame)
        case .type: return value.valueType.map { .type(TypeName($0.name)) } ?? value
        case .bytes:
            switch value {
            case .bytes: return value
            case .string(let text): return .bytes(text)
            default: return .error(.noSuchOverload)
            }
        case .bool:
            switch value {
            case .bool: return value
            case .string(let text): return bool(text)
            default: return .error(.noSuchOverload)
            }
        case .timestamp:
            switch value {
            case .timestamp: return value
            case .string(let text): return orBad(Moment(timestamp: text.bytes).map { .timestamp($0) })
            case .int(let seconds):
                return Moment(timestampSeconds: seconds).map { .timestamp($0) } ?? .error(.overflow)
            default: return .error(.noSuchOverload)
            }
        case .duration:
            switch value {
            case .duration: return value
            case .string(let text): return orBad(Moment(duration: text.bytes).map { .duration($0) })
            default: return .error(.noSuchOverload)
            }
        default: return .error(.noSuchOverload)
        }
    }

    private static func orBad(_ value: Value?) -> Value { value ?? .error(.badConversion) }

    private static func int(_ value: Value) -> Value {
        switch value {
        case .int: return value
        case .uint(let uint): return Int64(exactly: uint).map { .int($0) } ?? .error(.overflow)
        case .double(let double):
            // Both ends are excluded, because a double there may represent an int that does not fit.
            return double > -0x1p63 && double < 0x1p63 ? .int(Int64(double)) : .error(.overflow)
        case .string(let text): return orBad(integer(text.bytes, signed: true).map { .int($0) })
        case .timestamp(let moment): return .int(moment.seconds)
        default: return .error(.noSuchOverload)
        }
    }

    private static func uint(_ value: Value) -> Value {
        switch value {
        case .uint: return value
        case .int(let int): return UInt64(exactly: int).map { .uint($0) } ?? .error(.overflow)
        case .double(let double):
            return double >= 0 && double < 0x1p64 ? .uint(UInt64(double)) : .error(.overflow)
        case .string(let text): return orBad(integer(text.bytes, signed: false).map { .uint($0) })
        default: return .error(.noSuchOverload)
        }
    }

    private static func double(_ value: Value) -> Value {
        switch value {
        case .double: return value
        case .int(let int): return .double(Double(int))
        case .uint(let uint): return .double(Double(uint))
        case .string(let text): return orBad(DecimalText.parse(text.bytes).map { .double($0) })
        default: return .error(.noSuchOverload)
        }
    }

    private static func string(_ value: Value, _ frame: EvaluationFrame) -> Value {
        switch value {
        case .string: return value
        case .int(let int): return .string(Text(String(int)))
        case .uint(let uint): return .string(Text(String(uint)))
        case .double(let double): return .string(Text(DecimalText.shortest(double)))
        case .bool(let bool): return .string(Text(bool ? "true" : "false"))
        case .timestamp(let moment): return .string(Text(moment.timestampText))
        case .duration(let span): return .string(Text(span.durationText))
        case .bytes(let text):
            guard frame.pays(text.bytes.count >> 3) else { return .error(.tooExpensive) }
            return text.isUTF8 ? .string(text) : .error(.badConversion)
        default: return .error(.noSuchOverload)
        }
    }

    private static func bool(_ text: Text) -> Value {
        // The spellings of Go's ParseBool, and no others. The longest is "false".
        guard text.bytes.count <= 5 else { return .error(.badConversion) }
        switch text.string {
        case "1", "t", "T", "true", "TRUE", "True": return .bool(true)
        case "0", "f", "F", "false", "FALSE", "False": return .bool(false)
        default: return .error(.badConversion)
        }
    }

    /// Parses decimal digits, with a sign before them if `signed`.
    private static func integer<T: FixedWidthInteger>(_ text: UnsafeRawBufferPointer, signed: Bool) -> T? {
        var digits = text[...]
        var isNegative = false
        if signed, let first = digits.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            digits = digits.dropFirst()
        }
        guard !digits.isEmpty else { return nil }
        var value: T = 0
        for byte in digits {
            guard byte.isDigit else { return nil }
            let digit = T(byte - UInt8(ascii: "0"))
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (next, overflow) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if tooLarge || overflow { return nil }
            value = next
        }
        return value
    }
}
