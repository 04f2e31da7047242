internal import Foundation

/// The made-up card holders of the benchmarks, with events of the size of a real monthly statement, 210 bytes each.
struct BenchEvents {
    let subjects: Int

    func json(_ number: Int) -> [UInt8] {
        let kinds = ["bill.paid-in-full", "bill.revolved", "bill.overdue"]
        let subject = String(format: "card-%07d", number % subjects)
        let time = String(format: "2005-%02d-%02dT00:00:00Z", 4 + number / subjects % 6, 1 + number % 28)
        let kind = kinds[number &* 7919 % 3]
        return Array(
            """
            {"specversion":"1.0","id":"\(subject)-\(number / subjects)","source":"/programmes/card","type":"\(kind)",\
            "subject":"\(subject)","time":"\(time)","data":{"billed":\(number % 90_000),"paid":\(number % 7000),"months":2}}
            """.utf8)
    }

    func enrolment(_ number: Int) -> [UInt8] {
        let subject = String(format: "card-%07d", number)
        return Array(
            """
            {"specversion":"1.0","id":"enrol-\(subject)","source":"/programmes/card","type":"standing.subject.enrolled",\
            "subject":"\(subject)","time":"2005-03-31T00:00:00Z","data":{"kind":"individual","terms":"2005-03"}}
            """.utf8)
    }

    static let policy = policy(version: 1, paidInFull: 15, revolved: 2, overdue: -40)

    /// The next policy of a ledger, under which every bill has other points.
    static let nextPolicy = policy(version: 2, paidInFull: 14, revolved: 3, overdue: -38)

    private static func policy(version: Int, paidInFull: Int, revolved: Int, overdue: Int) -> String {
        """
        policy: bench
        version: \(version)
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions: {payment: {}}
        rules:
          - {id: paid-in-full, dimension: payment, event: bill.paid-in-full, points: \(paidInFull)}
          - {id: revolved, dimension: payment, event: bill.revolved, points: \(revolved)}
          - {id: overdue, dimension: payment, event: bill.overdue, points: \(overdue)}
        bands:
          - {name: C, from: 350}
          - {name: B, from: 560}
          - {name: A, from: 640}
        """
    }

    /// The subject of the made-up card holder of this number.
    static func subject(_ number: Int) -> String {
        let digits = String(number)
        return "card-" + String(repeating: "0", count: max(0, 7 - digits.utf8.count)) + digits
    }
}
