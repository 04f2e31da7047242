import Foundation
import Randomness

/// A small policy and events for it.
enum Trial {
    static let policy = """
        policy: trial
        version: 1
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions:
          payment: {}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 15}
          - {id: late, dimension: payment, event: bill.late, points: -40}
        bands:
          - {name: C, from: 350}
          - {name: B, from: 560}
          - {name: A, from: 640}

        """

    struct Event {
        let subject: String
        let text: String

        init(subject: String, text: String) { (self.subject, self.text) = (subject, text) }

        /// `type` of the event numbered `number`, at that many seconds into 2026.
        init(_ number: Int, _ type: String, _ subject: String, data: String = "{}") {
            let time = Date(timeIntervalSince1970: 1_767_225_600 + Double(number)).formatted(.iso8601)
            self.subject = subject
            text =
                #"{"specversion":"1.0","id":"\#(number)","source":"/trial","type":"\#(type)","subject":"\#(subject)","#
                + #""time":"\#(time)","data":\#(data)}"#
        }

        static func enrolment(_ number: Int, _ subject: String) -> Event {
            Event(number, "standing.subject.enrolled", subject, data: #"{"kind":"individual","terms":"1"}"#)
        }
    }

    static func subject(_ number: Int) -> String { "inhabitant-\(number)" }

    /// Enrolments of every subject, then bills, most of them paid.
    static func events(_ count: Int, subjects: Int, seed: UInt64) -> [Event] {
        var random = Seeded(seed)
        return (0..<count).map { number in
            guard number >= subjects else { return .enrolment(number, subject(number)) }
            let type = Int.random(in: 0..<4, using: &random) == 0 ? "bill.late" : "bill.paid"
            return Event(number, type, subject(Int.random(in: 0..<subjects, using: &random)))
        }
    }

    static func text(_ events: [Event]) -> String { events.map { $0.text + "\n" }.joined() }
}
