internal import CEL

/// An instant in microseconds since 1970-01-01T00:00:00Z. RFC 3339 digits beyond the microsecond are cut off.
public struct Timestamp: Hashable, Comparable, Sendable, Codable {
    public var microseconds: Int64

    @inlinable public init(microseconds: Int64) { self.microseconds = microseconds }

    /// A time before every event: the time of entries that do not move the clock.
    public static let distantPast = Timestamp(microseconds: .min)

    /// Nil for `distantPast`, which is a clock's time before the first event.
    public var known: Timestamp? { self == .distantPast ? nil : self }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }

    public static let microsecondsPerSecond: Int64 = 1_000_000
    public static let microsecondsPerDay: Int64 = 86_400_000_000

    /// 0001-01-01 to 9999-12-31.
    public static let writable: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

    /// `2026-01-02T03:04:05.123456Z`, in bytes.
    static let longestText = 27

    /// Saturates instead of overflowing.
    public func adding(microseconds delta: Int64) -> Timestamp {
        let (sum, overflow) = microseconds.addingReportingOverflow(delta)
        return Timestamp(microseconds: overflow ? (delta > 0 ? .max : .min) : sum)
    }

    /// RFC 3339: `2026-01-02T03:04:05[.123456](Z|+01:00)`, year 0001 to 9999. Nil for anything else.
    ///
    /// Second 60 is valid only where a leap second can be: at 23:59:60 UTC on the last day of a month. It belongs to
    /// the day that it ends: it and all its fractions become that day's last microsecond.
    public init?(rfc3339 text: UnsafeRawBufferPointer) {
        var scanner = DigitScanner(text)
        guard text.count >= 20, text.count <= 64,
            let year = scanner.number(4), year >= 1, scanner.take(0x2D),
            let month = scanner.number(2), (1...12).contains(month), scanner.take(0x2D),
            let day = scanner.number(2), day >= 1, day <= CivilDate.days(inMonth: month, year: year),
            scanner.take(0x54) || scanner.take(0x74),
            let hour = scanner.number(2), hour <= 23, scanner.take(0x3A),
            let minute = scanner.number(2), minute <= 59, scanner.take(0x3A),
            let second = scanner.number(2), second <= 60
        else { return nil }
        var micros: Int64 = 0
        if scanner.take(0x2E) {
            guard let fraction = scanner.fraction() else { return nil }
            micros = fraction
        }
        var offset: Int64 = 0
        if !scanner.take(0x5A), !scanner.take(0x7A) {
            let negative = scanner.take(0x2D)
            guard negative || scanner.take(0x2B), let hours = scanner.number(2), hours <= 23, scanner.take(0x3A),
                let minutes = scanner.number(2), minutes <= 59
            else { return nil }
            offset = (hours * 60 + minutes) * (negative ? -60 : 60)
        }
        guard scanner.isAtEnd else { return nil }
        let days = CivilDate(year: year, month: month, day: day).days
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        if second == 60 {
            guard Self.beginsMonth(seconds) else { return nil }
            microseconds = seconds * Self.microsecondsPerSecond - 1
        } else {
            microseconds = seconds * Self.microsecondsPerSecond + micros
        }
        // The offset may move the time out of the years that can be written in UTC.
        guard Self.writable.contains(microseconds) else { return nil }
    }

    /// The first instant of a day, counted from 1970-01-01. Saturates instead of overflowing.
    init(day: Int64) {
        let (product, overflow) = day.multipliedReportingOverflow(by: Self.microsecondsPerDay)
        microseconds = overflow ? (day > 0 ? .max : .min) : product
    }

    public init?(_ text: String) {
        var copy = text
        guard let value = copy.withUTF8({ Timestamp(rfc3339: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = value
    }

    /// Whether a month of UTC begins at `seconds` since 1970.
    private static func beginsMonth(_ seconds: Int64) -> Bool {
        seconds % 86_400 == 0 && CivilDate(days: seconds / 86_400).day == 1
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC, with a fraction only if it is not zero.
    public var description: String {
        var writer = ByteWriter()
        writer.append(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

private struct DigitScanner {
    let text: UnsafeRawBufferPointer
    var index = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    var isAtEnd: Bool { index == text.count }

    @inline(__always) mutating func take(_ byte: UInt8) -> Bool {
        guard index < text.count, text[index] == byte else { return false }
        index += 1
        return true
    }

    @inline(__always) mutating func number(_ digits: Int) -> Int64? {
        guard index + digits <= text.count else { return nil }
        var value: Int64 = 0
        for offset in index..<index + digits {
            let digit = text[offset] &- 0x30
            guard digit <= 9 else { return nil }
            value = value * 10 + Int64(digit)
        }
        index += digits
        return value
    }

    /// One or more digits after the point, as microseconds.
    mutating func fraction() -> Int64? {
        let start = index
        var value: Int64 = 0
        var scale: Int64 = 100_000
        while index < text.count, case let digit = text[index] &- 0x30, digit <= 9 {
            value += Int64(digit) * scale
            scale /= 10
            index += 1
        }
        return index > start ? value : nil
    }
}
