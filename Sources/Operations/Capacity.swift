internal import Events

/// The machines that a ledger of a given size needs. Pure arithmetic over named figures, each of which is printed with
/// its origin.
public struct Capacity: Sendable, Equatable {
    /// The size of the ledger.
    public struct Demand: Sendable, Equatable {
        public var subjects: Double
        /// For all subjects together.
        public var eventsPerDay: Double
        /// The ratio of the busiest second to the mean one.
        public var peakFactor = 4.0
        /// The age of the ledger.
        public var years = 1.0
        /// The number of days for which an event counts in its subject's score.
        public var countsForDays = 365.0
        /// The number of copies of the state beside the owner's.
        public var standbys = 0.0
        public var coresPerMember = 8.0
        public var memoryPerMember = 64.0 * 1024 * 1024 * 1024
        public var replication = 3.0

        public init(subjects: Double, eventsPerDay: Double) {
            (self.subjects, self.eventsPerDay) = (subjects, eventsPerDay)
        }
    }

    /// A measured or assumed number.
    public struct Figure: Sendable, Equatable {
        public let value: Double
        public let unit: String
        /// Its origin, in a few words.
        public let origin: String

        public init(_ value: Double, _ unit: String, _ origin: String) {
            (self.value, self.unit, self.origin) = (value, unit, origin)
        }
    }

    public struct Figures: Sendable, Equatable {
        private static let memory = "sizes of the tables, 6 rules, 3 dimensions, 4 perks and sanctions"

        public var subject = Figure(300, "bytes of state a subject", memory)
        public var contribution = Figure(24, "bytes an event while it counts", "size of the table")
        public var identity = Figure(
            16, "bytes an event that is known again", "11 to 22 in the table, by how full it is")
        /// Nil if it is the age of the ledger.
        public var identityDays: Figure?
        public var entry = Figure(120, "bytes an event in the ledger, compressed", "prototype, 107 to 120 with lz4")
        public var event = Figure(221, "bytes an event in its source topic", "bench pipeline")
        public var fact = Figure(390, "bytes a fact", "bench pipeline")
        public var factsPerEvent = Figure(1, "facts an event", "a policy in which each event changes a score")
        public var cpu = Figure(
            3, "microseconds of CPU an event, from source to fact", "bench pipeline, 2.4 to 3.0 on 2 cores")
        public var replay = Figure(
            1_500_000, "events a second and core are folded again", "a fifth of bench replay, for windows cost")
        public var snapshot = Figure(50_000_000, "bytes of a snapshot a second", "bench snapshot, on a busy machine")

        public init() {}

        /// In the order in which they are printed.
        public var all: [(name: String, figure: Figure)] {
            [
                ("subject", subject), ("contribution", contribution), ("identity", identity),
                ("entry", entry), ("event", event), ("fact", fact), ("factsPerEvent", factsPerEvent), ("cpu", cpu),
                ("replay", replay), ("snapshot", snapshot),
            ] + (identityDays.map { [("identityDays", $0)] } ?? [])
        }
    }

    /// The limit of a member's load, as a share of its cores and of its memory.
    static let loadShare = 0.7
    static let memoryShare = 0.8
    /// The limit of a ledger partition's state in bytes, because a partition is read and folded as a whole.
    static let partitionState = 2.5e9
    /// The limit of a ledger partition's events per second, because one worker folds it.
    static let partitionRate = 50_000.0
    static let leastPartitions = 12.0
    static let leastMembers = 2.0
    /// A new snapshot of each partition's state is written beside the last one.
    static let retainedSnapshots = 2.0
    /// The default of --snapshot-interval.
    static let snapshotSeconds = 300.0
    /// The least number of subjects or entries for a measurement. With fewer, it would show the size of an empty
    /// ledger.
    static let leastMeasured = 1_000.0
    private static let daySeconds = 86_400.0
    private static let yearDays = 365.25

    /// Events per second.
    public let meanRate: Double
    public let peakRate: Double
    /// Bytes of all states, without standbys.
    public let state: Double
    public let partitions: Double
    public let statePerPartition: Double
    public let members: Double
    /// Bytes.
    public let memoryPerMember: Double
    /// Cores that are busy at the peak.
    public let coresPerMember: Double
    /// Bytes.
    public let ledgerPerDay: Double
    public let ledger: Double
    /// Bytes, replicas included.
    public let brokerDisk: Double
    /// Bytes of a member with an archive: its partitions' ledger and snapshots.
    public let diskPerMember: Double
    /// Bytes per second at the peak.
    public let networkIn: Double
    public let networkOut: Double
    /// Seconds until a member is current again: from its snapshots, and from its archive without them.
    public let restore: Double
    public let refold: Double

    public init(_ demand: Demand, _ figures: Figures) {
        meanRate = demand.eventsPerDay / Self.daySeconds
        peakRate = meanRate * demand.peakFactor
        let age = demand.years * Self.yearDays
        let counting = demand.eventsPerDay * min(demand.countsForDays, age) * figures.contribution.value
        let known = demand.eventsPerDay * min(figures.identityDays?.value ?? age, age) * figures.identity.value
        state = demand.subjects * figures.subject.value + counting + known
        let wanted = max(Self.leastPartitions, state / Self.partitionState, peakRate / Self.partitionRate)
        partitions = wanted <= Self.leastPartitions ? Self.leastPartitions : Self.powerOfTwo(from: wanted)
        statePerPartition = state / partitions
        let copies = 1 + demand.standbys
        // A standby folds too, and publishes nothing. Its work is assumed to equal that of an owner.
        let cores = peakRate * figures.cpu.value / 1e6 * copies / Self.loadShare
        let byCores = (cores / demand.coresPerMember).rounded(.up)
        let byMemory = (state * copies / (demand.memoryPerMember * Self.memoryShare)).rounded(.up)
        members = max(Self.leastMembers, copies, byCores, byMemory)
        memoryPerMember = state * copies / members
        coresPerMember = cores * Self.loadShare / members
        ledgerPerDay = demand.eventsPerDay * figures.entry.value
        ledger = ledgerPerDay * age
        brokerDisk = ledger * demand.replication
        diskPerMember = (ledger + Self.retainedSnapshots * state) * copies / members
        let facts = figures.factsPerEvent.value * figures.fact.value
        networkIn = peakRate * (figures.event.value + copies * figures.entry.value) / members
        networkOut = peakRate * (figures.entry.value + facts) / members
        let folding = figures.replay.value * demand.coresPerMember
        let tail = meanRate * copies / members * Self.snapshotSeconds / folding
        restore = state * copies / members / figures.snapshot.value / demand.coresPerMember + tail
        refold = demand.eventsPerDay * age * copies / members / folding
    }

    private static func powerOfTwo(from wanted: Double) -> Double {
        var result = 16.0
        while result < wanted { result *= 2 }
        return result
    }
}

extension Capacity {
    /// Figures from a member's bytes and counts in its `/metrics`. Figures that it does not report do not change.
    public static func figures(_ figures: Figures, measuredBy metrics: MetricsText, at address: String) -> Figures {
        var result = figures
        let subjects = metrics.sum(.subjects) ?? 0
        if subjects > 0, subjects < leastMeasured {
            result.subject = Figure(
                figures.subject.value, figures.subject.unit,
                figures.subject.origin + "; \(address) has \(Int64(subjects)) subjects, too few to measure")
        } else if subjects > 0,
            let bytes = metrics.sum(.foldStateBytes) ?? metrics.value(.processResident)
        {
            let origin = "\(address): \(Int64(subjects)) subjects, with what their events take there now"
            result.subject = Figure(bytes / subjects, figures.subject.unit, origin)
            result.contribution = Figure(0, figures.contribution.unit, "in what a subject takes")
            result.identity = Figure(0, figures.identity.unit, "in what a subject takes")
        }
        if let entries = metrics.value(.foldEntries), entries >= leastMeasured,
            let facts = metrics.sum(.factsPublished)
        {
            result.factsPerEvent = Figure(
                facts / entries, figures.factsPerEvent.unit, "\(address): \(Int64(entries)) entries since it started")
        }
        return result
    }

    /// Figures from an archive: bytes and entries of its frames.
    public static func figures(_ figures: Figures, archiveBytes: Int64, entries: Int64, at path: String) -> Figures {
        var result = figures
        guard Double(entries) >= leastMeasured else {
            result.entry = Figure(
                figures.entry.value, figures.entry.unit,
                figures.entry.origin + "; \(path) has \(entries) entries, too few to measure")
            return entries > 0 ? result : figures
        }
        result.entry = Figure(
            Double(archiveBytes) / Double(entries), figures.entry.unit, "\(path): \(entries) entries")
        return result
    }
}
