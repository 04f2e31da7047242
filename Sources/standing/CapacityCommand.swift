import ArgumentParser
import Foundation
import Ledger
import Operations
import Options
import Pipeline
import Terminal

struct CapacityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capacity",
        abstract:
            "What machines a number of subjects and events needs: memory, disk, network, members, time to restore.",
        discussion: """
            Arithmetic over figures that are printed with where they come from: the benches', or your own ledger's with --archive (bytes \
            an event) and --measure (bytes a subject, facts an event). It is for a first order: measure again with a part of the real \
            thing. Numbers may end in k, M or G (thousand, million, thousand million), memory in K, M or G (powers of 1024). Where members \
            speak TLS, `member-ca` in the settings names the authorities that are trusted (--config).

            Examples:
              standing capacity --subjects 2M --events-per-day 10M
              standing capacity --subjects 1.4G --events-per-day 56G --peak 4.6 --years 10 --output json
              standing capacity --subjects 2M --events-per-day 10M --archive /var/lib/standing --measure 127.0.0.1:8080
            """)

    @Option(help: "Subjects that are enrolled.")
    var subjects: String

    @Option(help: "Events a day, of all subjects together.")
    var eventsPerDay: String

    @Option(help: "The busiest second against the mean one.")
    var peak = 4.0

    @Option(help: "For how many years the ledger has grown.")
    var years = 1.0

    @Option(help: "For how many days an event has a part in its subject's score.")
    var countsForDays = 365.0

    @Option(help: "Members that stand by for each partition.")
    var standbys = 0

    @Option(help: "Cores of a member.")
    var cores = 8

    @Option(help: "Memory of a member, such as 64G.")
    var memory = "64G"

    @Option(help: "Replicas of a topic on the brokers.")
    var replication = 3

    @Option(help: "A data folder, or the folder of an export: how many bytes an event takes in it.")
    var archive: String?

    @Option(help: "HOST:PORT of a member: how many bytes a subject takes in it, and how many facts an event makes.")
    var measure: String?

    @OptionGroup var file: ConfigurationOptions

    @Option(help: "text or json, one document.")
    var output = TableFormat.text

    private static let greatest = 1e15

    func validate() throws {
        for (name, text) in [("subjects", subjects), ("events-per-day", eventsPerDay)] where Self.number(text) == nil {
            throw ValidationError("--\(name): \"\(text)\" is not a number such as 2000000, 2M or 1.4G")
        }
        for (name, value) in [("peak", peak), ("years", years), ("counts-for-days", countsForDays)]
        where !(value > 0 && value < 1e6) {
            throw ValidationError("--\(name): \(value) is not a number above 0 and below a million")
        }
        if peak < 1 { throw ValidationError("--peak: \(peak): the busiest second is no quieter than the mean one") }
        for (name, value, least) in [("standbys", standbys, 0), ("cores", cores, 1), ("replication", replication, 1)]
        where !(least...10_000).contains(value) {
            throw ValidationError("--\(name): \(value) is not a number from \(least) to 10000")
        }
        guard Settings.bytes(memory) != nil else {
            throw ValidationError("--memory: \"\(memory)\" is not a size such as 64G")
        }
        guard measure != nil || file.config == nil else { throw ValidationError("--config goes with --measure") }
    }

    func run() async throws {
        var demand = Capacity.Demand(
            subjects: Self.number(subjects) ?? 0, eventsPerDay: Self.number(eventsPerDay) ?? 0)
        (demand.peakFactor, demand.years, demand.countsForDays) = (peak, years, countsForDays)
        (demand.standbys, demand.coresPerMember) = (Double(standbys), Double(cores))
        (demand.replication, demand.memoryPerMember) = (Double(replication), Double(Settings.bytes(memory) ?? 0))
        let (archive, measure) = (archive, measure)
        var settings = try Settings(config: file.config)
        let readings = try measure.map { _ in try AskedMembers(&settings).readings }
        let figures = try await onThread {
            var figures = Capacity.Figures()
            if let archive { figures = try Self.figures(figures, archive: archive) }
            if let measure, let readings {
                guard let metrics = readings.metrics(of: measure) else {
                    throw fail("error: --measure: \(measure) does not answer GET /metrics")
                }
                figures = Capacity.figures(figures, measuredBy: MetricsText(metrics), at: measure)
            }
            return figures
        }
        let capacity = Capacity(demand, figures)
        print(
            output == .json ? capacity.json(demand, figures) + "\n" : capacity.text(demand, figures), terminator: "")
    }

    private static func figures(_ figures: Capacity.Figures, archive path: String) throws -> Capacity.Figures {
        let root = LocalData(path).archiveRoot
        let folder = FileManager.default.fileExists(atPath: root) ? root : path
        do {
            var (bytes, entries) = (Int64(0), Int64(0))
            for partition in try ArchiveDirectory.partitions(under: folder) {
                let status = try Archive(ArchiveDirectory(root: folder, partition: partition))
                    .status(rereading: .besideMember)
                (bytes, entries) = (bytes + status.bytes, entries + status.entries)
            }
            guard entries > 0 else { throw fail("\(path): error: no archive, or an empty one") }
            return Capacity.figures(figures, archiveBytes: bytes, entries: entries, at: path)
        } catch let error as FileError {
            throw fail("error: \(error)")
        } catch let damage as ArchiveDamage {
            throw fail("error: \(damage); `standing archive repair` fetches it from the topic", Exit.corruption)
        }
    }

    /// `2000000`, `2M`, `1.4G`: with k, M or G for powers of 1000; nil if it is not a number above 0.
    private static func number(_ text: String) -> Double? {
        let units: [Character: Double] = ["k": 1e3, "M": 1e6, "G": 1e9]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? text : String(text.dropLast())) else { return nil }
        let value = number * (unit ?? 1)
        return value > 0 && value <= greatest ? value : nil
    }
}
