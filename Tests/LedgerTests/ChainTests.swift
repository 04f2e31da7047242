import Events
import Ledger
import Randomness
import Simulation
import Synchronization
import Testing

@Suite struct ChainTests {
    private let disk = FaultyFileSystem()
    private let frames = ArchiveFixture.frames(30, seed: 3, entries: 6)

    private func keyring(_ name: String, trusts others: [String] = []) throws -> Keyring {
        if disk["/\(name)"] == nil {
            let key = Keyring.generate()
            disk["/\(name)"] = Array(key.privateFile.utf8)
            disk["/\(name).pub"] = Array(key.publicFile.utf8)
        }
        guard !others.isEmpty else { return try Keyring(signing: "/\(name)", on: disk) }
        disk["/trusted"] = others.flatMap { disk["/\($0).pub"] ?? [] }
        return try Keyring(signing: "/\(name)", trusted: "/trusted", on: disk)
    }

    private func chain(_ frames: ArraySlice<(offset: Int64, bytes: [UInt8])>) -> FrameChain {
        var chain = FrameChain(partition: 3)
        for frame in frames { frame.bytes.withUnsafeBytes { chain.append($0, at: frame.offset) } }
        return chain
    }

    private func checkpoint(_ count: Int, member: String = "one", state: Character = "a") -> Checkpoint {
        Checkpoint(
            partition: 3, nextOffset: frames[count - 1].offset + 1, chainHead: chain(frames[..<count]).head,
            state: String(repeating: state, count: 32), foldVersion: 1, policy: Checkpoint.hash(ofPolicy: "p"),
            member: member)
    }

    // MARK: The chain

    /// Against sha256sum.
    @Test func theHeadIsTheDocumentedOne() {
        func hex(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
        var chain = FrameChain(partition: 3)
        #expect(hex(chain.head) == "1d15f93a52917d2ffa91c030bd3542a9dc94d2480cdc2c781d26771928310597")
        Array("frame".utf8).withUnsafeBytes { chain.append($0, at: 258) }
        #expect(hex(chain.head) == "1560bca935eef69c30db8acf7c5f37349251a241ffd8cb02dece565b60e51d93")
        #expect(FrameChain(head: chain.head) == chain)
        #expect(FrameChain(partition: 4) != FrameChain(partition: 3))
    }

    // MARK: Checkpoints

    @Test func aCheckpointIsWhatItsKeyVouchesFor() throws {
        let one = try keyring("one")
        let signed = try #require(one.sign(checkpoint(5)))
        #expect(one.objection(to: signed) == nil)
        let json = Array(signed.json.utf8)
        let read = json.withUnsafeBytes { SignedCheckpoint(json: $0, EventDecoder()) }
        #expect(read == signed)
        let stranger = try keyring("two")
        #expect(stranger.objection(to: signed) == "key \(signed.key) is not trusted")
        #expect(try keyring("two", trusts: ["one"]).objection(to: signed) == nil)
        for change: (inout Checkpoint) -> Void in [
            { $0.partition = 4 }, { $0.nextOffset += 1 }, { $0.chainHead[0] ^= 1 },
            { $0.state = "b" + $0.state.dropFirst() },
            { $0.foldVersion = 2 }, { $0.policy = Checkpoint.hash(ofPolicy: "q") }, { $0.member = "two" },
        ] {
            var forged = signed
            change(&forged.checkpoint)
            #expect(one.objection(to: forged) == "the signature by key \(signed.key) is not good")
        }
        #expect(try Keyring(on: disk).sign(checkpoint(5)) == nil)
    }

    @Test func aHeadOfTheAuditIsWhatItsKeyVouchesFor() throws {
        let one = try keyring("one")
        let head = AuditHead(
            topic: "standing.audit", cluster: "c", partition: 2, offset: 17, hash: PolicyHash.of("a record"),
            time: Timestamp(microseconds: 1_700_000_000_123_456), member: "one")
        let signed = try #require(SignedAuditHead(head, signedWith: one))
        #expect(signed.objection(one) == nil)
        func read(_ json: [UInt8]) -> SignedAuditHead? {
            json.withUnsafeBytes { SignedAuditHead(json: $0, EventDecoder()) }
        }
        #expect(read(signed.json) == signed)
        #expect(signed.objection(try keyring("two")) == "key \(signed.key) is not trusted")
        for change: (inout AuditHead) -> Void in [
            { $0.topic = "audit" }, { $0.cluster = "" }, { $0.partition = 3 }, { $0.offset += 1 },
            { $0.hash = PolicyHash.of("another") }, { $0.time = Timestamp(microseconds: 0) }, { $0.member = "two" },
        ] {
            var forged = signed
            change(&forged.head)
            #expect(forged.objection(one) == "the signature by key \(signed.key) is not good")
        }
        // It is no checkpoint, and a checkpoint is no head.
        #expect(signed.json.withUnsafeBytes { SignedCheckpoint(json: $0, EventDecoder()) } == nil)
        #expect(read(Array(try #require(one.sign(checkpoint(5))).json.utf8)) == nil)
        let text = String(decoding: signed.json, as: UTF8.self)
        for (old, new) in [
            ("\"offset\":17", "\"offset\":-1"), ("\"member\":\"one\"", "\"member\":\"on\\ne\""),
            (head.hash, "0"), ("\"cluster\":\"c\",", ""),
        ] {
            try #require(text.contains(old))
            #expect(read(Array(text.replacing(old, with: new).utf8)) == nil, "\(new)")
        }
        #expect(SignedAuditHead(head, signedWith: try Keyring(on: disk)) == nil)
    }

    @Test func keyFilesSayWhatIsWrong() throws {
        func failure(signing: String? = nil, trusted: String? = nil) -> String {
            do {
                _ = try Keyring(signing: signing, trusted: trusted, on: disk)
                return ""
            } catch {
                return "\(error)"
            }
        }
        _ = try keyring("one")
        disk["/empty"] = Array("# nothing\n".utf8)
        disk["/bad"] = Array("# a\nstanding-public-key 12\n".utf8)
        #expect(failure(signing: "/none") == "/none: no such file")
        #expect(failure(signing: "/one.pub") == "/one.pub:1: error: not standing-private-key and 64 hexadecimal digits")
        #expect(failure(signing: "/empty") == "/empty: one line standing-private-key HEX is needed")
        #expect(failure(trusted: "/bad") == "/bad:2: error: not standing-public-key and 64 hexadecimal digits")
        #expect(failure(trusted: "/empty") == "/empty: no line standing-public-key HEX")
        #expect(failure(signing: "/one", trusted: "/one.pub") == "")
    }

    @Test func checkpointsOfAnyBytes() throws {
        var fuzz = Fuzz("checkpoint", count: 3000)
        let good = Array(try #require(try keyring("one").sign(checkpoint(5))).json.utf8)
        let decoder = EventDecoder()
        var random = Seeded(fuzz.seed)
        var read = 0
        for _ in 0..<fuzz.count {
            var bytes = good
            for _ in 0..<(1 + random.below(3)) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            if random.below(4) == 0 { bytes = Array(bytes.prefix(random.below(bytes.count))) }
            fuzz.run(String(decoding: bytes, as: UTF8.self)) {
                if bytes.withUnsafeBytes({ SignedCheckpoint(json: $0, decoder) }) != nil { read += 1 }
            }
        }
        fuzz.report("\(read) read")
        #expect(read > 0 && read < fuzz.count)
    }

    // MARK: Members

    @Test func aFoldThatDivergesIsFoundAtTheNextCheckpoint() {
        let own = checkpoint(5)
        var other = checkpoint(5, member: "two")
        var comparison = CheckpointComparison()
        #expect(comparison.add(other) == nil)
        #expect(comparison.nextOffset(from: 0) == own.nextOffset)
        #expect(comparison.addOwn(own) == nil)
        other.state = String(repeating: "b", count: 32)
        #expect(
            comparison.add(other)?.description
                == "ledger partition 3, before offset \(own.nextOffset): one and two fold the same ledger into different "
                + "states")
        other.chainHead[0] ^= 1
        #expect(comparison.add(other)?.kind == .frames)
        // In the other order.
        var later = CheckpointComparison()
        #expect(later.add(other) == nil)
        #expect(later.addOwn(own)?.kind == .frames)
        // Another fold version folds otherwise, and says so.
        other = checkpoint(5, member: "two", state: "b")
        other.foldVersion = 2
        #expect(comparison.add(other) == nil)
        for number in 0..<1000 {
            other.nextOffset = Int64(number)
            _ = comparison.add(other)
        }
        #expect(comparison.nextOffset(from: 0) ?? 0 > 700, "the oldest go")
    }

    // MARK: Verification

    private typealias Frames = [(offset: Int64, bytes: [UInt8])]

    private func verify(
        _ archive: Frames, _ topic: Frames, _ checkpoints: [SignedCheckpoint] = []
    ) throws -> LedgerVerification.Report {
        try verify(archive, .none, checkpoints) { topic }
    }

    /// `topic`: what it has when it is opened.
    private func verify(
        _ archive: Frames, _ rereading: Rereading, _ checkpoints: [SignedCheckpoint] = [], topic: @escaping () -> Frames
    ) throws -> LedgerVerification.Report {
        func source(_ name: String, mayEndEarly: Bool, _ frames: @escaping () -> Frames) -> LedgerVerification.Source {
            LedgerVerification.Source(name, mayEndEarly: mayEndEarly) { start in
                MemoryFrames(frames().filter { $0.offset >= start })
            }
        }
        return try LedgerVerification(rereading: rereading).run(
            partition: 3,
            sources: [
                source("archive", mayEndEarly: true) { archive }, source("topic", mayEndEarly: false, topic),
            ],
            checkpoints: checkpoints, keyring: try keyring("one"))
    }

    @Test func archiveTopicAndCheckpointsAgree() throws {
        let one = try keyring("one")
        let checkpoints = [4, 11, 30].compactMap { one.sign(checkpoint($0)) }
        let report = try verify(frames, frames, checkpoints)
        #expect(report.findings == [] && report.frames == 30 && report.checkpoints == 3 && report.beyond == 0)
        #expect(report.chainHead == chain(frames[...]).head)
        let behind = try verify(Array(frames[..<9]), Array(frames[..<20]), checkpoints)
        #expect(behind.findings == [] && behind.frames == 20 && behind.checkpoints == 2 && behind.beyond == 1)
    }

    @Test func fromWhichOffsetTheyDoNotAgree() throws {
        let index = 12
        let offset = frames[index].offset
        var tampered = frames
        tampered[index].bytes[40] ^= 1
        #expect(try verify(tampered, frames).findings.map(\.reason) == ["archive and topic have different frames"])
        #expect(try verify(tampered, frames).findings.map(\.offset) == [offset])
        var removed = frames
        removed.remove(at: index)
        #expect(try verify(removed, frames).findings.map(\.reason) == ["topic has a frame that archive has not"])
        #expect(try verify(frames, removed).findings.map(\.offset) == [offset])
        #expect(
            try verify(frames, Array(frames[..<index])).findings.map(\.description)
                == ["ledger partition 3, from offset \(offset): archive goes on where topic ends"])
        // Both have been tampered with alike: the checkpoint knows.
        let one = try keyring("one")
        let signed = [5, 20].compactMap { one.sign(checkpoint($0)) }
        for (a, b) in [(tampered, tampered), (removed, removed)] {
            let report = try verify(a, b, signed)
            #expect(report.checkpoints == 1)
            #expect(report.findings.map(\.offset) == [frames[19].offset + 1])
        }
        var swapped = frames
        (swapped[3].bytes, swapped[4].bytes) = (swapped[4].bytes, swapped[3].bytes)
        #expect(try verify(swapped, swapped, signed).findings.count == 2)
    }

    /// A member has appended to the topic, and then to the archive, after the topic's end was asked for.
    @Test func anEndThatHasMovedIsNoFinding() throws {
        let one = try keyring("one")
        let checkpoints = [4, 15, 20].compactMap { one.sign(checkpoint($0)) }
        for late in [0, 1, 5] {
            let pauses = Mutex(0)
            let rereading = Rereading(times: 6, pause: .zero) { _ in pauses.withLock { $0 += 1 } }
            let report = try verify(Array(frames[..<20]), rereading, checkpoints) {
                Array(frames[..<(pauses.withLock { $0 } > late ? 25 : 15)])
            }
            #expect(report.findings == [] && report.frames == 15, "up to the end as it was")
            #expect(report.nextOffset == frames[14].offset + 1 && report.chainHead == chain(frames[..<15]).head)
            #expect(report.checkpoints == 2 && report.beyond == 1)
            #expect(pauses.withLock { $0 } == late + 1)
        }
    }

    @Test func whatDoesNotMoveIsAFindingAtItsOffset() throws {
        var tampered = frames
        tampered[17].bytes[40] ^= 1
        let whole = frames
        let cases: [(archive: Frames, topic: (Int) -> Frames, index: Int, reason: String)] = [
            (whole, { _ in Array(whole[..<15]) }, 15, "archive goes on where topic ends"),
            (tampered, { _ in whole }, 17, "archive and topic have different frames"),
            // The end moves, and what is there then is something else.
            (tampered, { $0 == 0 ? Array(whole[..<17]) : whole }, 17, "archive and topic have different frames"),
        ]
        for (archive, topic, index, reason) in cases {
            let pauses = Mutex(0)
            let rereading = Rereading(times: 6, pause: .zero) { _ in pauses.withLock { $0 += 1 } }
            let report = try verify(archive, rereading) { topic(pauses.withLock { $0 }) }
            #expect(report.findings.map(\.reason) == [reason])
            #expect(report.findings.map(\.offset) == [frames[index].offset] && Int(report.frames) == index)
            #expect(pauses.withLock { $0 } == 6)
        }
    }

    @Test func checkpointsThatProveNothing() throws {
        let one = try keyring("one")
        let two = try keyring("two")
        let strange = try #require(two.sign(checkpoint(5, member: "two")))
        var forged = try #require(one.sign(checkpoint(6)))
        forged.signature[3] ^= 1
        let report = try verify(frames, frames, [strange, forged])
        #expect(report.findings.count == 2 && report.checkpoints == 0)
        let divergent = [one.sign(checkpoint(7)), one.sign(checkpoint(7, member: "three", state: "c"))].compactMap {
            $0
        }
        #expect(
            try verify(frames, frames, divergent).findings.map(\.reason).first?.contains("different states") == true)
    }
}
