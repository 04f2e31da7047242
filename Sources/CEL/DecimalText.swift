/// Numbers as text, independent of the locale.
public enum DecimalText {
    /// An optional sign, then decimal digits: the syntax of Go's `ParseInt(text, 10, 64)`. Nil for any other text, and
    /// beyond Int64.
    public static func integer(_ text: UnsafeRawBufferPointer) -> Int64? {
        let negative = text.first == 0x2D
        let digits = negative || text.first == 0x2B ? UnsafeRawBufferPointer(rebasing: text.dropFirst()) : text
        guard let magnitude = unsigned(digits) else { return nil }
        if negative { return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }

    /// Decimal digits without a sign. Nil for any other text, and beyond UInt64.
    public static func unsigned(_ text: UnsafeRawBufferPointer) -> UInt64? {
        guard text.count > 0 else { return nil }
        var value: UInt64 = 0
        for byte in text {
            let digit = byte &- 0x30
            guard digit <= 9 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// The syntax of Go's `ParseFloat(text, 64)`: `[+-] digits [. digits] [e[+-]digits]` with a digit on either side of
    /// the point, single `_` between digits, hexadecimal `0x1.8p-3`, `[+-]inf`, `[+-]infinity` and `nan` in any case.
    /// Rounded to nearest, ties to even. Nil for any other text, and if a finite text is beyond Double.
    public static func parse(_ text: UnsafeRawBufferPointer) -> Double? {
        var index = 0
        let negative = text.first == 0x2D
        if negative || text.first == 0x2B { index = 1 }
        guard index < text.count else { return nil }
        if lower(text[index]) == 0x69 {
            guard equal(text, from: index, "inf") || equal(text, from: index, "infinity") else { return nil }
            return negative ? -Double.infinity : .infinity
        }
        if index == 0, equal(text, from: 0, "nan") { return .nan }
        if index + 2 < text.count, text[index] == 0x30, lower(text[index + 1]) == 0x78 {
            return hexadecimal(text, from: index + 2, negative: negative)
        }
        var number = DecimalNumber()
        number.negative = negative
        guard let end = number.scan(text, from: index, underscores: true), end == text.count else { return nil }
        let value = number.value(text)
        return value.isInfinite ? nil : value
    }

    /// The decimal number that starts at `start`, without sign and `_`, and its end. Nil without a digit; infinite beyond Double.
    public static func number(_ text: UnsafeRawBufferPointer, from start: Int) -> (value: Double, end: Int)? {
        var number = DecimalNumber()
        guard let end = number.scan(text, from: start, underscores: false) else { return nil }
        return (number.value(text), end)
    }

    /// The shortest text that parses to the same double, in the form of Go's `%g`, which CEL prints: an exponent of at
    /// least two digits below 10^-4 and from 10^6 on, and no point if there is no fraction. `NaN`, `+Inf` and `-Inf`
    /// are texts of their own.
    public static func shortest(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        var (digits, point) = significant(value.magnitude)
        var text: [UInt8] = value < 0 ? [0x2D] : []
        let exponent = point - 1
        if exponent < -4 || exponent >= exponentFrom {
            text.append(digits.removeFirst())
            if !digits.isEmpty { text.append(0x2E) }
            text += digits
            text.append(0x65)
            text.append(exponent < 0 ? 0x2D : 0x2B)
            if exponent.magnitude < 10 { text.append(0x30) }
            text += String(exponent.magnitude).utf8
        } else if point <= 0 {
            text += [0x30, 0x2E]
            text += repeatElement(0x30, count: -point)
            text += digits
        } else {
            text += digits.prefix(point)
            text += repeatElement(0x30, count: max(0, point - digits.count))
            if digits.count > point {
                text.append(0x2E)
                text += digits.dropFirst(point)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The decimal exponent from which `shortest` writes an exponent.
    static let exponentFrom = 6

    /// The digits of the shortest text, without zeros at either end, and the position of the point among them.
    package static func significant(_ value: Double) -> (digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point: Int?
        var exponent = 0
        var text = value.description
        text.withUTF8 {
            let bytes = UnsafeRawBufferPointer($0)
            var index = 0
            while index < bytes.count, bytes[index] | 0x20 != 0x65 {
                if bytes[index] == 0x2E { point = digits.count } else { digits.append(bytes[index]) }
                index += 1
            }
            if index < bytes.count {
                exponent = Int(integer(UnsafeRawBufferPointer(rebasing: bytes[(index + 1)...])) ?? 0)
            }
        }
        var pointIndex = (point ?? digits.count) + exponent
        let zeros = digits.prefix { $0 == 0x30 }.count
        digits.removeFirst(zeros)
        pointIndex -= zeros
        while digits.last == 0x30 { digits.removeLast() }
        return (digits, pointIndex)
    }

    /// Parses the digits after `0x`. Go requires an exponent.
    private static func hexadecimal(_ text: UnsafeRawBufferPointer, from start: Int, negative: Bool) -> Double? {
        var mantissa: UInt64 = 0
        var exponent = 0
        var digits = 0
        var sawPoint = false
        var afterDigit = true
        var index = start
        scan: while index < text.count {
            let byte = lower(text[index])
            switch byte {
            case 0x30...0x39, 0x61...0x66:
                let digit = UInt64(byte <= 0x39 ? byte - 0x30 : byte - 0x57)
                digits += 1
                if mantissa >> 59 == 0 {
                    mantissa = mantissa << 4 | digit
                    if sawPoint { exponent -= 4 }
                } else {
                    // Beyond 60 bits it matters only whether a digit is not zero.
                    if digit != 0 { mantissa |= 1 }
                    if !sawPoint { exponent += 4 }
                }
                afterDigit = true
            case 0x5F:
                guard afterDigit, index + 1 < text.count, isHexadecimal(text[index + 1]) else { return nil }
                afterDigit = false
            case 0x2E:
                guard !sawPoint else { return nil }
                sawPoint = true
                afterDigit = false
            default: break scan
            }
            index += 1
        }
        guard digits > 0, index < text.count, lower(text[index]) == 0x70,
            let (power, end) = DecimalNumber.exponent(text, from: index + 1, underscores: true), end == text.count
        else { return nil }
        guard mantissa > 0 else { return negative ? -0.0 : 0 }
        let value = scaled(mantissa, by: exponent + power)
        guard value.isFinite else { return nil }
        return negative ? -value : value
    }

    /// mantissa × 2^exponent, rounded once.
    private static func scaled(_ mantissa: UInt64, by exponent: Int) -> Double {
        let top = 63 - mantissa.leadingZeroBitCount + exponent
        if top > 1024 { return .infinity }
        if top < -1080 { return 0 }
        // The exponent of the last bit of a double of this size.
        let unit = max(top - 52, -1074)
        let drop = unit - exponent
        if drop <= 0 { return Double(mantissa) * Double(sign: .plus, exponent: exponent, significand: 1) }
        guard drop < 64 else {
            return drop == 64 && mantissa > 1 << 63 ? Double(sign: .plus, exponent: unit, significand: 1) : 0
        }
        var rounded = mantissa >> UInt64(drop)
        let rest = mantissa & (1 << UInt64(drop) - 1)
        let half: UInt64 = 1 << UInt64(drop - 1)
        if rest > half || (rest == half && rounded & 1 == 1) { rounded += 1 }
        return rounded == 0 ? 0 : Double(sign: .plus, exponent: unit, significand: Double(rounded))
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        byte &- 0x30 <= 9 || lower(byte) &- 0x61 <= 5
    }

    private static func equal(_ text: UnsafeRawBufferPointer, from start: Int, _ word: StaticString) -> Bool {
        guard text.count - start == word.utf8CodeUnitCount else { return false }
        return (0..<word.utf8CodeUnitCount).allSatisfy { lower(text[start + $0]) == word.utf8Start[$0] }
    }
}

/// A decimal floating-point text: the range of its digits, and its value if 19 digits determine it.
struct DecimalNumber {
    var negative = false
    /// The first 19 significant digits.
    private(set) var mantissa: UInt64 = 0
    /// The value is mantissa × 10^exponent, unless `isCut`.
    private(set) var exponent = 0
    /// Whether digits that are not zero follow those in the mantissa.
    private(set) var isCut = false
    /// Whether it has neither a point nor an exponent.
    private(set) var isInteger = true
    private var start = 0
    private var end = 0

    /// The limit of exponents. The value is zero or infinite at the limit and beyond it.
    private static let farExponent = 100_000_000
    /// A text is rounded correctly by this many digits, with one more that stands for the rest.
    private static let decidingDigits = 800

    /// Reads `digits [. digits] [e[+-]digits]` with a digit on either side of the point. Returns the index after it;
    /// nil if there is no digit, if the exponent has none, or if a `_` is not allowed.
    mutating func scan(_ text: UnsafeRawBufferPointer, from first: Int, underscores: Bool) -> Int? {
        start = first
        var index = first
        var significant = 0
        var digits = 0
        var sawPoint = false
        var afterDigit = false
        scan: while index < text.count {
            let byte = text[index]
            switch byte {
            case 0x30...0x39:
                digits += 1
                afterDigit = true
                if significant < 19 {
                    mantissa = mantissa &* 10 &+ UInt64(byte - 0x30)
                    if mantissa > 0 { significant += 1 }
                    if sawPoint { exponent -= 1 }
                } else {
                    if byte != 0x30 { isCut = true }
                    if !sawPoint { exponent += 1 }
                }
            case 0x2E where !sawPoint:
                sawPoint = true
                afterDigit = false
                isInteger = false
            case 0x5F where underscores:
                guard afterDigit, index + 1 < text.count, text[index + 1] &- 0x30 <= 9 else { return nil }
                afterDigit = false
            default: break scan
            }
            index += 1
        }
        guard digits > 0 else { return nil }
        end = index
        if index < text.count, text[index] | 0x20 == 0x65 {
            guard let (power, after) = Self.exponent(text, from: index + 1, underscores: underscores) else {
                return nil
            }
            exponent += power
            isInteger = false
            index = after
        }
        return index
    }

    /// Reads `[+-]digits`, limited to ±`farExponent`. Returns it with the index after it.
    static func exponent(
        _ text: UnsafeRawBufferPointer, from first: Int, underscores: Bool
    ) -> (value: Int, end: Int)? {
        var index = first
        let negative = index < text.count && text[index] == 0x2D
        if negative || (index < text.count && text[index] == 0x2B) { index += 1 }
        guard index < text.count, text[index] &- 0x30 <= 9 else { return nil }
        var value = 0
        while index < text.count {
            let digit = text[index] &- 0x30
            if digit <= 9 {
                value = min(value * 10 + Int(digit), farExponent)
            } else if underscores, text[index] == 0x5F {
                guard index + 1 < text.count, text[index + 1] &- 0x30 <= 9 else { return nil }
            } else {
                break
            }
            index += 1
        }
        return (negative ? -value : value, index)
    }

    /// Infinite if the text is beyond Double.
    func value(_ text: UnsafeRawBufferPointer) -> Double {
        let magnitude = exact ?? rounded(text)
        return negative ? -magnitude : magnitude
    }

    /// Nil unless both factors are exact, so that the only operation rounds correctly (Clinger, "How to read floating
    /// point numbers accurately").
    private var exact: Double? {
        if mantissa == 0 { return 0 }
        guard !isCut, mantissa <= 1 << 53, (-22...22).contains(exponent) else { return nil }
        let power = Self.power(exponent.magnitude)
        return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    }

    private static func power(_ exponent: UInt) -> Double {
        var value = 1.0
        for _ in 0..<exponent { value *= 10 }
        return value
    }

    private func rounded(_ text: UnsafeRawBufferPointer) -> Double {
        var digits: [UInt8] = []
        digits.reserveCapacity(48)
        var power = exponent
        if isCut {
            // All digits as an integer: the mantissa's nineteen, and the rest.
            var rest = false
            for byte in text[start..<end] where byte &- 0x30 <= 9 {
                if digits.isEmpty, byte == 0x30 { continue }
                if digits.count < Self.decidingDigits {
                    digits.append(byte)
                } else {
                    rest = rest || byte != 0x30
                }
            }
            power -= digits.count - 19
            if rest {
                digits.append(0x31)
                power -= 1
            }
        } else {
            digits += String(mantissa).utf8
        }
        let decimal = power + digits.count
        if decimal > 400 { return .infinity }
        if decimal < -400 { return 0 }
        digits.append(0x65)
        digits += String(power).utf8
        return Double(String(decoding: digits, as: UTF8.self)) ?? .nan
    }
}
