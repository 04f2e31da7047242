internal import Scoring
internal import Simulation

/// A run whose members' programs are of two releases. The ledger begins under the newest fold version that the older
/// one knows. Operators replace one program after the other, now and then back again, and move the ledger to the newest
/// version: in some runs when every program knows it, in others too early.
///
/// It has a random generator of its own, so that other runs with the same seed stay the same.
struct RollingUpgrade {
    enum Step: Equatable {
        /// A member gets the other program.
        case replace(Int)
        case moveLedger
        case nothing
    }

    /// How many of a thousand runs are of this kind, and in how many of a thousand of these the ledger is moved too
    /// early.
    private static let (runsPerMille, hastyPerMille) = (300, 500)
    /// How often operators act, in a thousand steps. A smaller number lets the two releases run side by side for
    /// longer.
    private static let stepsPerMille = 20
    private static let backPerMille = 150
    /// More runs begin under the second version, because most changes are between it and the third.
    private static let beginnings: [FoldVersion] = [.second, .second, .third, .fourth, .fifth]

    /// The versions that the older program knows.
    let older: KnownFoldVersions
    private let newer: KnownFoldVersions
    private let movesEarly: Bool
    /// Whether a member has the newer program.
    private(set) var isNew: [Bool]
    /// Whether the entries are in the ledger.
    private(set) var isMoved = false
    private var random: SplitMix64

    var counts = DisasterRun.Summary.Upgrades()

    /// Nil if the run with this seed is not of this kind. `bug`: the planted bug.
    init?(seed: UInt64, members: Int, bug: PlantedBug?) {
        var random = SplitMix64(seed: seed ^ 0x7570_6772_6164_6573)
        guard random.chance(perMille: Self.runsPerMille) else { return nil }
        var (older, newer) = (KnownFoldVersions(), KnownFoldVersions())
        older.newest = Self.beginnings[random.below(Self.beginnings.count)]
        newer.waitsForUpgrade = bug != .hasty
        (self.older, self.newer) = (older, newer)
        movesEarly = random.chance(perMille: Self.hastyPerMille)
        isNew = Array(repeating: false, count: members)
        self.random = random
    }

    func known(to member: Int) -> KnownFoldVersions { isNew[member] ? newer : older }

    mutating func next() -> Step {
        guard random.chance(perMille: Self.stepsPerMille) else { return .nothing }
        let old = isNew.indices.filter { !isNew[$0] }
        if !isMoved, old.isEmpty || movesEarly && random.below(2) == 0 { return .moveLedger }
        // After the entries, no program is replaced by the older one.
        if !isMoved, old.count < isNew.count, random.chance(perMille: Self.backPerMille) {
            return .replace(random.below(isNew.count))
        }
        return old.isEmpty ? .nothing : .replace(old[random.below(old.count)])
    }

    mutating func replace(_ member: Int) {
        isNew[member].toggle()
        counts.programs += 1
    }

    mutating func noteMoved() {
        isMoved = true
        counts.ledgers += 1
    }
}
