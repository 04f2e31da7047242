internal import Simulation

/// The kinds of citizens: the `kind` of an enrolment.
enum Kind: String, Sendable {
    case individual, business, official
}

/// One resident. Numbers of character are in thousandths.
///
/// Deeds follow character and reputation. In each sphere the reputation of a reliable citizen settles high and that of
/// an unreliable one low. A citizen whose reputation is above that level grows careless; one whose reputation is below
/// it makes amends. So standings spread and keep moving, and stay within bounds however long the town lives.
struct Citizen: Sendable {
    let name: [UInt8]
    let kind: Kind
    /// Whether the citizen ever signs up. There are events also about those who do not.
    let enrolls: Bool
    /// Whether the citizen has withdrawn and left. Another citizen takes the house later.
    var hasLeft = false
    private(set) var reliability: Int
    /// The level to which reliability returns. An event in the citizen's life changes it.
    private var nature: Int
    private let sociability: Int
    /// The day of the last appeal, counted from 1970. A citizen waits before the next appeal.
    private var lastAppeal = Int32.min
    /// The recent deeds, of about half a year, by sphere, as the policy of the programme may score them, in quarters of
    /// a point. The value stays within what the gravest deed, repeated for ever, would give.
    private var lately = SIMD8<Int16>(repeating: 0)
    /// The sum of the weights of the deeds done, by sphere.
    private var reputation = SIMD8<Int32>(repeating: 0)

    private static let neverEnrollsPerMille = 50
    private static let turnOfLifeOdds = 700
    private static let driftNoise = 30
    private static let driftReturn = 48
    private static let officePerMille = 100
    private static let faultPerMille = 3...450
    private static let quarters = 4
    /// After this many deeds of a sphere most of its earlier ones are forgotten.
    private static let forgetting: Int16 = 100
    /// One in this many.
    private static let smokingOdds = 150
    private static let gatheringOdds = 120
    private static let parkingOdds = 3
    /// The reputation in a sphere at which a level sanction is near.
    private static let railBanLevel = -100
    private static let delistedLevel = -90
    private static let judgmentLimit = 1000
    private static let daysBetweenAppeals: Int64 = 120
    private static let appealsPerMille = 400

    init(name: [UInt8], kind: Kind, using generator: inout SplitMix64) {
        self.name = name
        self.kind = kind
        enrolls = !generator.chance(perMille: Self.neverEnrollsPerMille)
        nature = Self.drawNature(using: &generator)
        reliability = nature
        sociability = generator.within(0...1000)
    }

    /// Most values are near the middle.
    private static func drawNature(using generator: inout SplitMix64) -> Int {
        (generator.within(0...1000) + generator.within(0...1000)) / 2
    }

    /// The citizen's next deed, before it is done.
    func intends(using generator: inout SplitMix64) -> Deed {
        let sphere = nextSphere(using: &generator)
        let failed = generator.chance(perMille: faultPerMille(in: sphere))
        switch sphere {
        case .payment:
            if failed { return .billMissed }
            return generator.below(6) == 0 ? .loanRepaid : .billPaid
        case .transport:
            guard failed else { return .farePaid }
            if generator.below(Self.smokingOdds) == 0 { return .smokedOnTrain }
            return generator.below(Self.parkingOdds) == 0 ? .parkingFined : .fareEvaded
        case .community:
            if failed { return generator.below(Self.gatheringOdds) == 0 ? .gatheringDisturbed : .noiseMade }
            return generator.below(12) == 0 ? .bloodDonated : .volunteered
        case .commerce:
            if failed { return generator.below(2) == 0 ? .orderCancelled : .complainedOf }
            return generator.below(4) == 0 ? .praised : .orderDelivered
        case .office:
            return failed ? .misconduct(grade: Self.grade(using: &generator)) : .auditPassed
        }
    }

    /// Applies a deed that is done: it changes the reputation, and time changes the character.
    mutating func did(_ deed: Deed, using generator: inout SplitMix64) {
        let sphere = deed.sphere.rawValue
        reputation[sphere] += Int32(deed.weight)
        lately[sphere] += Int16(deed.weight * Self.quarters) - lately[sphere] / Self.forgetting
        if generator.below(Self.turnOfLifeOdds) == 0 { nature = Self.drawNature(using: &generator) }
        let drift = (nature - reliability) / Self.driftReturn + generator.within(-Self.driftNoise...Self.driftNoise)
        reliability = min(max(reliability + drift, 0), 1000)
    }

    /// The sanction that `deed`, just done, has probably brought.
    func expects(after deed: Deed) -> Sanction? {
        switch deed {
        case .fareEvaded, .parkingFined, .smokedOnTrain: isAtMost(Self.railBanLevel, in: .transport) ? .railBan : nil
        case .orderCancelled, .complainedOf: isAtMost(Self.delistedLevel, in: .commerce) ? .delisted : nil
        case .gatheringDisturbed: .noGatherings
        case .misconduct(let grade): grade >= 3 ? .officeSuspension : nil
        case .judgmentDefaulted(let amount): amount > Self.judgmentLimit ? .judgmentDefaulter : nil
        default: nil
        }
    }

    private func isAtMost(_ points: Int, in sphere: Sphere) -> Bool {
        Int(lately[sphere.rawValue]) <= points * Self.quarters
    }

    /// Whether the citizen appeals, on this day counted from 1970.
    mutating func appeals(on day: Int64, using generator: inout SplitMix64) -> Bool {
        guard enrolls, day - Int64(lastAppeal) >= Self.daysBetweenAppeals,
            generator.chance(perMille: Self.appealsPerMille)
        else { return false }
        lastAppeal = Int32(truncatingIfNeeded: day)
        return true
    }

    private func nextSphere(using generator: inout SplitMix64) -> Sphere {
        let roll = generator.below(1000)
        switch kind {
        case .business: return roll < 800 ? .commerce : .payment
        case .official where roll < Self.officePerMille: return .office
        case .individual, .official:
            if roll >= 750 { return .payment }
            return roll >= 750 - sociability * 3 / 10 ? .community : .transport
        }
    }

    /// The severity of a misconduct. Grade 3 is rare.
    private static func grade(using generator: inout SplitMix64) -> Int {
        let roll = generator.below(20)
        return roll == 0 ? 3 : roll <= 4 ? 2 : 1
    }

    /// The share of faults at which good and bad deeds balance at the level of the character.
    private func faultPerMille(in sphere: Sphere) -> Int {
        let balanced =
            switch sphere {
            case .transport, .office: 50
            case .payment, .community: 100
            case .commerce: 125
            }
        let excess = Int(reputation[sphere.rawValue]) - level
        return min(max(balanced + excess * balanced / 50, Self.faultPerMille.lowerBound), Self.faultPerMille.upperBound)
    }

    /// The reputation at which a sphere settles: -250 for a reliability of 0, 0 for half of it, 60 for all of it.
    private var level: Int {
        let surplus = reliability - 500
        return surplus >= 0 ? surplus * 60 / 500 : -surplus * surplus / 1000
    }
}
