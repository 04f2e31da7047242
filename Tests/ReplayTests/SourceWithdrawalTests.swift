import Backtests
import Events
import Foundation
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Testing

@Suite struct SourceWithdrawalTests {
    private static let silent = "rail"
    private typealias Act = RandomLedger.SourceAct
    private static let acts = [Act(frame: 70, topic: silent)]

    /// What follows from the set of events alone, by subject.
    private func scores(_ fold: borrowing Fold) -> [[UInt8]: [String]] {
        var scores: [[UInt8]: [String]] = [:]
        fold.forEachStanding { standing in
            scores[standing.subject] = [
                "\(standing.level)", "\(standing.dimensions)", "\(standing.contributions)", standing.terms,
                "\(standing.kind)", "\(standing.measures)", "\(standing.attributes)",
            ]
        }
        return scores
    }

    private func sanctions(_ fold: borrowing Fold) -> Set<String> {
        var sanctions: Set<String> = []
        fold.forEachStanding { standing in
            for item in standing.sanctions {
                sanctions.insert("\(standing.subject) \(item.sanction) \(item.state) \(item.since) \(item.until)")
            }
        }
        return sanctions
    }

    private func folded(_ ledger: RandomLedger) throws -> PartitionFold {
        var fold = ledger.fold()
        _ = try ledger.apply(0..<ledger.frames.count, to: &fold)
        return fold
    }

    /// A state that continues from a snapshot.
    private func restored(_ fold: borrowing PartitionFold, _ ledger: RandomLedger) throws -> PartitionFold {
        var (bytes, head): ([UInt8], [UInt8]) = ([], [])
        try fold.writeSnapshot(chainHead: [UInt8](repeating: 0, count: 32)) { bytes += Array($0) }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        var reader = ByteReader(UnsafeRawBufferPointer(copy))
        return try PartitionFold(
            partition: RandomLedger.partition, history: ledger.history, snapshot: &reader, chainHead: &head)
    }

    // MARK: From the entry on

    /// Duplicates, early events, voids, appeals, gaps and policies that are switched to included; `town` is the topic of
    /// the control events too, which stay.
    @Test(arguments: 1...8, [silent, "town"])
    func scoresAreThoseOfAHistoryInWhichTheSourceHadNeverSpoken(seed: UInt64, topic: String) throws {
        let act = 20 + Int(seed) * 12 % 90
        let acts = [Act(frame: act, topic: topic)]
        let withdrawn = RandomLedger(seed: seed, topics: 3, acts: acts)
        let never = RandomLedger(seed: seed, topics: 3, acts: acts, without: topic)
        #expect(withdrawn.frames.map(\.offset) == never.frames.map(\.offset))
        var fold = withdrawn.fold()
        var other = never.fold()
        var differs = false
        for index in withdrawn.frames.indices {
            _ = try withdrawn.apply(index..<index + 1, to: &fold)
            _ = try never.apply(index..<index + 1, to: &other)
            let isWithdrawn = !fold.withdrawnSources.isEmpty
            guard isWithdrawn else {
                differs = differs || scores(fold.fold) != scores(other.fold)
                continue
            }
            try #require(scores(fold.fold) == scores(other.fold), "seed \(seed), \(topic), frame \(index)")
            let (clock, otherClock) = (fold.fold.clock, other.fold.clock)
            #expect(clock == otherClock)
        }
        let sources = fold.withdrawnSources
        #expect(sources == [Array(topic.utf8)])
        // The source did something, and it is the act that takes it back.
        #expect(differs, "seed \(seed)")
    }

    @Test(arguments: 1...4) func aSourceIsGivenBackAsIfItHadNeverBeenWithdrawn(seed: UInt64) throws {
        let acts = [
            Act(frame: 30, topic: Self.silent), Act(frame: 50, topic: "bank"),
            Act(frame: 80, topic: Self.silent, isWithdrawal: false), Act(frame: 90, topic: "bank", isWithdrawal: false),
        ]
        let ledger = RandomLedger(seed: seed, topics: 3, acts: acts)
        let always = RandomLedger(seed: seed, topics: 3, acts: acts, without: "nobody")
        let fold = try folded(ledger)
        let other = try folded(always)
        let sources = fold.withdrawnSources
        #expect(sources.isEmpty)
        #expect(scores(fold.fold) == scores(other.fold), "seed \(seed)")
    }

    /// While the history is folded without the source, or with it again.
    @Test func theSwitchNamesTheSourceAndWhatBecomesOfIt() throws {
        let acts = [
            Act(frame: 30, topic: "bank"), Act(frame: 40, topic: Self.silent),
            Act(frame: 60, topic: "bank", isWithdrawal: false),
        ]
        let ledger = RandomLedger(seed: 2, switches: false, topics: 3, acts: acts)
        var fold = ledger.fold()
        var seen: [String] = []
        for frame in ledger.frames {
            while true {
                let part = try SliceTests.part(frame, SliceTests.slice(3), &fold)
                if let step = fold.policySwitch {
                    let source = step.source.map { "\($0.topic) \($0.isWithdrawn ? "withdrawn" : "restored")" }
                    if seen.last != source ?? "a policy" { seen.append(source ?? "a policy") }
                }
                guard part.progress == .unfinished else { break }
            }
        }
        #expect(seen == ["bank withdrawn", "rail withdrawn", "bank restored"])
    }

    /// SPEC 5: only a new adverse event can impose a sanction.
    @Test(arguments: 1...12) func theActImposesNoSanctionAndItsFactsNameIt(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed, topics: 3, acts: Self.acts)
        var fold = ledger.fold()
        var index = 0
        var before: Set<String> = []
        var facts: [String] = []
        while fold.withdrawnSources.isEmpty {
            before = sanctions(fold.fold)
            facts = try ledger.apply(index..<index + 1, to: &fold)
            index += 1
        }
        let caused = facts.filter { $0.contains(#""type":"standing.source.withdrawn""#) }
        #expect(caused.allSatisfy { $0.contains(#""source":"/town","id":"acts-0-0""#) })
        #expect(!caused.contains { $0.contains("sanction.noticed") || $0.contains("sanction.in-force") })
        #expect(!caused.isEmpty, "seed \(seed)")
        #expect(!before.isEmpty || !caused.contains { $0.contains("sanction.lifted") })
    }

    /// The imposing event is taken back, and the condition of no level is involved.
    @Test func aSanctionThatTheSourceImposedIsLiftedAsVoidedAndAnothersStays() throws {
        func court(_ subject: String, _ topic: String, _ offset: Int64) -> LedgerEntry {
            .event(
                type: "court.defaulted", subject: subject, offset: offset, topic: topic, second: offset,
                data: #"{"amount":60}"#)
        }
        let act = Act(frame: 0, topic: "rail").entry(number: 0, second: 20)
        let ledger = LedgerEntry.frame([
            .enrolled("anna", offset: 1), .enrolled("bert", offset: 2), court("anna", "rail", 3),
            court("bert", "town", 4), act, court("anna", "rail", 30),
        ])
        let beginning = LedgerEntry.frame(
            session: 9,
            [.system(type: "standing.policy.activated", data: LedgerEntry.policyData(RandomLedger.text, version: 8))])
        let frames: SliceTests.Frames = [(0, beginning), (1, ledger)]
        var fold = PartitionFold(
            partition: RandomLedger.partition, history: { end in MemoryFrames(frames.filter { $0.offset < end }) })
        let outcome = try SliceTests.whole(frames, &fold)
        let lifted = outcome.facts.filter { $0.contains("sanction.lifted") }
        #expect(lifted.count == 1 && lifted[0].contains(#""reason":"voided""#) && lifted[0].contains("anna"))
        #expect(sanctions(fold.fold).count == 1)
        let entries = fold.leftOutEntries(of: Array("rail".utf8))
        #expect(entries == 1, "the entry after the act")
    }

    // MARK: What changes nothing

    @Test func anOlderLedgerPassesOverTheActAndARepeatChangesNothing() throws {
        let older = RandomLedger(seed: 2, topics: 3, acts: Self.acts, version: 7)
        let fold = try folded(older)
        let (sources, ignored) = (fold.withdrawnSources, fold.fold.counters.activationsIgnored)
        #expect(sources.isEmpty && ignored == 1)

        let restored = Act(frame: 75, topic: "bank", isWithdrawal: false)
        let once = RandomLedger(seed: 2, switches: false, topics: 3, acts: Self.acts + [restored])
        let twice = RandomLedger(
            seed: 2, switches: false, topics: 3, acts: Self.acts + [Act(frame: 75, topic: Self.silent)])
        let one = try folded(once)
        let two = try folded(twice)
        let (switches, otherSwitches) = (one.fold.counters.policySwitches, two.fold.counters.policySwitches)
        let (sequences, others) = (one.sequences, two.sequences)
        #expect(switches == 1 && otherSwitches == 1 && sequences == others)
    }

    @Test func withoutAHistoryTheActIsRefusedAtItsOffset() throws {
        let ledger = RandomLedger(seed: 2, switches: false, topics: 3, acts: Self.acts)
        var fold = PartitionFold(partition: RandomLedger.partition)
        #expect(throws: PartitionFold.Problem.self) { try ledger.apply(0..<ledger.frames.count, to: &fold) }
    }

    // MARK: The same in every way of folding

    @Test(arguments: 1...4) func slicesSnapshotsAndAnotherMemberGiveTheSameFacts(seed: UInt64) throws {
        let ledger = RandomLedger(
            seed: seed, topics: 3, acts: Self.acts + [Act(frame: 100, topic: Self.silent, isWithdrawal: false)])
        var whole = ledger.fold()
        let expected = try SliceTests.whole(ledger.frames, &whole)
        for units in [1, 40] {
            var sliced = ledger.fold()
            let outcome = try SliceTests.slices(ledger.frames, SliceTests.slice(units), &sliced)
            #expect(outcome == expected, "seed \(seed), \(units) units")
        }
        var again = ledger.fold()
        let uncut = try ledger.apply(0..<ledger.frames.count, to: &again)
        for cut in [60, 85, 110] {
            var first = ledger.fold()
            var facts = try ledger.apply(0..<cut, to: &first)
            var second = try restored(first, ledger)
            let (sources, others) = (first.withdrawnSources, second.withdrawnSources)
            #expect(sources == others)
            facts += try ledger.apply(cut..<ledger.frames.count, to: &second)
            #expect(facts == uncut, "seed \(seed), cut at \(cut)")
        }
    }

    @Test(arguments: 1...4) func aSubjectsOwnHistoryGivesThePartitionsStanding(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed, topics: 3, acts: Self.acts)
        var fold = try folded(ledger)
        // What is due at the clock happens at the next entry.
        var facts = EncodedFacts()
        fold.finish(at: fold.fold.clock, above: [0, 0, 0], into: &facts)
        let expected = ShadowLedger.standings(fold.fold)
        #expect(!expected.isEmpty)
        for (name, standing) in expected {
            let entries = try SubjectEntries(of: Array(name.utf8), in: ledger.source())
            let replay = try SubjectReplay(entries)
            let found = replay.standing
            #expect(found?.withoutErrors == standing, "seed \(seed), \(name)")
            let late = replay.steps.filter { $0.outcome == .sourceWithdrawn }.compactMap(\.entry)
            #expect(late.allSatisfy { entries.entries[$0].topic == Array(Self.silent.utf8) })
        }
    }

    /// The events stay in the file, each with what it did then; the score rests on none of them.
    @Test(arguments: 1...2) func aFileShowsWhatIsTakenBack(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed, topics: 3, acts: Self.acts)
        var isShown = false
        for name in ["s0", "s1", "s2", "s3", "s4", "s5", "s6"] {
            let entries = try SubjectEntries(of: Array(name.utf8), in: ledger.source())
            var writer = JSONWriter()
            try SubjectFile(entries, asOf: entries.clock).write(to: &writer)
            let json = try #require(
                try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any], "\(name)")
            for item in try #require(json["history"] as? [[String: Any]]) {
                let topic = (item["origin"] as? [String: Any])?["topic"] as? String
                let isOfSource = topic == Self.silent
                #expect(item["withdrawn"] as? Bool == (isOfSource ? true : nil))
                isShown = isShown || isOfSource
            }
            for source in try #require(json["sources"] as? [[String: Any]])
            where source["topic"] as? String == Self.silent {
                #expect(source["points"] as? Int == 0 && (source["rules"] as? [Any])?.isEmpty == true)
            }
            guard let event = entries.entries.last(where: { $0.topic == Array(Self.silent.utf8) }) else { continue }
            let trace = try EventTrace(entries, source: event.source, id: event.id)
            #expect(trace.occurrences.contains { $0.isWithdrawn })
        }
        #expect(isShown, "seed \(seed)")
    }

    /// Each topic has given what it would have given without the two acts.
    @Test(arguments: 1...8) func aFileShowsWhatARestoredSourceGave(seed: UInt64) throws {
        func sources(_ topic: String) throws -> [[String: [String]]] {
            let acts = [Act(frame: 20, topic: topic), Act(frame: 100, topic: topic, isWithdrawal: false)]
            let ledger = RandomLedger(seed: seed, topics: 3, acts: acts)
            return try ["s0", "s1", "s2", "s3", "s4", "s5", "s6"].map { name in
                let entries = try SubjectEntries(of: Array(name.utf8), in: ledger.source())
                var writer = JSONWriter()
                try SubjectFile(entries, asOf: entries.clock).write(to: &writer)
                let json = try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any]
                var found: [String: [String]] = [:]
                for source in try #require(json?["sources"] as? [[String: Any]]) {
                    let rules = source["rules"] as? [[String: Any]] ?? []
                    found["\(source["topic"] ?? "")"] =
                        ["\(source["points"] ?? "")"] + rules.map { "\($0["rule"] ?? "") \($0["points"] ?? "")" }
                }
                return found
            }
        }
        #expect(try sources(Self.silent) == sources("nowhere"), "seed \(seed)")
    }

    /// A backtest, a proposal and a shadow never see what was taken back.
    @Test(arguments: 1...4) func anotherPolicyIsFoldedWithoutTheSource(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed, switches: false, topics: 3, acts: Self.acts)
        let never = RandomLedger(seed: seed, switches: false, topics: 3, acts: Self.acts, without: Self.silent)
        let policy = try ShadowLedger.policy(RandomLedger.others[0])
        func fixed(_ ledger: RandomLedger) throws -> [[UInt8]: [String]] {
            var fold = PartitionFold(
                partition: RandomLedger.partition, fixedPolicy: policy, history: ledger.history, storesFacts: false)
            _ = try ledger.apply(0..<ledger.frames.count, to: &fold)
            return scores(fold.fold)
        }
        let expected = try fixed(never)
        #expect(try fixed(ledger) == expected, "seed \(seed)")

        var shadowed = ledger.fold()
        _ = try ledger.apply(0..<40, to: &shadowed)
        shadowed.beginShadow(of: policy, history: ShadowLedger.history(ledger.frames))
        try ShadowLedger.settle(&shadowed)
        _ = try ledger.apply(40..<ledger.frames.count, to: &shadowed)
        try ShadowLedger.settle(&shadowed)
        let shadow = shadowed.withShadow { scores($0) }
        #expect(shadow == expected, "seed \(seed)")
        // Its sanctions and perks too are those of a history in which the source never was.
        var alone = PartitionFold(
            partition: RandomLedger.partition, fixedPolicy: policy, leavingOut: shadowed.withdrawnSources,
            storesFacts: false)
        _ = try ledger.apply(0..<ledger.frames.count, to: &alone)
        #expect(ShadowLedger.shadowStandings(shadowed) == ShadowLedger.standings(alone.fold), "seed \(seed)")

        var preview = ledger.fold()
        _ = try ledger.apply(0..<ledger.frames.count, to: &preview)
        let previewed = try preview.preview(policy, history: ledger.history)
        #expect(scores(previewed) == expected, "seed \(seed)")
    }

    // MARK: Before it is an act

    @Test(arguments: 1...4) func theDifferenceIsWhatTheActDoesAndNamesNobody(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed, topics: 3, acts: [Act(frame: 119, topic: "nowhere")])
        var now = ledger.fold()
        _ = try ledger.apply(0..<ledger.frames.count, to: &now)
        let difference = try SourceWithdrawal(of: Self.silent).run(
            partitions: [RandomLedger.partition],
            source: { _, start, end in MemoryFrames(ledger.frames.filter { $0.offset >= start && $0.offset < end }) })
        var frames = ledger.frames
        let act = Act(frame: 0, topic: Self.silent).entry(number: 1, second: 86_400)
        frames.append((frames[frames.count - 1].offset + 1, LedgerEntry.frame(session: 80, [act])))
        let all = frames
        var after = PartitionFold(
            partition: RandomLedger.partition, history: { end in MemoryFrames(all.filter { $0.offset < end }) })
        _ = try SliceTests.whole(all, &after)
        let (before, standings) = (ShadowLedger.standings(now.fold), ShadowLedger.standings(after.fold))
        let differences = before.compactMap { name, old in standings[name].map { $0.level.score - old.level.score } }
        let change = difference.comparison
        #expect(change.gain == Int64(differences.count { $0 > 0 }))
        #expect(change.lose == Int64(differences.count { $0 < 0 }))
        #expect(change.pointsGained + change.pointsLost == differences.reduce(0, +))
        #expect(change.sanctions.allSatisfy { $0.onlyPolicy.count == 0 }, "none is imposed")
        #expect(difference.entries > 0)
        let names = Set((change.gainers + change.losers).map(\.subject))
        #expect(names.allSatisfy { $0.hasPrefix("gainer ") || $0.hasPrefix("loser ") })
        #expect(!difference.json.contains("\"s1\""))
        #expect(difference.page.hasPrefix("Without \(Self.silent): \(difference.entries) entries less"))
    }

    @Test func aSourceThatTheLedgerDoesNotKnowChangesNothing() throws {
        let frames = RandomLedger(seed: 3).frames
        let progress = ReplayProgress()
        let difference = try SourceWithdrawal(of: "nowhere").run(
            partitions: [RandomLedger.partition],
            source: { _, start, end in MemoryFrames(frames.filter { $0.offset >= start && $0.offset < end }) },
            progress: progress)
        #expect(progress.offsets == SourceWithdrawal.passes * (frames[frames.count - 1].offset + 1))
        #expect(difference.entries == 0 && difference.comparison.gain + difference.comparison.lose == 0)
    }
}

extension Standing {
    fileprivate var withoutErrors: Standing {
        var copy = self
        copy.errors = 0
        return copy
    }
}
