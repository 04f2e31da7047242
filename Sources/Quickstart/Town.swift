internal import Simulation

/// One Kafka record of a town.
public struct TownRecord: Sendable, Equatable {
    public let topic: String
    /// The subject.
    public let key: [UInt8]
    /// A CloudEvents 1.0 event in the JSON format, for structured mode. In a bad record it is not a valid event.
    public let value: [UInt8]
    /// When it is sent, in microseconds since 1970, a whole number of milliseconds. It is the event's own time, except
    /// in a duplicate, whose event is earlier.
    public let time: Int64
}

/// A made-up town: an endless stream of records in time order, the same bytes for the same arguments on any machine.
///
/// In the first hour the residents enrol, except about 5 %, who never do and live on regardless. From then on there are
/// about two events per citizen and day, more by day than by night. About one record in 300 is a repeat of a recent
/// one, byte for byte, and one in 400 is bad: not JSON, without a subject, of a wrong `specversion`, or enrolling an
/// unknown kind. Now and then a resident withdraws and leaves, and another moves in, so that the size of the town does
/// not change.
///
/// Some deeds have consequences days or months later, in addition to the everyday events. An unpaid bill ends in court,
/// and most such debts are then paid. An event of an enrolled subject turns out to be wrong and is voided. A citizen
/// who expects a sanction appeals, and a board decides most appeals within 30 days. A citizen who has left has no more
/// consequences.
public struct Town: Sendable {
    public static let controlTopic = "standing.control"
    public static let paymentsTopic = "behaviour.payments"
    public static let transportTopic = "behaviour.transport"
    public static let communityTopic = "behaviour.community"
    public static let commerceTopic = "behaviour.commerce"
    /// Every topic that the records use.
    public static let topics = [controlTopic, paymentsTopic, transportTopic, communityTopic, commerceTopic]

    /// The greatest number of citizens of a town. Each takes about 200 bytes.
    public static let maximumCitizens = 10_000_000
    /// The times at which a town can begin, from 1970 to 8999, in microseconds since 1970.
    public static let starts: Range<Int64> = 0..<221_845_392_000_000_000

    private static let registration: Int64 = 3_600_000_000
    private static let day: Int64 = 86_400_000_000
    private static let eventsPerDay: Int64 = 2
    /// The activity in each hour of the UTC day.
    private static let rhythm: [Int64] = [
        250, 150, 100, 100, 150, 400, 900, 1500, 1700, 1400, 1200, 1250,
        1450, 1350, 1200, 1200, 1400, 1800, 1700, 1450, 1200, 1000, 700, 450,
    ]
    private static let averageHour: Int64 = 1000
    /// The denominator of the probabilities of records.
    private static let odds = 12_000
    private static let duplicates = 40
    private static let defects = 30
    private static let departures = 2
    /// The number of latest records that a duplicate can repeat.
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
    private var agenda = Agenda()
    /// The time of the next everyday event, while consequences come before it.
    private var nextEvent: Int64?
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
        while true {
            let everyday = nextEvent ?? timeOfNextEvent()
            guard let due = agenda.due, due <= everyday else {
                nextEvent = nil
                clock = everyday
                return everydayRecord()
            }
            nextEvent = everyday
            clock = due
            let consequence = agenda.removeFirst()
            if isStillHere(consequence) { return record(of: consequence) }
        }
    }

    private mutating func everydayRecord() -> TownRecord {
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
        default:
            let deed = citizens[house].intends(using: &generator)
            citizens[house].did(deed, using: &generator)
            return record(of: deed, at: house)
        }
    }

    private var now: Int64 { clock - clock % 1000 }

    /// Waits are longer in quiet hours: a wait is drawn in microseconds of an average hour.
    private mutating func timeOfNextEvent() -> Int64 {
        var clock = clock
        let hourLength = Self.day / 24
        let mean = Self.day / (Self.eventsPerDay * Int64(size))
        var wait = Int64(generator.below(Int(2 * mean) + 1)) * Self.averageHour
        while true {
            let busyness = Self.rhythm[Int(clock % Self.day / hourLength)]
            let rest = hourLength - clock % hourLength
            if wait < rest * busyness { return clock + wait / busyness }
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

    /// Makes the record that reports a deed, and plans its consequences.
    private mutating func record(of deed: Deed, at house: Int) -> TownRecord {
        let source = deed.source(using: &generator)
        let name = citizens[house].name
        let record = record(deed.topic, name, report(deed, from: source, about: name))
        remember(record)
        foresee(after: deed, from: source, id: lastID, at: house)
        return record
    }

    /// Stores a record for duplicates.
    private mutating func remember(_ record: TownRecord) {
        if recent.count < Self.memory {
            recent.append(record)
        } else {
            recent[oldest] = record
            oldest = (oldest + 1) % Self.memory
        }
    }
}

// MARK: - Consequences

extension Town {
    private static let openingHour: Int64 = 8
    private static let officeHours = 10

    private static let errorsPerMille = 15
    private static let daysToCorrect = 1...12
    /// Of a hundred thousand unpaid bills.
    private static let lawsuits = 450
    private static let daysToJudge = 10...45
    private static let debts = 200...3000
    private static let paidUpPerMille = 850
    private static let daysToPayUp = 45...210
    private static let daysToAppeal = 1...7
    private static let decidedPerMille = 850
    private static let daysToDecide = 3...28
    private static let upheldPerMille = 350

    /// Plans the consequences of a deed that has been reported.
    private mutating func foresee(after deed: Deed, from source: String, id: Int, at house: Int) {
        guard deed.weight < 0 else { return }
        if citizens[house].enrolls, generator.chance(perMille: Self.errorsPerMille) {
            plan(.corrected(source: source, id: id), in: Self.daysToCorrect, at: house)
            return
        }
        if let sanction = citizens[house].expects(after: deed),
            citizens[house].appeals(on: clock / Self.day, using: &generator)
        {
            plan(.appealed(sanction), in: Self.daysToAppeal, at: house)
        }
        switch deed {
        case .billMissed where generator.below(100_000) < Self.lawsuits:
            plan(.judged(amount: generator.within(Self.debts)), in: Self.daysToJudge, at: house)
        case .judgmentDefaulted(let amount) where generator.chance(perMille: Self.paidUpPerMille):
            plan(.paidUp(amount: amount), in: Self.daysToPayUp, at: house)
        default: break
        }
    }

    /// Courts and boards work by day.
    private mutating func plan(_ kind: Consequence.Kind, in days: ClosedRange<Int>, at house: Int) {
        let hour = Self.day / 24
        let due =
            (clock / Self.day + Int64(generator.within(days))) * Self.day + Self.openingHour * hour
            + Int64(generator.below(Self.officeHours * Int(hour)))
        agenda.add(Consequence(due: due, kind: kind, house: house, name: citizens[house].name))
    }

    private func isStillHere(_ consequence: Consequence) -> Bool {
        !citizens[consequence.house].hasLeft && citizens[consequence.house].name == consequence.name
    }

    private mutating func record(of consequence: Consequence) -> TownRecord {
        let (house, name) = (consequence.house, consequence.name)
        let notice: TownRecord
        switch consequence.kind {
        case .judged(let amount): return record(of: .judgmentDefaulted(amount: amount), at: house)
        case .paidUp(let amount): return record(of: .judgmentSatisfied(amount: amount), at: house)
        case .corrected(let source, let id): notice = void(of: id, from: source, about: name)
        case .appealed(let sanction):
            notice = appeal(of: name, against: sanction)
            if generator.chance(perMille: Self.decidedPerMille) {
                let isUpheld = generator.chance(perMille: Self.upheldPerMille)
                plan(.decided(sanction, isUpheld: isUpheld), in: Self.daysToDecide, at: house)
            }
        case .decided(let sanction, let isUpheld): notice = decision(sanction, isUpheld: isUpheld, about: name)
        }
        remember(notice)
        return notice
    }
}

// MARK: - Events

extension Town {
    private static let registerSource = "/city/register"
    private static let boardSource = "/city/appeals"
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

    private mutating func void(of id: Int, from source: String, about name: [UInt8]) -> TownRecord {
        var text = event(type: "standing.event.voided", source: Self.registerSource, subject: name)
        text.append(field: "source", quoted: source)
        text.append(",\"id\":\"")
        text.append(seed)
        text.append("-")
        text.append(id)
        text.append("\"")
        text.append(field: "reason", quoted: draw(Sanction.correctionReasons))
        text.append("}}")
        return record(Self.controlTopic, name, text)
    }

    private mutating func appeal(of name: [UInt8], against sanction: Sanction) -> TownRecord {
        var text = event(type: "standing.appeal.filed", source: Self.boardSource, subject: name)
        text.append(field: "sanction", quoted: sanction.rawValue)
        text.append(field: "statement", quoted: draw(sanction.statements))
        text.append("}}")
        return record(Self.controlTopic, name, text)
    }

    private mutating func decision(_ sanction: Sanction, isUpheld: Bool, about name: [UInt8]) -> TownRecord {
        var text = event(type: "standing.appeal.decided", source: Self.boardSource, subject: name)
        text.append(field: "sanction", quoted: sanction.rawValue)
        text.append(field: "outcome", quoted: isUpheld ? "upheld" : "rejected")
        text.append(field: "reason", quoted: draw(Sanction.decisionReasons(isUpheld: isUpheld)))
        text.append("}}")
        return record(Self.controlTopic, name, text)
    }

    private mutating func draw(_ texts: [String]) -> String { texts[generator.below(texts.count)] }

    /// A record that no reader can use, in one of four ways. It has no effect on the citizen.
    private mutating func badRecord(about citizen: Citizen) -> TownRecord {
        let deed = citizen.intends(using: &generator)
        let topic = deed.topic
        let source = deed.source(using: &generator)
        switch generator.below(4) {
        case 0:
            let text = report(deed, from: source, about: citizen.name)
            return TownRecord(
                topic: topic, key: citizen.name, value: Array(text.bytes.prefix(text.bytes.count / 2)), time: now)
        case 1: return record(topic, citizen.name, report(deed, from: source, about: nil))
        case 2: return record(topic, citizen.name, report(deed, from: source, about: citizen.name, version: "0.3"))
        default: return enrolment(of: Array("robot-\(lastID + 1)".utf8), kind: "robot")
        }
    }

    private mutating func report(
        _ deed: Deed, from source: String, about subject: [UInt8]?, version: String = "1.0"
    ) -> EventText {
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
