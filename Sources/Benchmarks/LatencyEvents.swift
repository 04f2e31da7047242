internal import Foundation

/// Numbered events, each of which changes its subject's score. The subjects take turns, and their events add a point
/// and remove it alternately. The events have the same bytes except for the number, the subject's number and the type.
struct LatencyEvents {
    /// The greatest numbers that fit the digits.
    static let (maximumSubjects, maximumEvents) = (9_999_999, 99_999_999)
    private static let (subjectDigits, eventDigits) = (7, 8)

    static let policy = """
        policy: bench
        version: 1
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 1}
          - {id: late, dimension: payment, event: bill.late, points: -1}
        bands:
          - {name: C, from: 350}
          - {name: B, from: 560}
          - {name: A, from: 640}
        """

    /// The text before the number, both in the event and in the fact that it has caused.
    static let idMark = Array("\"id\":\"".utf8)
    static let causeMark = Array("\"cause\":{\"source\":\"/bench\",\"id\":\"".utf8)

    let subjects: Int
    /// By parity of the subject's turn.
    private var texts: [[UInt8]]
    private let idOffset: Int
    private let subjectOffset: Int

    init(subjects: Int) {
        self.subjects = subjects
        texts = ["bill.paid", "bill.late"].map { type in
            Array(
                """
                {"specversion":"1.0","id":"\(Self.digits(0, Self.eventDigits))","source":"/bench","type":"\(type)",\
                "subject":"\(Self.subject(0))","time":"2005-04-01T00:00:00Z",\
                "data":{"billed":81250,"paid":4100,"months":2,"currency":"TWD"}}
                """.utf8)
        }
        idOffset = Self.end(of: Self.idMark, in: texts[0])
        subjectOffset = Self.end(of: Array("\"subject\":\"card-".utf8), in: texts[0])
    }

    static func subject(_ number: Int) -> String { "card-" + digits(number, subjectDigits) }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }

    private static func end(of mark: [UInt8], in text: [UInt8]) -> Int {
        text.indices.first { text[$0...].starts(with: mark) }.map { $0 + mark.count } ?? 0
    }

    /// Passes the event of this number.
    mutating func withEvent<Outcome>(
        _ number: Int, _ body: (UnsafeRawBufferPointer) throws -> Outcome
    ) rethrows -> Outcome {
        let (turn, subject) = number.quotientAndRemainder(dividingBy: subjects)
        let kind = turn & 1
        Self.write(number, Self.eventDigits, at: idOffset, in: &texts[kind])
        Self.write(subject, Self.subjectDigits, at: subjectOffset, in: &texts[kind])
        return try texts[kind].withUnsafeBytes(body)
    }

    private static func write(_ number: Int, _ digits: Int, at offset: Int, in text: inout [UInt8]) {
        var rest = number
        for index in (offset..<offset + digits).reversed() {
            text[index] = 0x30 + UInt8(rest % 10)
            rest /= 10
        }
    }

    static func enrolment(_ number: Int) -> [UInt8] {
        let subject = subject(number)
        return Array(
            """
            {"specversion":"1.0","id":"enrol-\(subject)","source":"/bench","type":"standing.subject.enrolled",\
            "subject":"\(subject)","time":"2005-03-31T00:00:00Z","data":{"kind":"individual","terms":"2005-03"}}
            """.utf8)
    }

    /// The number after `mark`; nil if there is none.
    static func number(in record: UnsafeRawBufferPointer, after mark: [UInt8]) -> Int? {
        let length = mark.count + eventDigits
        guard let start = record.baseAddress, record.count >= length,
            let found = (0...record.count - length).first(where: {
                record[$0 + 1] == mark[1] && memcmp(start + $0, mark, mark.count) == 0
            })
        else { return nil }
        let offset = found + mark.count
        var number = 0
        for byte in record[offset..<offset + eventDigits] {
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }
}
