import Randomness

/// Random lives under a policy of `RandomPolicy`: attributes come and go, many events have one time, and all that happens
/// in `FullLives` happens too.
struct MeasuredLives {
    private static let sources = ["/p", "/q", "/p/source-that-needs-more-than-one-piece"]
    private var random: Seeded
    private let subjects: [String]
    private var day: Double = 0
    private var number = 0
    private var past: [Happening] = []
    private let daysAnEvent: Double

    init(seed: UInt64, subjects count: Int, daysAnEvent: Double) {
        random = Seeded(seed)
        self.daysAnEvent = daysAnEvent
        subjects = (0..<count).map { "s\($0 * 7 % 10)-\($0)" }
    }

    /// Everybody enrolled, on day 0.
    mutating func enrolments() -> [Happening] { subjects.map { enrolment($0, on: 0, id: "first-\($0)") } }

    mutating func next() -> Happening {
        number += 1
        day += Double.random(in: 0...2 * daysAnEvent, using: &random)
        // Half days, so that many times are equal.
        let happening = happening(on: (day * 2).rounded(.down) / 2, id: id())
        if past.count < 300 { past.append(happening) } else { past[number % 300] = happening }
        return happening
    }

    mutating func next(_ count: Int) -> [Happening] { (0..<count).map { _ in next() } }

    /// Not in the order in which they come.
    private mutating func id() -> String {
        let text = String(UInt32.random(in: 0...(.max), using: &random), radix: 36)
        return number.isMultiple(of: 5) ? "\(text)-\(number)-and-more-than-twenty-bytes" : "\(text.prefix(2))\(number)"
    }

    private mutating func happening(on today: Double, id: String) -> Happening {
        let subject = subjects.randomElement(using: &random) ?? ""
        let sanction = "s\(Int.random(in: 0...3, using: &random))"
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<6: return enrolment(subject, on: today, id: id)
        case 6..<8: return withdrawn(subject, on: today, id: id)
        case 8..<11: return tick(on: today)
        case 11..<15: return past.randomElement(using: &random) ?? tick(on: today)
        case 15..<19:
            return happened(
                "standing.appeal.filed", subject, on: today, id: id, data: #"{"sanction":"\#(sanction)"}"#)
        case 19..<23:
            let outcome = Bool.random(using: &random) ? "upheld" : "rejected"
            return happened(
                "standing.appeal.decided", subject, on: today, id: id,
                data: #"{"sanction":"\#(sanction)","outcome":"\#(outcome)"}"#)
        case 23..<32:
            guard let event = past.randomElement(using: &random), event.type != nil else { return tick(on: today) }
            return FullLives.void(event, on: today, id: id)
        case 32..<45: return behaviour(subject, on: max(0, today - Double(Int.random(in: 1...70, using: &random))), id)
        default: return behaviour(subject, on: today, id)
        }
    }

    private mutating func enrolment(_ subject: String, on day: Double, id: String) -> Happening {
        let kind = ["individual", "business", "individual", "official"].randomElement(using: &random) ?? ""
        var attributes: [String] = []
        func add(_ name: String, _ values: [String]) {
            if let value = values.randomElement(using: &random) { attributes.append("\"\(name)\":\(value)") }
        }
        add("tier", [#""gold""#, #""silver""#, #""bronze""#, "null", "7"])
        add("n", ["1", "2", "3", #""3""#, "2.5"])
        add("d", ["1", "2", "2.5", "true"])
        add("vip", ["true", "false", #""true""#])
        add("since", [#""2015-05-05T00:00:00Z""#, #""2025-05-05T00:00:00+02:00""#, #""soon""#])
        add("undeclared", ["1"])
        let given = attributes.shuffled(using: &random).prefix(Int.random(in: 0...6, using: &random))
        let data = [#""kind":"\#(kind)""#, #""terms":"t\#(number % 5)""#]
        let object = given.isEmpty ? [] : [#""attributes":{\#(given.joined(separator: ","))}"#]
        return happened(
            "standing.subject.enrolled", subject, on: day, id: id, source: "/register",
            data: "{\((data + object).joined(separator: ","))}")
    }

    /// A deed of somebody; some lack their data, or have it of another type.
    mutating func behaviour(_ subject: String, on day: Double, _ id: String) -> Happening {
        let dimension = RandomPolicy.dimensions.randomElement(using: &random) ?? ""
        let ending = (RandomPolicy.endings + ["x.three"]).randomElement(using: &random) ?? ""
        let big = ["9223372036854775807", "-9223372036854775808", "4611686018427387904", "-3"]
        let data =
            switch Int.random(in: 0..<12, using: &random) {
            case 0: "{}"
            case 1: #"{"v":2.5}"#
            case 2: #"{"v":"two"}"#
            default:
                #"{"v":\#(Int.random(in: -3...12, using: &random)),"big":\#(big.randomElement(using: &random) ?? "")}"#
            }
        return happened(
            "\(dimension).\(ending)", subject, on: day, id: id,
            source: Self.sources.randomElement(using: &random) ?? "", data: data)
    }
}
