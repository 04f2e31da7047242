internal import CEL

/// The bytes of one CloudEvents event in the JSON format. Strings are written without escaping, because none of the
/// town's strings needs it.
public struct EventText {
    public private(set) var bytes: [UInt8]

    /// Nearly every event of a town fits without growing.
    private static let usualSize = 240

    public init() {
        bytes = []
        bytes.reserveCapacity(Self.usualSize)
    }

    public mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    public mutating func append(_ text: [UInt8]) { bytes.append(contentsOf: text) }

    public mutating func append(_ number: Int) { append(number, digits: 1) }

    /// Writes a number that is not negative, with zeros in front up to `digits`.
    public mutating func append(_ number: Int, digits: Int) {
        var power = 1
        for _ in 1..<digits { power *= 10 }
        while number / power >= 10 { power *= 10 }
        while power > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / power % 10))
            power /= 10
        }
    }

    /// Writes one member of an object, with the brace or comma before it.
    public mutating func append(field: String, _ value: Int) {
        begin(field)
        append(value)
    }

    public mutating func append(field: String, quoted value: String) {
        begin(field)
        append("\"")
        append(value)
        append("\"")
    }

    private mutating func begin(_ field: String) {
        append(bytes.last == UInt8(ascii: ":") ? "{\"" : ",\"")
        append(field)
        append("\":")
    }

    /// Writes a time, in microseconds since 1970 and not before it, as RFC 3339 in UTC to the millisecond.
    public mutating func append(time: Int64) {
        let milliseconds = Int(time) / 1000
        let days = milliseconds / 86_400_000
        let rest = milliseconds % 86_400_000
        let date = CivilDate(days: Int64(days))
        append(Int(date.year), digits: 4)
        append("-")
        append(Int(date.month), digits: 2)
        append("-")
        append(Int(date.day), digits: 2)
        append("T")
        append(rest / 3_600_000, digits: 2)
        append(":")
        append(rest / 60_000 % 60, digits: 2)
        append(":")
        append(rest / 1000 % 60, digits: 2)
        append(".")
        append(rest % 1000, digits: 3)
        append("Z")
    }
}
