public import Events

// MARK: Numbers and times in the words of the pages

extension ConsolePages {
    /// `1,234,567`; a minus is U+2212.
    static func count(_ value: some BinaryInteger) -> String {
        (value < 0 ? "\u{2212}" : "") + value.magnitude.inThousands
    }

    static func signed(_ value: Int) -> String { (value > 0 ? "+" : "") + count(value) }

    /// With one digit after the point below 10.
    static func rate(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "unknown" }
        if abs(value) >= 10 { return count(Int64(value.rounded())) }
        let tenths = Int64((value * 10).rounded())
        return count(tenths / 10) + (tenths % 10 == 0 ? "" : ".\(abs(tenths % 10))")
    }

    /// Of two units at most: `3 h 20 min`. Ten days and more are rounded to days.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, abs(seconds) < 1e12 else { return "unknown" }
        let whole = Int64(abs(seconds).rounded())
        if abs(seconds) < 10, abs(seconds) >= 0.05 { return rate(abs(seconds)) + " s" }
        let parts: [(Int64, String)] = [
            (whole / 86_400, "d"), (whole % 86_400 / 3600, "h"), (whole % 3600 / 60, "min"), (whole % 60, "s"),
        ]
        guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0 s" }
        if parts[0].0 >= 10 { return "\(count((whole + 43_200) / 86_400)) d" }
        let few = parts[first...].prefix(2).filter { $0.0 > 0 }
        return few.map { "\(count($0.0)) \($0.1)" }.joined(separator: " ")
    }

    static func seconds(from: Timestamp, to: Timestamp) -> Double {
        (Double(to.microseconds) - Double(from.microseconds)) / Double(Timestamp.microsecondsPerSecond)
    }

    /// `in 3 d 4 h`, `2 min ago`.
    static func relative(_ time: Timestamp, to now: Timestamp) -> String {
        let seconds = seconds(from: now, to: time)
        if abs(seconds) < 1 { return "now" }
        return seconds > 0 ? "in \(duration(seconds))" : "\(duration(seconds)) ago"
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `30 Nov 2026, 00:12`, in UTC.
    static func moment(_ time: Timestamp) -> String {
        let text = time.description
        guard text.utf8.count >= 20 else { return text }
        return "\(day(time)), \(text.dropFirst(11).prefix(5))"
    }

    /// `30 Nov 2026`, in UTC.
    public static func day(_ time: Timestamp) -> String {
        let parts = time.description.prefix(10).split(separator: "-")
        guard parts.count == 3, let month = Int(parts[1]), (1...12).contains(month), let day = Int(parts[2]) else {
            return time.description
        }
        return "\(day) \(months[month - 1]) \(parts[0])"
    }

    static func percent(_ part: Int, of whole: Int) -> String {
        whole == 0 ? "none" : rate(100 * Double(part) / Double(whole)) + " %"
    }

    /// A share from 0 to 1 in whole per cent, rounded down: 0.57, which is a little less in binary, is 57 %.
    public static func share(_ done: Double) -> String { "\(Int(max(0, min(1, done)) * 100 + 1e-9)) %" }

    /// A range as `1–3`, or one number if both ends are equal.
    static func people(_ range: ClosedRange<Int>?) -> String {
        guard let range else { return "unknown" }
        return range.lowerBound == range.upperBound
            ? count(range.lowerBound) : "\(count(range.lowerBound))–\(count(range.upperBound))"
    }

    static func number(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        "\(Self.count(count)) \(count == 1 ? one : many ?? one + "s")"
    }

    static func shortened(_ text: String, to length: Int) -> String {
        text.count <= length ? text : text.prefix(length) + "…"
    }

    /// The parts as one phrase, with commas and the last word.
    static func list(_ parts: [String], _ last: String = "and") -> String {
        guard parts.count > 1, let end = parts.last else { return parts.first ?? "" }
        return parts.dropLast().joined(separator: ", ") + " \(last) " + end
    }

    /// Lines of 16 bytes: the offset, the bytes in hex, and the printable ASCII characters.
    static func hexadecimal(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            let line = bytes[start..<min(start + 16, bytes.count)]
            let numbers = line.map { Hex.text($0, digits: 2) }.joined(separator: " ")
            let padding = String(repeating: " ", count: 3 * (16 - line.count))
            let letters = String(decoding: line.map { (0x20..<0x7F).contains($0) ? $0 : 0x2E }, as: UTF8.self)
            return "\(Hex.text(UInt(start), digits: 4))  \(numbers)\(padding)  \(letters)"
        }.joined(separator: "\n")
    }
}
