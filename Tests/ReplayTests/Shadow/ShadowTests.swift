import Events
import Ledger
import Policy
import Randomness
import Replay
import Scoring
import Simulation
import Testing

/// A policy that is folded beside the active one.
@Suite struct ShadowTests {
    private typealias Frames = ShadowLedger.Frames

    /// The shadow begins somewhere, catches up and follows, each in random parts.
    @Test(arguments: UInt64(1)...12) func itsStandingsAreThoseOfAReplayUnderThePolicy(seed: UInt64) throws {
        var random = Seeded(seed)
        let frames = try ShadowLedger(seed: seed).frames
        let text = RandomLedger.others[random.below(2)]
        let begin = random.below(30)
        var fold = ShadowLedger.fold(frames)
        // Before the last activations: one of them could take the policy out of the shadow.
        let end = frames.count - 10
        for (number, frame) in frames[..<end].enumerated() {
            let isThere = fold.shadow != nil
            if number >= begin, !isThere, fold.policyText != text {
                fold.beginShadow(of: try ShadowLedger.policy(text), history: ShadowLedger.history(frames))
            }
            _ = try ShadowLedger.apply([frame], to: &fold, &random)
            guard number % 20 == 19 || number == end - 1 else { continue }
            try ShadowLedger.settle(&fold)
            guard let shadow = fold.shadow else { continue }
            #expect(shadow.isLive && shadow.folded == frame.offset + 1 && shadow.total == frame.offset + 1)
            #expect(shadow.failure == nil && shadow.policyHash == PolicyHash.of(text))
            let standings = ShadowLedger.shadowStandings(fold)
            #expect(standings == (try ShadowLedger.fixed(text, Array(frames[...number]))))
            for (subject, standing) in standings ?? [:] {
                var found = Array(subject.utf8).withUnsafeBytes { bytes in
                    fold.withShadow { $0.standing(of: bytes) } ?? nil
                }
                found?.errors = 0
                #expect(found == standing)
            }
        }
    }

    @Test func theLedgersHaveSanctionsAndPerksInThem() throws {
        var (sanctions, perks) = (0, 0)
        for seed in UInt64(1)...12 {
            let frames = try ShadowLedger(seed: seed).frames
            for cut in [20, 40, frames.count - 10] {
                for standing in try ShadowLedger.fixed(RandomLedger.others[0], Array(frames[..<cut])).values {
                    (sanctions, perks) = (sanctions + standing.sanctions.count, perks + standing.perks.count)
                }
            }
        }
        #expect(sanctions > 12 && perks > 12)
    }

    /// A shadow that follows reads nothing of the history.
    @Test func onceItIsLiveItFollows() throws {
        let frames = RandomLedger(seed: 4, frames: 40, switches: false).frames
        var fold = ShadowLedger.fold(frames)
        _ = try SliceTests.whole(Array(frames[..<20]), &fold)
        let source = Opened(frames)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: source.history)
        try ShadowLedger.settle(&fold)
        #expect(source.starts == [0])
        _ = try SliceTests.whole(Array(frames[20...]), &fold)
        let shadow = try ShadowLedger.progress(fold)
        #expect(shadow.isLive && source.starts == [0])
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(RandomLedger.others[0], frames)))
    }

    /// Frames have up to ten entries: the greatest use up what the state's own slice has, and not the shadow's.
    @Test func itFollowsFramesThatTakeAWholeSlice() throws {
        let frames = RandomLedger(seed: 4, frames: 40, switches: false).frames
        var fold = ShadowLedger.fold(frames)
        let source = Opened(frames)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: source.history)
        for frame in frames {
            while try SliceTests.part(frame, PartitionFold.Slice(entries: 10), &fold).progress != .done {}
            let isLive = try ShadowLedger.progress(fold).isLive
            #expect(isLive)
        }
        #expect(source.starts.isEmpty)
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(RandomLedger.others[0], frames)))
    }

    /// It lags where the slice is used up, and continues in the midst of the frame, whose bytes have another address then.
    @Test func whereTheSliceIsUsedUpItGoesOnFromTheHistory() throws {
        let frames = RandomLedger(seed: 4, frames: 40, switches: false).frames
        var fold = ShadowLedger.fold(frames)
        let source = Opened(frames)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: source.history)
        _ = try SliceTests.slices(frames, SliceTests.slice(7), &fold)
        let before = try ShadowLedger.progress(fold)
        #expect(!before.isLive && before.folded < before.total)
        var calls = 0
        while try fold.catchUpShadow(within: SliceTests.slice(1)) { calls += 1 }
        let after = try ShadowLedger.progress(fold)
        #expect(after.isLive && after.folded == after.total && calls > 40)
        #expect(source.starts == [before.folded])
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(RandomLedger.others[0], frames)))
    }

    /// The owner of the next frame calls for it then.
    @Test func whereTheHistorysNextFrameIsNotHereYetThereIsNothingMoreToDo() throws {
        let frames = RandomLedger(seed: 4, frames: 40, switches: false).frames
        var fold = ShadowLedger.fold(frames)
        _ = try SliceTests.whole(frames, &fold)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0])) { range in
            HaltingFrames(frames.filter { range.contains($0.offset) }, times: 1)
        }
        var calls = 0
        while try !ShadowLedger.progress(fold).isLive, calls <= 2 * frames.count {
            let before = try ShadowLedger.progress(fold).folded
            let hasMore = try fold.catchUpShadow()
            let folded = try ShadowLedger.progress(fold).folded
            // A frame, and up to two offsets that are left out.
            #expect(!hasMore && folded <= before + 3)
            calls += 1
        }
        #expect(calls >= frames.count)
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(RandomLedger.others[0], frames)))
    }

    /// A history that gives everything from the first frame on does no harm.
    @Test func aHistoryMayBeginBeforeWhatIsAskedFor() throws {
        let frames = RandomLedger(seed: 6, frames: 40, switches: false).frames
        var fold = ShadowLedger.fold(frames)
        var random = Seeded(6)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0])) { range in
            MemoryFrames(frames.filter { $0.offset < range.upperBound })
        }
        _ = try ShadowLedger.apply(frames, to: &fold, &random)
        try ShadowLedger.settle(&fold)
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(RandomLedger.others[0], frames)))
    }

    /// From the second fold version, within a frame.
    @Test(arguments: UInt64(11)...13) func itIsUpgradedWithItsLedger(seed: UInt64) throws {
        var frames = RandomLedger(seed: seed, frames: 60, switches: false).frames
        let beginning = LedgerEntry.policyData(RandomLedger.text)
            .replacing(#","ledger":"city","fold-version":6"#, with: "")
        frames[0].bytes = LedgerEntry.frame(
            session: 9, [.system(type: "standing.policy.activated", data: beginning)])
        let upgrade = LedgerEntry.frame(
            session: 54,
            [
                .tick(86_400 * 20),
                .system(type: "standing.ledger.upgraded", data: #"{"ledger":"city","fold-version":6}"#),
                .tick(86_400 * 21),
            ])
        let offset = frames[20].offset
        for later in frames.indices where later >= 20 { frames[later].offset += 1 }
        frames.insert((offset, upgrade), at: 20)
        let text = RandomLedger.others[0]
        frames.append(
            (
                frames[frames.count - 1].offset + 1,
                LedgerEntry.frame(session: 80, [ShadowLedger.activation(text, number: 1), .tick(86_400 * 300)])
            ))
        var plain = ShadowLedger.fold(frames)
        let expected = try SliceTests.whole(frames, &plain)

        var fold = ShadowLedger.fold(frames)
        var random = Seeded(seed)
        fold.beginShadow(of: try ShadowLedger.policy(text), history: ShadowLedger.history(frames))
        var emitted = try ShadowLedger.apply(frames.dropLast(), to: &fold, &random)
        try ShadowLedger.settle(&fold)
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(text, Array(frames.dropLast()))))
        emitted += try ShadowLedger.apply(frames.suffix(1), to: &fold, &random)
        let shadow = fold.shadow
        #expect(SliceTests.Outcome(emitted, fold) == expected && shadow == nil)
    }

    @Test func anotherTakesItsPlaceAndItCanBeEnded() throws {
        let frames = RandomLedger(seed: 4, frames: 40, switches: false).frames
        var fold = ShadowLedger.fold(frames)
        _ = try SliceTests.whole(frames, &fold)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: ShadowLedger.history(frames))
        try ShadowLedger.settle(&fold)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[1]), history: ShadowLedger.history(frames))
        let begun = try ShadowLedger.progress(fold)
        #expect(begun.version == 3 && begun.folded == 0 && !begun.isLive)
        try ShadowLedger.settle(&fold)
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(RandomLedger.others[1], frames)))
        fold.endShadow()
        let (shadow, more) = (fold.shadow, try fold.catchUpShadow(within: .standard))
        let none = ShadowLedger.shadowStandings(fold)
        #expect(shadow == nil && !more && none == nil)
    }

    // MARK: What it is not part of

    @Test(arguments: UInt64(1)...4) func snapshotsAndDigestsKnowNothingOfIt(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed)
        var with = ledger.fold()
        var without = ledger.fold()
        with.beginShadow(
            of: try ShadowLedger.policy(RandomLedger.others[0]), history: ShadowLedger.history(ledger.frames))
        for (number, frame) in ledger.frames.enumerated() {
            let (a, b) = (try SliceTests.whole([frame], &with), try SliceTests.whole([frame], &without))
            #expect(a == b)
            guard number % 30 == 29 else { continue }
            let sizes = (try snapshot(with).count, try snapshot(without).count)
            #expect(sizes.0 == sizes.1)
        }
    }

    private func snapshot(_ fold: borrowing PartitionFold) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try fold.writeSnapshot(chainHead: [UInt8](repeating: 7, count: 32)) { bytes += Array($0) }
        return bytes
    }

    private func restored(_ bytes: [UInt8], _ frames: Frames) throws -> PartitionFold {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        var reader = ByteReader(UnsafeRawBufferPointer(copy))
        var head: [UInt8] = []
        return try PartitionFold(
            partition: RandomLedger.partition, history: { end in MemoryFrames(frames.filter { $0.offset < end }) },
            snapshot: &reader, chainHead: &head)
    }

    /// A state that comes from a snapshot has no shadow; one that begins anew comes to the same standings.
    @Test(arguments: UInt64(1)...6) func afterACrashItBeginsAnew(seed: UInt64) throws {
        let frames = RandomLedger(seed: seed, frames: 60, switches: false).frames
        let policy = try ShadowLedger.policy(RandomLedger.others[1])
        var random = Seeded(seed)
        let cut = 1 + random.below(frames.count - 1)
        var fold = ShadowLedger.fold(frames)
        fold.beginShadow(of: policy, history: ShadowLedger.history(frames))
        _ = try ShadowLedger.apply(frames[..<cut], to: &fold, &random)
        var other = try restored(try snapshot(fold), frames)
        let none = other.shadow
        #expect(none == nil)
        other.beginShadow(of: policy, history: ShadowLedger.history(frames))
        _ = try ShadowLedger.apply(frames[cut...], to: &other, &random)
        try ShadowLedger.settle(&other)
        let standings = ShadowLedger.shadowStandings(other)
        #expect(standings == (try ShadowLedger.fixed(policy.text, frames)))
    }

    // MARK: What goes wrong

    @Test func whatTheHistoryThrowsIsThrownAndItGoesOn() throws {
        let frames = RandomLedger(seed: 4, frames: 40, switches: false).frames
        var fold = ShadowLedger.fold(frames)
        _ = try SliceTests.whole(frames, &fold)
        let source = Opened(frames, failsAfter: 5)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: source.history)
        var failures = 0
        while true {
            do {
                guard try fold.catchUpShadow(within: SliceTests.slice(3)) else { break }
            } catch is Opened.Unreadable {
                failures += 1
                let failure = fold.shadow?.failure
                #expect(failure == nil)
            }
        }
        #expect(failures > 3 && source.starts.count == failures + 1)
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(RandomLedger.others[0], frames)))
    }

    @Test func aRecordThatCannotBeFoldedEndsItAndNothingElse() throws {
        let frames = try ShadowLedger(seed: 3).frames
        var expected = ShadowLedger.fold(frames)
        let whole = try SliceTests.whole(frames, &expected)
        var broken = frames
        broken[10].bytes = Array("no frame".utf8)
        var fold = ShadowLedger.fold(frames)
        var emitted = try SliceTests.whole(Array(frames[..<30]), &fold).facts
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: ShadowLedger.history(broken))
        try ShadowLedger.settle(&fold)
        let shadow = try ShadowLedger.progress(fold)
        let failure = try #require(shadow.failure)
        #expect(failure.contains("ledger partition 4, offset \(frames[10].offset)"))
        #expect(!shadow.isLive)
        let (standings, progress) = (ShadowLedger.shadowStandings(fold), fold.compareShadow())
        #expect(standings == nil && progress == .behind)
        emitted += try SliceTests.whole(Array(frames[30...]), &fold).facts
        #expect(SliceTests.Outcome(emitted, fold) == whole)
    }

    /// The state comes from a snapshot, so that only the history knows of the record.
    @Test(arguments: [SkipSearchTests.Stray.malformedEntry, .garbage, .unknownSystemEntry])
    func aRecordThatIsSkippedInTheHistory(stray: SkipSearchTests.Stray) throws {
        let plain = RandomLedger(seed: 3, frames: 30, switches: false).frames
        var (frames, offset) = SliceTests.with(stray, behind: 8, in: plain)
        frames.append((frames[frames.count - 1].offset + 1, SkipSearchTests.skip(offset, session: 81)))
        var before = ShadowLedger.fold(frames)
        before.skip(offset)
        _ = try SliceTests.whole(frames, &before)
        var fold = try restored(try snapshot(before), frames)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: ShadowLedger.history(frames))
        var folded: [Int64] = []
        while try fold.catchUpShadow(within: SliceTests.slice(2)) {
            folded.append(fold.shadow?.folded ?? -1)
        }
        #expect(zip(folded, folded.dropFirst()).filter { $0 > $1 }.count == 1, "it begins anew once")
        let shadow = try ShadowLedger.progress(fold)
        #expect(shadow.isLive && shadow.failure == nil)
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(RandomLedger.others[0], frames, skipping: [offset])))
    }
}
