/// Reads the text of a generated table, which is ASCII and a constant of the program.
struct TableScanner {
    private let text: UnsafeRawBufferPointer
    private var index = 0

    init(_ text: StaticString) {
        self.text = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    var isAtEnd: Bool { index == text.count }

    mutating func take() -> UInt8? {
        guard index < text.count else { return nil }
        index += 1
        return text[index - 1]
    }

    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard index < text.count, text[index] == UInt8(ascii: byte) else { return false }
        index += 1
        return true
    }

    /// A number without a sign; nil without a digit. The digits of the base 16 are upper-case.
    mutating func number(base: UInt32 = 10) -> UInt32? {
        var value: UInt32?
        while index < text.count, let digit = Self.digit(text[index]), digit < base {
            value = (value ?? 0) * base + digit
            index += 1
        }
        return value
    }

    /// A decimal number that may have a minus; nil without a digit.
    mutating func integer() -> Int64? {
        let isNegative = take("-")
        return number().map { isNegative ? -Int64($0) : Int64($0) }
    }

    /// `41` or `41-5A`, hexadecimal.
    mutating func range() -> ClosedRange<UInt32>? {
        guard let first = number(base: 16) else { return nil }
        return first...(take("-") ? number(base: 16) ?? first : first)
    }

    /// The bytes as far as a space, the end of the line or of the text.
    mutating func word() -> UnsafeRawBufferPointer {
        let start = index
        while index < text.count, text[index] != 0x20, text[index] != 0x0A { index += 1 }
        return UnsafeRawBufferPointer(rebasing: text[start..<index])
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x37)
        default: nil
        }
    }
}
