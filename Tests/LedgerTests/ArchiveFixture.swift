import Events
import Ledger
import Randomness
import Simulation

/// A ledger partition's frames in memory, and an archive of them on a disk in memory.
struct ArchiveFixture {
    static let root = "/archive"
    let disk = FaultyFileSystem()
    let directory: ArchiveDirectory
    /// By ledger offset; offsets leave some out.
    let frames: [(offset: Int64, bytes: [UInt8])]

    init(frames count: Int, seed: UInt64 = 1, entries: Int = 12, segmentBytes: Int = 2048) {
        directory = ArchiveDirectory(root: Self.root, partition: 3, segmentBytes: segmentBytes, on: disk)
        frames = Self.frames(count, seed: seed, entries: entries)
    }

    /// Two appender sessions, one of which repeats itself and then breaks; origins that come twice.
    static func frames(_ count: Int, seed: UInt64, entries: Int) -> [(offset: Int64, bytes: [UInt8])] {
        var random = Seeded(seed)
        var offset: Int64 = 0
        var numbers: [UInt64] = [0, 0]
        var origin: Int64 = 0
        var time: Int64 = 1_000_000
        return (0..<count).map { number in
            var owned: [OwnedEntry] = []
            for _ in 0..<(1 + random.below(entries)) {
                time += Int64(random.below(2000)) - 500
                if random.below(12) == 0 {
                    owned.append(.tick(time))
                    continue
                }
                let isCommon = random.below(40) == 0
                owned.append(
                    .event(
                        time, topic: "bills", offset: random.below(8) == 0 ? max(0, origin - 3) : origin,
                        type: isCommon ? "standing.policy.activated" : "bill.paid",
                        subject: isCommon ? "" : "subject-\(random.below(9))", id: "e\(origin)",
                        data: "{\"amount\":\(random.below(1_000_000))}"))
                origin += 1
            }
            if random.below(9) == 0 { offset += Int64(1 + random.below(3)) }
            defer { offset += 1 }
            let session = random.below(2)
            let frame = OwnedFrame(session: UInt64(session + 1), number: numbers[session], entries: owned)
            if !(session == 1 && random.below(10) == 0) {
                numbers[session] += session == 1 && number == count / 2 ? 2 : 1
            }
            return (offset, frame.bytes)
        }
    }

    func append(_ range: Range<Int>, to writer: ArchiveWriter) throws {
        for frame in frames[range] { try frame.bytes.withUnsafeBytes { try writer.append($0, at: frame.offset) } }
    }

    /// Writes all frames and closes.
    func fill() throws {
        let writer = try ArchiveWriter(directory)
        try append(0..<frames.count, to: writer)
        try writer.close()
    }

    func read(from start: Int64 = 0, until end: Int64 = .max) throws -> [(offset: Int64, bytes: [UInt8])] {
        try Self.collect(ArchiveFrames(directory, from: start, until: end))
    }

    static func collect(_ source: any FrameSource) throws -> [(offset: Int64, bytes: [UInt8])] {
        var result: [(offset: Int64, bytes: [UInt8])] = []
        while let frame = try source.next() { result.append((frame.offset, Array(frame.bytes))) }
        return result
    }

    /// The topic, as far as it still has frames.
    func topic(without gone: Set<Int64> = []) -> (Range<Int64>) -> any FrameSource {
        let frames = frames
        return { range in MemoryFrames(frames.filter { range.contains($0.offset) && !gone.contains($0.offset) }) }
    }

    var segments: [String] { disk.paths.filter { $0.hasSuffix(".segment") } }
}

func same(_ a: [(offset: Int64, bytes: [UInt8])], _ b: [(offset: Int64, bytes: [UInt8])]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.offset == $1.offset && $0.bytes == $1.bytes }
}
