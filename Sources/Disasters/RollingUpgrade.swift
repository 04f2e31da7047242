internal import Scoring
internal import Simulation

/// A run whose members' programs are of two releases. The ledger begins under the newest fold version that the older one knows.
/// Operators replace one program after the other, now and then back again, and move the ledger to the newest version: some only when
/// every program knows it, others too early.
///
/// What happens in it has a source of chance of its own, so that other runs with the same seed are what they would be without it.
struct RollingUpgrade {
    enum Step: Equatable {
        /// A member gets the other program.
        case replace(Int)
        case moveLedger
        case nothing
    }

    /// Of a thousand runs, how many are of this sort, and in how many of these the ledger is moved too early.
    private static let (runsPerMille, hastyPerMille) = (300, 500)
    /// How often operators do something, in a thousand steps. The rarer, the longer the two releases run side by side.
    private static let stepsPerMille = 20
    private static let backPerMille = 150
    /// More runs begin under the second version: from it to the third, most changes.
    private static let beginnings: [FoldVersion] = [.second, .second, .third, .fourth, .fifth]

    /// What the older program knows.
    let older: KnownFoldVersions
    private let newer: KnownFoldVersions
    private let movesEarly: Bool
    /// By member: it has the newer program.
    private(set) var isNew: [Bool]
    /// The ledger has the entries.
    private(set) var isMoved = false
    private var random: SplitMix64

    var counts = DisasterRun.Summary.Upgrades()

    /// Nil: the run with this seed is not of this sort. `bug`: the one that is planted.
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
        // Nothing leads back from the entries.
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
