/// Timestamps and durations as text.
///
///     timestamp = date ("T" | "t") time ["." digits] ("Z" | "z" | ("+" | "-") hh ":" mm)     RFC 3339
///     duration  = ["+" | "-"] ("0" | 1*(number unit))                                       Go's ParseDuration
///     number    = digits ["." [digits]] | "." digits
///     unit      = "h" | "m" | "s" | "ms" | "us" | "µs" | "μs" | "ns"
///
/// Digits beyond the nanosecond are cut off.
extension Moment {
    /// The seconds of 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
    public static let timestampSeconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
    static let nanosecondsPerSecond: Int64 = 1_000_000_000

    /// Nil if the text is not a timestamp, or is outside the years 0001 to 9999 of UTC. There is no second 60.
    public init?(timestamp text: UnsafeRawBufferPointer) {
        var scanner = MomentScanner(text)
        guard let year = scanner.number(4), scanner.take(0x2D),
            let month = scanner.number(2), (1...12).contains(month), scanner.take(0x2D),
            let day = scanner.number(2), day >= 1, day <= CivilDate.days(inMonth: month, year: year),
            scanner.take(0x54) || scanner.take(0x74),
            let hour = scanner.number(2), hour <= 23, scanner.take(0x3A),
            let minute = scanner.number(2), minute <= 59, scanner.take(0x3A),
            let second = scanner.number(2), second <= 59
        else { return nil }
        var nanoseconds: Int64 = 0
        if scanner.take(0x2E) {
            guard let fraction = scanner.digits(atMost: 9), fraction.count > 0 else { return nil }
            nanoseconds = fraction.value * Self.power10(9 - fraction.used)
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
        self.init(timestampSeconds: days * 86_400 + hour * 3600 + minute * 60 + second - offset)
        self.nanoseconds = Int32(nanoseconds)
    }

    /// Seconds since 1970; nil outside the years 0001 to 9999.
    public init?(timestampSeconds seconds: Int64) {
        guard Self.timestampSeconds.contains(seconds) else { return nil }
        self.init(seconds: seconds, nanoseconds: 0)
    }

    /// RFC 3339 in UTC. The fraction has no zeros at its end.
    public var timestampText: String {
        let time = civil(offset: 0)
        var text: [UInt8] = []
        text.reserveCapacity(30)
        Self.append(time.year, digits: 4, to: &text)
        text.append(0x2D)
        Self.append(time.month, digits: 2, to: &text)
        text.append(0x2D)
        Self.append(time.day, digits: 2, to: &text)
        text.append(0x54)
        Self.append(time.hour, digits: 2, to: &text)
        text.append(0x3A)
        Self.append(time.minute, digits: 2, to: &text)
        text.append(0x3A)
        Self.append(time.second, digits: 2, to: &text)
        Self.append(fraction: Int64(nanoseconds), to: &text)
        text.append(0x5A)
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil if the text is not a duration, or is beyond Int64 nanoseconds, which is 292 years and CEL's limit.
    public init?(duration text: UnsafeRawBufferPointer) {
        var scanner = MomentScanner(text)
        let negative = scanner.take(0x2D)
        if !negative { _ = scanner.take(0x2B) }
        if scanner.rest == 1, scanner.take(0x30) {
            self.init(seconds: 0, nanoseconds: 0)
            return
        }
        guard !scanner.isAtEnd else { return nil }
        // Nanoseconds without the sign. The negative range has one more.
        var total: UInt64 = 0
        while !scanner.isAtEnd {
            guard let whole = scanner.digits(atMost: .max) else { return nil }
            var fraction: (value: Int64, used: Int, count: Int) = (0, 0, 0)
            if scanner.take(0x2E) { fraction = scanner.digits(atMost: 18) ?? fraction }
            guard whole.count + fraction.count > 0, let unit = scanner.unit() else { return nil }
            let (product, overflow) = UInt64(whole.value).multipliedReportingOverflow(by: unit)
            let share = UInt64(fraction.value).multipliedFullWidth(by: unit)
            let part = UInt64(Self.power10(fraction.used)).dividingFullWidth(share).quotient
            let (value, carry) = product.addingReportingOverflow(part)
            let (sum, second) = total.addingReportingOverflow(value)
            guard !overflow, !carry, !second, sum <= 1 << 63 else { return nil }
            total = sum
        }
        guard negative || total < 1 << 63 else { return nil }
        self.init(nanoseconds: Int64(truncatingIfNeeded: negative ? 0 &- total : total))
    }

    /// Seconds and `s`, such as `3723.001s`. The fraction has no zeros at its end.
    public var durationText: String {
        // Rounded towards zero, as in the text.
        var whole = seconds
        var part = Int64(nanoseconds)
        if whole < 0, part > 0 {
            whole += 1
            part = Self.nanosecondsPerSecond - part
        }
        var text: [UInt8] = []
        if seconds < 0 { text.append(0x2D) }
        text += String(whole.magnitude).utf8
        Self.append(fraction: part, to: &text)
        text.append(0x73)
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ value: Int64, digits: Int, to text: inout [UInt8]) {
        var divisor = power10(digits - 1)
        while divisor > 0 {
            text.append(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }

    private static func append(fraction nanoseconds: Int64, to text: inout [UInt8]) {
        guard nanoseconds > 0 else { return }
        text.append(0x2E)
        append(nanoseconds, digits: 9, to: &text)
        while text.last == 0x30 { text.removeLast() }
    }

    /// 10^exponent, for 0...18.
    private static func power10(_ exponent: Int) -> Int64 {
        var value: Int64 = 1
        for _ in 0..<exponent { value *= 10 }
        return value
    }
}

private struct MomentScanner {
    private let text: UnsafeRawBufferPointer
    private var index = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    var isAtEnd: Bool { index == text.count }
    var rest: Int { text.count - index }

    mutating func take(_ byte: UInt8) -> Bool {
        guard index < text.count, text[index] == byte else { return false }
        index += 1
        return true
    }

    mutating func number(_ count: Int) -> Int64? {
        guard rest >= count else { return nil }
        var value: Int64 = 0
        for offset in index..<index + count {
            let digit = text[offset] &- 0x30
            guard digit <= 9 else { return nil }
            value = value * 10 + Int64(digit)
        }
        index += count
        return value
    }

    /// Reads all digits from here. Returns the first `limit` of them as a number, their number, and the number of all.
    /// Nil if the number does not fit.
    mutating func digits(atMost limit: Int) -> (value: Int64, used: Int, count: Int)? {
        let start = index
        var value: Int64 = 0
        var used = 0
        while index < text.count, case let digit = text[index] &- 0x30, digit <= 9 {
            if used < limit {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(Int64(digit))
                guard !overflow, !carry else { return nil }
                value = sum
                used += 1
            }
            index += 1
        }
        return (value, used, index - start)
    }

    /// Reads a unit. Returns its nanoseconds.
    mutating func unit() -> UInt64? {
        let start = index
        while index < text.count, text[index] != 0x2E, text[index] &- 0x30 > 9 { index += 1 }
        switch index - start {
        case 1:
            switch text[start] {
            case 0x68: return 3_600_000_000_000
            case 0x6D: return 60_000_000_000
            case 0x73: return 1_000_000_000
            default: return nil
            }
        case 2 where text[start + 1] == 0x73:
            switch text[start] {
            case 0x6E: return 1
            case 0x75: return 1000
            case 0x6D: return 1_000_000
            default: return nil
            }
        case 3 where text[start + 2] == 0x73:
            // U+00B5 and U+03BC.
            let isMicro =
                (text[start] == 0xC2 && text[start + 1] == 0xB5) || (text[start] == 0xCE && text[start + 1] == 0xBC)
            return isMicro ? 1000 : nil
        default: return nil
        }
    }
}
