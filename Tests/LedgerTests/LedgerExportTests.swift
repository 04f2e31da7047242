import Ledger
import Randomness
import Simulation
import Testing

@Suite struct LedgerExportTests {
    private let disk = FaultyFileSystem()
    private let export: LedgerExport
    /// By partition; the offsets leave none out.
    private let ledger: [[(offset: Int64, bytes: [UInt8])]]

    init() {
        export = LedgerExport("/backup", on: disk)
        ledger = (0..<3).map { partition in
            ArchiveFixture.frames(20 + partition, seed: UInt64(partition), entries: 5).enumerated().map {
                (Int64($0), $1.bytes)
            }
        }
    }

    private func source(_ partition: Int32, until end: Int = .max) -> (Int64) -> any FrameSource {
        let frames = ledger[Int(partition)].prefix(end)
        return { start in MemoryFrames(frames.filter { $0.offset >= start }) }
    }

    private func write() throws {
        let parts = try (0..<Int32(3)).map { try export.write(partition: $0, source: source($0)) }
        try export.finish(.init(ledger: "standing.ledger", parts: parts))
    }

    @Test func whatWasWrittenIsRead() throws {
        #expect(throws: LedgerExport.Failure.self) { try export.manifest() }
        try write()
        let manifest = try export.manifest()
        #expect(manifest.ledger == "standing.ledger")
        #expect(manifest.parts.map(\.frames) == [20, 21, 22])
        for part in manifest.parts {
            try export.verify(part)
            #expect(
                same(try ArchiveFixture.collect(export.frames(part.partition)), ledger[Int(part.partition)]))
        }
    }

    @Test(arguments: 0..<21) func anInterruptedExportGoesOn(cut: Int) throws {
        try write()
        let whole = try export.manifest()
        for path in disk.paths { disk[path] = nil }
        _ = try export.write(partition: 1, source: source(1, until: cut))
        // And its last record is torn.
        if let path = disk.paths.last(where: { $0.hasSuffix(".segment") }), let bytes = disk[path] {
            disk[path] = Array(bytes.dropLast(3))
        }
        #expect(throws: LedgerExport.Failure.self) { try export.manifest() }
        try write()
        #expect(try export.manifest() == whole)
        for part in whole.parts { try export.verify(part) }
    }

    @Test func everyBitCounts() throws {
        try write()
        let manifest = try export.manifest()
        var bit = 0
        for path in disk.paths where !path.hasSuffix("lock") {
            let good = try #require(disk[path])
            for flipped in stride(from: 0, to: good.count * 8, by: 13) {
                var bytes = good
                bytes[flipped / 8] ^= 1 << UInt8(flipped % 8)
                disk[path] = bytes
                let isWhole = (try? export.manifest()).map { found in
                    found == manifest && found.parts.allSatisfy { (try? export.verify($0)) != nil }
                }
                // White space of the manifest may change its look and not what it says.
                try #require(isWhole != true || path.hasSuffix("ledger.jsonl"), "\(path) bit \(flipped)")
                if isWhole == true { #expect(try export.manifest() == manifest) }
                bit += 1
            }
            disk[path] = good
        }
        #expect(bit > 1000)
    }

    @Test func manifestsOfAnyBytes() throws {
        try write()
        let good = try #require(disk["/backup/ledger.jsonl"])
        var fuzz = Fuzz("manifest", count: 3000)
        var random = Seeded(fuzz.seed)
        var read = 0
        for _ in 0..<fuzz.count {
            var bytes = good
            for _ in 0..<(1 + random.below(3)) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            if random.below(5) == 0 { bytes = Array(bytes.prefix(random.below(bytes.count))) }
            disk["/backup/ledger.jsonl"] = bytes
            fuzz.run(String(decoding: bytes, as: UTF8.self)) { if (try? export.manifest()) != nil { read += 1 } }
        }
        fuzz.report("\(read) read")
        #expect(read > 0 && read < fuzz.count)
    }

    // MARK: Import

    private func imported(
        _ frames: [(offset: Int64, bytes: [UInt8])], over existing: [(offset: Int64, bytes: [UInt8])],
        end: Int64? = nil
    ) throws -> [(offset: Int64, bytes: [UInt8])] {
        var topic = existing
        // A topic gives the next offset to whatever comes.
        var next = end ?? (existing.last.map { $0.offset + 1 } ?? 0)
        let counts = try LedgerImport(partition: 1, end: next).run(
            frames: MemoryFrames(frames), existing: MemoryFrames(existing),
            append: { frame in
                #expect(frame.offset == next)
                topic.append((frame.offset, Array(frame.bytes)))
                next += 1
            },
            fill: { offset in
                #expect(offset == next)
                next += 1
            })
        #expect(counts.existing == existing.count && counts.appended == topic.count - existing.count)
        return topic
    }

    /// What the ledger has no frame at is taken before the next frame, also where an import was interrupted among such offsets.
    @Test func offsetsWithoutAFrameAreFilled() throws {
        var sparse = ledger[1].map { (offset: $0.offset + 3, bytes: $0.bytes) }
        for index in 8..<sparse.count { sparse[index].offset += 2 }
        for count in [0, 1, 8, 21] {
            let existing = Array(sparse.prefix(count))
            #expect(same(try imported(sparse, over: existing), sparse))
            guard count < sparse.count else { continue }
            for end in (existing.last.map { $0.offset + 1 } ?? 0)...sparse[count].offset {
                #expect(same(try imported(sparse, over: existing, end: end), sparse))
            }
        }
    }

    @Test func whatTheTopicLacksIsAppended() throws {
        for count in [0, 1, 7, 21] {
            #expect(same(try imported(ledger[1], over: Array(ledger[1].prefix(count))), ledger[1]))
        }
    }

    @Test func whatWouldNotBeTheSameLedgerIsRefused() throws {
        func failure(
            _ frames: [(offset: Int64, bytes: [UInt8])], over existing: [(offset: Int64, bytes: [UInt8])]
        ) -> String {
            do {
                _ = try imported(frames, over: existing)
                return ""
            } catch {
                return "\(error)"
            }
        }
        var other = ledger[1]
        other[4].bytes = ledger[0][4].bytes
        #expect(failure(ledger[1], over: other) == "partition 1, offset 4: the topic has another frame here")
        #expect(
            failure(Array(ledger[1].prefix(9)), over: ledger[1])
                == "partition 1, offset 9: the topic goes on where the export ends")
        var gap = ledger[1]
        gap.remove(at: 6)
        #expect(failure(gap, over: ledger[1]) == "partition 1, offset 6: the topic has another frame here")
        #expect(failure(ledger[1], over: gap) == "partition 1, offset 6: the topic has another frame here")
    }
}
