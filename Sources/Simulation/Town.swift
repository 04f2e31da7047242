/// One Kafka record of a town.
public struct TownRecord: Sendable, Equatable {
    public let topic: String
    /// The subject.
    public let key: [UInt8]
    /// A CloudEvents 1.0 event in the JSON format, for structured mode; in a bad record something short of it.
    public let value: [UInt8]
    /// When it is sent, in microseconds since 1970, a whole number of milliseconds. The event's own time, except in a
    /// duplicate, where that is earlier.
    public let time: Int64
}

/// A made-up town: an endless stream of records in time order, the same bytes for the same arguments on any machine.
///
/// In the first hour the residents enrol, all but about 5 %, who never do and live on regardless. From then on there are
/// about two events a citizen and day, more by day than by night. About one record in 300 is a repeat of a recent one,
/// byte for byte, and one in 400 is bad: not JSON, without a subject, of a wrong `specversion`, or enrolling an unknown
/// kind. Now and then a resident withdraws and leaves, and another moves in, so that the town keeps its size.
public struct Town: Sendable {
    public static let controlTopic = "standing.control"
    public static let paymentsTopic = "behaviour.payments"
    public static let transportTopic = "behaviour.transport"
    public static let communityTopic = "behaviour.community"
    public static let commerceTopic = "behaviour.commerce"
    /// Every topic that the records use.
    public static let topics = [controlTopic, paymentsTopic, transportTopic, communityTopic, commerceTopic]

    /// How many citizens a town can have, at about 200 bytes each.
    public static let maximumCitizens = 10_000_000
    /// When a town can begin: 1970 to 8999, in microseconds since 1970.
    public static let starts: Range<Int64> = 0..<221_845_392_000_000_000

    private static let registration: Int64 = 3_600_000_000
    private static let day: Int64 = 86_400_000_000
    private static let eventsPerDay: Int64 = 2
    /// How busy each hour of the UTC day is.
    private static let rhythm: [Int64] = [
        250, 150, 100, 100, 150, 400, 900, 1500, 1700, 1400, 1200, 1250,
        1450, 1350, 1200, 1200, 1400, 1800, 1700, 1450, 1200, 1000, 700, 450,
    ]
    private static let averageHour: Int64 = 1000
    /// Out of `odds` records.
    private static let odds = 12_000
    private static let duplicates = 40
    private static let defects = 30
    private static let departures = 2
    /// How many records back a duplicate can reach.
    private static let memory = 64

    private var generator: SplitMix64
    private var names = Names()
    private let individuals: Int
    private let businesses: Int
    private let size: Int
    private var citizens: [Citizen] = []
    private let start: Int64
    private var clock: Int64
    private let seed: [UInt8]
    private var lastID = 0
    private var recent: [TownRecord] = []
    private var oldest = 0

    /// - Precondition: no count is negative, and together they are 1 to `maximumCitizens`; `start` is in `starts`.
    /// - Parameters:
    ///   - seed: also a part of every event's id, so that two towns do not take each other's events for duplicates.
    ///   - start: microseconds since 1970.
    public init(seed: UInt64, individuals: Int, businesses: Int, officials: Int, start: Int64) {
        let counts = [individuals, businesses, officials]
        precondition(
            counts.allSatisfy { (0...Self.maximumCitizens).contains($0) }
                && (1...Self.maximumCitizens).contains(counts.reduce(0, +)),
            "a town has 1 to \(Self.maximumCitizens) citizens")
        precondition(Self.starts.contains(start), "a town starts in the years 1970 to 8999")
        generator = SplitMix64(seed: seed)
        self.individuals = individuals
        self.businesses = businesses
        size = counts.reduce(0, +)
        self.start = start
        clock = start
        self.seed = Array(String(seed).utf8)
        citizens.reserveCapacity(size)
        recent.reserveCapacity(Self.memory)
    }

    /// The next record. Its time is not before that of the record before it.
    public mutating func next() -> TownRecord {
        while citizens.count < size {
            clock = start + Self.registration * Int64(citizens.count) / Int64(size)
            let newcomer = newCitizen(nextKind)
            citizens.append(newcomer)
            if newcomer.enrolls { return enrolment(of: newcomer.name, kind: newcomer.kind.rawValue) }
        }
        passTime()
        let roll = generator.below(Self.odds)
        if roll < Self.duplicates, !recent.isEmpty {
            let original = recent[generator.below(recent.count)]
            return TownRecord(topic: original.topic, key: original.key, value: original.value, time: now)
        }
        let house = generator.below(size)
        if citizens[house].hasLeft {
            citizens[house] = newCitizen(citizens[house].kind)
            if citizens[house].enrolls {
                return enrolment(of: citizens[house].name, kind: citizens[house].kind.rawValue)
            }
        }
        switch roll {
        case (Self.odds - Self.defects)...: return badRecord(about: citizens[house])
        case Self.duplicates..<(Self.duplicates + Self.departures) where citizens[house].enrolls:
            citizens[house].hasLeft = true
            return withdrawal(of: citizens[house].name)
        default: return ordinaryRecord(at: house)
        }
    }

    private var now: Int64 { clock - clock % 1000 }

    /// Waits for the next event, longer in quiet hours: the wait is drawn in microseconds of an average hour.
    private mutating func passTime() {
        let hourLength = Self.day / 24
        let mean = Self.day / (Self.eventsPerDay * Int64(size))
        var wait = Int64(generator.below(Int(2 * mean) + 1)) * Self.averageHour
        while true {
            let busyness = Self.rhythm[Int(clock % Self.day / hourLength)]
            let rest = hourLength - clock % hourLength
            if wait < rest * busyness {
                clock += wait / busyness
                return
            }
            wait -= rest * busyness
            clock += rest
        }
    }

    private var nextKind: Kind {
        if citizens.count < individuals { return .individual }
        return citizens.count < individuals + businesses ? .business : .official
    }

    private mutating func newCitizen(_ kind: Kind) -> Citizen {
        Citizen(name: names.next(of: kind), kind: kind, using: &generator)
    }

    /// A citizen does something, and somebody reports it.
    private mutating func ordinaryRecord(at house: Int) -> TownRecord {
        let deed = citizens[house].intends(using: &generator)
        citizens[house].did(deed, using: &generator)
        let name = citizens[house].name
        let record = record(deed.sphere.topic, name, report(deed, about: name))
        if recent.count < Self.memory {
            recent.append(record)
        } else {
            recent[oldest] = record
            oldest = (oldest + 1) % Self.memory
        }
        return record
    }
}

// MARK: - Events

extension Town {
    private static let registerSource = "/city/register"
    private static let terms = "town-1"

    private func record(_ topic: String, _ key: [UInt8], _ text: EventText) -> TownRecord {
        TownRecord(topic: topic, key: key, value: text.bytes, time: now)
    }

    private mutating func enrolment(of name: [UInt8], kind: String) -> TownRecord {
        var text = event(type: "standing.subject.enrolled", source: Self.registerSource, subject: name)
        text.append("{\"kind\":\"")
        text.append(kind)
        text.append("\",\"terms\":\"")
        text.append(Self.terms)
        text.append("\"}}")
        return record(Self.controlTopic, name, text)
    }

    private mutating func withdrawal(of name: [UInt8]) -> TownRecord {
        var text = event(type: "standing.subject.withdrawn", source: Self.registerSource, subject: name)
        text.append("{}}")
        return record(Self.controlTopic, name, text)
    }

    /// A record that no reader can use, in one of four ways; nothing has happened in the citizen's life.
    private mutating func badRecord(about citizen: Citizen) -> TownRecord {
        let deed = citizen.intends(using: &generator)
        let topic = deed.sphere.topic
        switch generator.below(4) {
        case 0:
            let text = report(deed, about: citizen.name)
            return TownRecord(
                topic: topic, key: citizen.name, value: Array(text.bytes.prefix(text.bytes.count / 2)), time: now)
        case 1: return record(topic, citizen.name, report(deed, about: nil))
        case 2: return record(topic, citizen.name, report(deed, about: citizen.name, version: "0.3"))
        default: return enrolment(of: Array("robot-\(lastID + 1)".utf8), kind: "robot")
        }
    }

    private mutating func report(_ deed: Deed, about subject: [UInt8]?, version: String = "1.0") -> EventText {
        let source = deed.source(using: &generator)
        var text = event(type: deed.type, source: source, subject: subject, version: version)
        deed.appendData(to: &text, using: &generator)
        text.append("}")
        return text
    }

    /// An event with a new id up to its `data`, which the caller writes together with the last brace.
    private mutating func event(
        type: String, source: String, subject: [UInt8]?, version: String = "1.0"
    ) -> EventText {
        lastID += 1
        var text = EventText()
        text.append("{\"specversion\":\"")
        text.append(version)
        text.append("\",\"id\":\"")
        text.append(seed)
        text.append("-")
        text.append(lastID)
        text.append("\",\"source\":\"")
        text.append(source)
        text.append("\",\"type\":\"")
        text.append(type)
        if let subject {
            text.append("\",\"subject\":\"")
            text.append(subject)
        }
        text.append("\",\"time\":\"")
        text.append(time: now)
        text.append("\",\"data\":")
        return text
    }
}
