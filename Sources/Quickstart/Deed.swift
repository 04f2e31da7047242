internal import Simulation

/// The deeds of a citizen, and the events that report them.
enum Deed: Sendable {
    case billPaid, billMissed, loanRepaid
    case farePaid, fareEvaded, parkingFined, smokedOnTrain
    case volunteered, bloodDonated, noiseMade, gatheringDisturbed
    case orderDelivered, orderCancelled, praised, complainedOf
    case auditPassed, misconduct(grade: Int)
    /// Reports of courts about a citizen who owes money.
    case judgmentDefaulted(amount: Int), judgmentSatisfied(amount: Int)

    /// The CloudEvents type, the sphere, and the weight in the eyes of the neighbours. The weight steers the citizen's
    /// next deeds; it is not a policy's points.
    private var traits: (type: String, sphere: Sphere, weight: Int) {
        switch self {
        case .billPaid: ("bill.paid", .payment, 2)
        case .billMissed: ("bill.missed", .payment, -22)
        case .loanRepaid: ("loan.repaid", .payment, 5)
        case .farePaid: ("fare.paid", .transport, 1)
        case .fareEvaded: ("fare.evaded", .transport, -20)
        case .parkingFined: ("parking.fined", .transport, -15)
        case .smokedOnTrain: ("train.smoking", .transport, -40)
        case .volunteered: ("volunteer.hours", .community, 2)
        case .bloodDonated: ("blood.donated", .community, 6)
        case .noiseMade: ("noise.complaint", .community, -20)
        case .gatheringDisturbed: ("gathering.disturbed", .community, -40)
        case .orderDelivered: ("order.delivered", .commerce, 1)
        case .orderCancelled: ("order.cancelled", .commerce, -12)
        case .praised: ("review.praised", .commerce, 3)
        case .complainedOf: ("review.complained", .commerce, -8)
        case .auditPassed: ("audit.passed", .office, 3)
        case .misconduct: ("office.misconduct", .office, -60)
        case .judgmentDefaulted: ("court.judgment-defaulted", .payment, -150)
        case .judgmentSatisfied: ("court.judgment-satisfied", .payment, 0)
        }
    }

    var type: String { traits.type }
    var sphere: Sphere { traits.sphere }
    var weight: Int { traits.weight }

    /// The topic of the authority that reports. Courts report their own decisions; the creditor does not.
    var topic: String {
        switch self {
        case .judgmentDefaulted, .judgmentSatisfied: Town.communityTopic
        default: sphere.topic
        }
    }

    /// The source that reports: a bank or a utility (private), a market (private), or an office of the city (public).
    func source(using generator: inout SplitMix64) -> String {
        switch self {
        case .billPaid, .billMissed: generator.below(3) == 0 ? "/bank/meridian" : "/utility/waterworks"
        case .loanRepaid: "/bank/meridian"
        case .farePaid, .fareEvaded, .parkingFined, .smokedOnTrain: "/city/transport"
        case .volunteered, .bloodDonated: "/city/volunteers"
        case .noiseMade, .gatheringDisturbed: "/city/hall"
        case .orderDelivered, .orderCancelled, .praised, .complainedOf: "/market/harbour"
        case .auditPassed, .misconduct: "/city/audit"
        case .judgmentDefaulted, .judgmentSatisfied: "/court/district"
        }
    }

    /// Writes the event's `data`, a JSON object of facts about the deed and none about the person.
    func appendData(to text: inout EventText, using generator: inout SplitMix64) {
        switch self {
        case .billPaid: text.append(field: "amount", generator.within(20...180))
        case .billMissed:
            text.append(field: "amount", generator.within(20...180))
            text.append(field: "days", generator.within(5...60))
        case .loanRepaid: text.append(field: "amount", generator.within(150...900))
        case .farePaid, .fareEvaded: text.append(field: "line", quoted: String(generator.within(1...12)))
        case .parkingFined: text.append(field: "amount", generator.within(3...12) * 10)
        case .volunteered: text.append(field: "hours", generator.within(1...6))
        case .bloodDonated: text.append(field: "millilitres", 450)
        case .smokedOnTrain:
            text.append(field: "carriage", quoted: Self.carriages[generator.below(Self.carriages.count)])
        case .noiseMade, .gatheringDisturbed: text.append(field: "district", generator.within(1...9))
        case .orderDelivered, .orderCancelled:
            text.append(field: "order", generator.within(10_000...99_999))
            text.append(field: "amount", generator.within(5...250))
        case .praised: text.append(field: "stars", generator.within(4...5))
        case .complainedOf: text.append(field: "stars", generator.within(1...2))
        case .auditPassed: text.append(field: "files", generator.within(20...400))
        case .misconduct(let grade): text.append(field: "grade", grade)
        case .judgmentDefaulted(let amount), .judgmentSatisfied(let amount): text.append(field: "amount", amount)
        }
        text.append("}")
    }

    private static let carriages = ["sleeper", "high-speed", "regional"]
}

/// A side of life. A citizen's reputation differs between them.
enum Sphere: Int, Sendable {
    case payment, transport, community, commerce, office

    var topic: String {
        switch self {
        case .payment: Town.paymentsTopic
        case .transport: Town.transportTopic
        case .community, .office: Town.communityTopic
        case .commerce: Town.commerceTopic
        }
    }
}
