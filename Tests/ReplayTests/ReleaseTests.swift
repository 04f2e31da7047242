import Events
import Foundation
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Synchronization
import TestFiles
import Testing

/// The files of earlier releases (`Tests/Releases/record`): this build reads them, and gives the same.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: Release.tar.path), "tar is not here"))
struct ReleaseTests {
    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: Release.folder.path)) ?? []
        return files.filter { $0.hasSuffix(Release.suffix) }.map { String($0.dropLast(Release.suffix.count)) }.sorted()
    }()

    @Test func theFirstReleaseIsThere() { #expect(Self.names.first == "0.1.0") }

    @Test(arguments: names) func exportAndArchiveGiveWhatTheyGaveThen(name: String) throws {
        let release = try Release(name)
        let manifest = try release.export.manifest()
        #expect(manifest.parts.map(\.partition) == release.digests.map(\.partition))
        for part in manifest.parts { try release.export.verify(part) }

        for root in [release.export.path, release.archive] {
            let source = release.source(root)
            let standings = Mutex(StandingsWriter())
            let results = try LedgerReplay().run(partitions: manifest.parts.map(\.partition), source: source) { fold in
                standings.withLock { $0.add(fold.fold) }
            }
            #expect(results.map(Release.Digest.init) == release.digests, "\(root)")
            var (writer, text) = (standings.withLock { $0 }, [UInt8]())
            writer.write { text += $0 }
            #expect(String(decoding: text, as: UTF8.self) == (try release.text("standings.jsonl")), "\(root)")

            var facts: [String] = []
            for part in manifest.parts {
                try LedgerReplay().facts(partition: part.partition, source: source) {
                    facts.append(String(decoding: $0, as: UTF8.self))
                }
            }
            let expected = try release.lines("facts.jsonl")
            let same = zip(facts, expected).prefix { $0 == $1 }.count
            #expect(facts.count == expected.count, "\(root)")
            #expect(facts.dropFirst(same).first == expected.dropFirst(same).first, "\(root), fact \(same)")
        }
    }

    /// A snapshot of this version of the state is read, one of another is passed over with the reason. The state at the ledger's
    /// end is the same either way.
    @Test(arguments: names) func aSnapshotIsReadOrPassedOver(name: String) throws {
        let release = try Release(name)
        for expected in release.digests {
            let source = release.source(release.archive)
            let store = SnapshotStore(root: release.path + "/data/snapshots", partition: expected.partition)
            let offset = try #require(store.offsets().last)
            #expect(offset > 0 && offset < expected.nextOffset)
            var rejected: [String] = []
            let restored = try store.newest(retainsRejected: true, rejected: { rejected.append($0.reason) }) {
                _, reader in
                var head: [UInt8] = []
                return try PartitionFold(
                    partition: expected.partition, history: { try source(expected.partition, 0, $0) },
                    snapshot: &reader, chainHead: &head)
            }
            let written = try release.stateVersion(of: expected.partition, at: offset)
            if written == Fold.stateVersion {
                #expect(rejected == [])
            } else {
                #expect(rejected == ["version \(written) of the state, not \(Fold.stateVersion)"])
            }
            var fold =
                restored ?? PartitionFold(partition: expected.partition) { try source(expected.partition, 0, $0) }
            let start = fold.nextOffset
            #expect(start == (written == Fold.stateVersion ? offset : 0))
            let frames = try source(expected.partition, start, .max)
            var facts = EncodedFacts()
            while let frame = try frames.next() {
                facts.removeAll()
                try fold.apply(frame: frame.bytes, at: frame.offset, above: [0, 0, 0], into: &facts)
            }
            let (digest, sequences) = (fold.fold.digest().description, fold.sequences)
            #expect(digest == expected.digest && sequences == expected.sequences)
        }
    }

    /// `standing verify` finds nothing. A member of this build and one of that release that fold the same ledger agree on the state
    /// (`Divergence`): a digest that is made otherwise, or a fold that gives another state, needs a fold version of its own.
    @Test(arguments: names) func signedCheckpointsAreBorneOut(name: String) throws {
        let release = try Release(name)
        let keyring = try Keyring(trusted: release.path + "/trusted-keys")
        let decoder = EventDecoder()
        let checkpoints = try release.lines("checkpoints.jsonl").map { line in
            try #require(Array(line.utf8).withUnsafeBytes { SignedCheckpoint(json: $0, decoder) })
        }
        #expect(checkpoints.count == 2 * release.digests.count)
        for partition in release.digests.map(\.partition) {
            let sources = [release.export.path, release.archive].map { root in
                LedgerVerification.Source(root) { try release.source(root)(partition, $0, .max) }
            }
            let report = try LedgerVerification().run(
                partition: partition, sources: sources, checkpoints: checkpoints, keyring: keyring)
            #expect(report.findings == [] && report.checkpoints == 2 && report.beyond == 0)
        }
        for checkpoint in checkpoints.map(\.checkpoint) {
            let source = release.source(release.archive)
            var fold = PartitionFold(partition: checkpoint.partition) { try source(checkpoint.partition, 0, $0) }
            let frames = try source(checkpoint.partition, 0, checkpoint.nextOffset)
            var facts = EncodedFacts()
            while let frame = try frames.next() {
                facts.removeAll()
                try fold.apply(frame: frame.bytes, at: frame.offset, above: [0, 0, 0], into: &facts)
            }
            let (state, version) = (fold.fold.digest().description, fold.fold.version.rawValue)
            let policy = Checkpoint.hash(ofPolicy: fold.policyText)
            #expect(state == checkpoint.state && version == checkpoint.foldVersion && policy == checkpoint.policy)
        }
    }

    /// `standing ledger repartition`, over every fold version that has a name.
    @Test(arguments: names) func aLedgerWithMorePartitionsGivesTheSameStandings(name: String) throws {
        let release = try Release(name)
        let count = release.digests.count
        func standings(_ partitions: [Int32], _ source: @escaping LedgerReplay.Source) throws -> String {
            let standings = Mutex(StandingsWriter())
            _ = try LedgerReplay().run(partitions: partitions, source: source) { fold in
                standings.withLock { $0.add(fold.fold) }
            }
            var (writer, text) = (standings.withLock { $0 }, [UInt8]())
            writer.write { text += $0 }
            return String(decoding: text, as: UTF8.self)
        }
        let source = release.source(release.export.path)
        // The second has no name.
        for old in release.digests.map(\.partition) where old != 1 {
            let whole = try standings([old], source)
            for factor in [1, 2, 5] {
                let new = (0..<Int32(factor)).map { old + $0 * Int32(count) }
                let divided = try standings(new) { partition, start, end in
                    let frames = LedgerRepartition(
                        try source(old, 0, .max), partition: partition, of: count * factor, name: "new-town",
                        from: start)
                    var rest: [(offset: Int64, bytes: [UInt8])] = []
                    while let frame = try frames.next(), frame.offset < end {
                        rest.append((frame.offset, Array(frame.bytes)))
                    }
                    return MemoryFrames(rest)
                }
                #expect(divided == whole, "partition \(old), \(factor) times as many")
            }
        }
    }

    /// The first release's ledger has what the versions differ in, so that a difference is seen.
    @Test func theLedgerOfTheFirstReleaseHasEveryFoldVersion() throws {
        let release = try Release("0.1.0")
        var versions: [[UInt32]] = []
        for partition in release.digests.map(\.partition) {
            let frames = try release.source(release.archive)(partition, 0, .max)
            var (entries, entry, found) = (EntryReader(), FrameReader.blank, [UInt32]())
            let decoder = EventDecoder()
            while let frame = try frames.next() {
                guard try entries.open(frame.bytes) else { continue }
                while try entries.next(&entry) {
                    let type = ControlType(entry.event.type)
                    guard entry.kind == .system, type == .policyActivated || type == .ledgerUpgraded else { continue }
                    found.append(try LedgerIdentity(in: entry.event.data, decoder).version.rawValue)
                }
            }
            versions.append(found)
        }
        #expect(versions == [[2, 3, 4, 5, 6], [2], [3], [4], [5], [6]])
        let facts = try release.text("facts.jsonl")
        let kinds = [
            "standing.score.changed", "standing.sanction.noticed", "standing.sanction.in-force",
            "standing.sanction.stayed", "standing.sanction.lifted", "standing.perk.granted", "standing.perk.revoked",
        ]
        for kind in kinds { #expect(facts.contains("\"\(kind)\""), "\(kind)") }
    }
}

/// A release's record, unpacked.
private struct Release {
    static let folder = URL(filePath: #filePath).appending(path: "../../Releases").standardized
    static let suffix = ".tar.gz"
    static let tar = URL(filePath: "/usr/bin/tar")

    /// A line of `standing replay --digests`.
    struct Digest: Decodable, Equatable {
        let partition: Int32
        let nextOffset: Int64
        let digest: String
        let sequences: [Int64]

        init(_ result: LedgerReplay.Result) {
            (partition, nextOffset, sequences) = (result.partition, result.nextOffset, result.sequences)
            digest = result.digest.description
        }
    }

    private let unpacked: TemporaryFolder
    let digests: [Digest]

    init(_ name: String) throws {
        unpacked = try TemporaryFolder()
        let process = Process()
        process.executableURL = Self.tar
        process.arguments = ["-xzf", Self.folder.path + "/\(name)\(Self.suffix)", "-C", unpacked.url.path]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        let file = try String(contentsOf: unpacked.url.appending(path: "digests.jsonl"), encoding: .utf8)
        digests = try file.split(separator: "\n").map { try JSONDecoder().decode(Digest.self, from: Data($0.utf8)) }
    }

    var path: String { unpacked.url.path }
    var export: LedgerExport { LedgerExport(path + "/export") }
    var archive: String { path + "/data/archive" }

    func source(_ root: String) -> LedgerReplay.Source {
        { partition, start, end in
            ArchiveFrames(ArchiveDirectory(root: root, partition: partition), from: start, until: end)
        }
    }

    func text(_ name: String) throws -> String {
        try String(contentsOf: unpacked.url.appending(path: name), encoding: .utf8)
    }

    func lines(_ name: String) throws -> [String] { try text(name).split(separator: "\n").map(String.init) }

    /// The version of the state that a snapshot names, after its magic.
    func stateVersion(of partition: Int32, at offset: Int64) throws -> UInt32 {
        let name = String(format: "%05d/%020d.snapshot", Int(partition), Int(offset))
        let bytes = try Data(contentsOf: unpacked.url.appending(path: "data/snapshots/" + name))
        return bytes[8..<12].enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) }
    }
}
