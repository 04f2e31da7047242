import Foundation
import Testing

@testable import Operations

@Suite struct StatusReportTests {
    private static let ready =
        #"{"ready":true,"intakePartitions":36,"foldPartitions":2,"currentPartitions":2,"behindSeconds":0}"#
    private static let metrics = """
        # HELP standing_facts_published_total Facts.
        # TYPE standing_facts_published_total counter
        standing_facts_published_total{topic="a"} 5
        standing_facts_published_total{topic="b"} 7
        standing_subjects{band="A"} 3
        standing_fold_next_offset{partition="0"} 10
        standing_ledger_next_offset{partition="0"} 10
        standing_fold_next_offset{partition="1"} 7
        standing_ledger_next_offset{partition="1"} 9
        standing_fold_clock_seconds{partition="0"} 1767225600.5
        standing_fold_clock_seconds{partition="1"} 1767225500
        standing_policy_info{policy="town",version="3"} 1
        standing_build_info{commit="abc",fold_version="6",librdkafka="2.0.2",version="0.1.0"} 1
        process_resident_memory_bytes 1.073741824e+09
        process_start_time_seconds 1767225000

        """

    private func member(
        _ name: String = "one", _ partitions: [Int32] = [0, 1], _ readiness: String? = ready, metrics: String? = metrics
    ) -> MemberStatus {
        MemberStatus(
            name: name, address: "\(name):8080", partitions: partitions, readiness: readiness.map { Data($0.utf8) },
            metrics: metrics)
    }

    private func report(
        _ members: [MemberStatus], groups: [StatusReport.Group] = [], ledgerPartitions: Int? = 2
    ) -> StatusReport {
        StatusReport(
            time: 1_767_228_600, members: members, groups: groups, ledgerPartitions: ledgerPartitions,
            owned: Set(members.flatMap(\.partitions)))
    }

    private func codes(_ report: StatusReport) -> [String] { report.attention.map(\.code) }

    @Test func aScrapeIsRead() {
        let text = MetricsText(
            "a 1\nb{x=\"q\\\"\\\\,}\\n\",y=\"\"} 2.5 17\n#c 3\nd{x=} 4\ne{x=\"1\" 5\nf{x=\"1\"} NaN\ng\n")
        #expect(text.value("a") == 1)
        #expect(text.samples("b") == [MetricsText.Sample(labels: ["x": "q\"\\,}\n", "y": ""], value: 2.5)])
        for name in ["c", "d", "e", "g"] { #expect(text.samples(name).isEmpty, "\(name)") }
        #expect(text.value("f")?.isNaN == true)
        #expect(MetricsText("a{l=\"1\"} 1\na{l=\"2\"} 2\n").value("a") == nil)
        #expect(MetricsText("a{l=\"1\"} 1\na{l=\"2\"} 2\n").sum("a") == 3)
    }

    @Test func aMemberIsWhatItSaysOfItself() {
        let one = member()
        #expect(one.factsPublished == 12 && one.subjects == 3 && one.framesBehind == 2)
        #expect(one.phase(of: 0) == .current && one.phase(of: 1) == .behind)
        #expect(one.clock == 1_767_225_500 && one.policies == ["town 3"] && one.foldVersion == "6")
        #expect(one.memory == 1 << 30)
        #expect(one.currentPartitions == 2)
        // What an older member does not say is unknown.
        let old = member(metrics: "standing_fold_partitions 2\n")
        #expect(old.factsPublished == nil && old.memory == nil && old.clock == nil && old.version == nil)
        #expect(old.phase(of: 1) == .current)
        let silent = member("two", [0], nil, metrics: nil)
        #expect(!silent.isAnswering && silent.isReady == nil && silent.phase(of: 0) == .unknown)
    }

    /// A writer of the members topic decides which members are asked.
    @Test func whatNoMemberSaysIsUnknown() {
        let odd = member(
            "odd", [-1, 0, .max],
            metrics: "process_resident_memory_bytes 1e300\nstanding_subjects NaN\n"
                + "standing_fold_clock_seconds{partition=\"0\"} 1e15\nprocess_start_time_seconds -1e300\n")
        #expect(odd.memory == nil && odd.subjects == nil && odd.partitions == [0, .max])
        #expect(!report([odd]).text(partitions: true).isEmpty && !report([odd]).json.isEmpty)
        #expect(StatusReport.list([3, 0, 1, 2, 7, .max]) == "0-3, 7, 2147483647")
    }

    @Test func whatWantsAttention() {
        #expect(codes(report([member()])) == [])
        #expect(codes(report([member("one", [0])])) == ["unowned"])
        #expect(codes(report([member("one", [0])], ledgerPartitions: nil)) == [])
        #expect(codes(report([member(), member("two", [], nil, metrics: nil)])) == [])
        #expect(codes(report([member("one", [0]), member("two", [1], nil, metrics: nil)])) == ["silent"])
        let asked = StatusReport(
            time: 0, members: [member("two", [], nil, metrics: nil)], groups: [], ledgerPartitions: nil, owned: nil,
            asked: ["two:8080"])
        #expect(codes(asked) == ["silent"], "whom the operator names should answer")
        #expect(codes(report([member("one", [0, 1], nil, metrics: nil)])) == ["silent"])
        let unready =
            #"{"ready":false,"error":"x","reasons":["it folds"],"intakePartitions":0,"foldPartitions":2,"currentPartitions":1,"#
            + #""quarantined":[{"partition":1,"offset":7,"reason":"no frame"}],"#
            + #""switching":[{"partition":0,"policy":{"id":"p","version":2},"done":0.42}]}"#
        let report = report([member("one", [0, 1], unready)])
        #expect(codes(report) == ["quarantine", "not-ready", "switching"])
        #expect(report.attention[0].sentence.contains("`standing ledger skip 1 7 --reason TEXT`"))
        #expect(report.attention[2].sentence.contains("42 %"))
        #expect(report.members[0].phase(of: 0) == .switching && report.members[0].phase(of: 1) == .quarantined)
    }

    /// The absence of the metric means that nothing is withdrawn only where the program has the metric.
    @Test func whichSourcesAreWithdrawnIsKnownToWhoHasFoldedThem() {
        #expect(member().withdrawnSources(since: 6) == [:] && member().withdrawnSources(since: 7) == nil)
        let metrics =
            Self.metrics + "standing_source_withdrawn{topic=\"a\"} 1\nstanding_source_withdrawn{topic=\"b\"} 0\n"
        let old = member(metrics: metrics).withdrawnSources(since: 6)
        #expect(old == ["a": 2], "an older program counts no partitions")
        let counted =
            metrics + "standing_source_withdrawn_partitions{topic=\"a\"} 1\n"
            + "standing_source_withdrawn_partitions{topic=\"c\"} 1\n"
        #expect(member(metrics: counted).withdrawnSources(since: 6) == ["a": 1])
        let odd = metrics + "standing_source_withdrawn_partitions{topic=\"a\"} 1e15\n"
        #expect(member(metrics: odd).withdrawnSources(since: 6) == ["a": 2], "no more than it folds")
        #expect(member(metrics: nil).withdrawnSources(since: 6) == nil)
        #expect(member("one", [], nil, metrics: metrics).withdrawnSources(since: 6) == nil)
        let behind = Self.ready.replacing(#""currentPartitions":2"#, with: #""currentPartitions":0"#)
        #expect(behind != Self.ready && member("one", [0], behind).withdrawnSources(since: 6) == nil)
        let switching = #","switching":[{"partition":0,"policy":{"id":"p","version":2},"done":0.4}]}"#
        let ready = String(behind.dropLast()) + switching
        #expect(member("one", [0], ready, metrics: metrics).withdrawnSources(since: 6) == ["a": 2])
        let unready = ready.replacing(#""ready":true"#, with: #""ready":false"#)
        #expect(member("one", [0], unready, metrics: metrics).withdrawnSources(since: 6) == nil, "it may catch up")
    }

    @Test func aPartitionThatIsOpeningOrInQuarantineIsNotCounted() {
        let counted =
            Self.metrics + "standing_source_withdrawn{topic=\"a\"} 1\n"
            + "standing_source_withdrawn_partitions{topic=\"a\"} 3\n"
        func known(_ ready: Bool, current: Int, _ more: String = "", metrics: String? = counted) -> Int? {
            let readiness =
                #"{"ready":\#(ready),"intakePartitions":0,"foldPartitions":4,"currentPartitions":\#(current)\#(more)}"#
            return member("one", [0, 1, 2, 3], readiness, metrics: metrics).knownPartitions(since: 6)
        }
        let quarantined = #","quarantined":[{"partition":3,"offset":7,"reason":"no frame"}]"#
        let switching = #","switching":[{"partition":0,"policy":{"id":"p","version":2},"done":0.4}]"#
        #expect(known(true, current: 4) == 4 && known(true, current: 1) == 4, "a busy one counts")
        #expect(known(false, current: 3) == 3 && known(true, current: 3, quarantined) == 3)
        #expect(known(true, current: 3, quarantined + switching) == 4)
        #expect(known(false, current: 1) == 3, "no fewer than are counted as withdrawn")
        #expect(known(false, current: 1, metrics: Self.metrics) == 1)
        #expect(known(false, current: 0) == nil)
    }

    @Test func aWithdrawalThatIsFoldedIsNoSwitchOfPolicy() {
        let source =
            #""switching":[{"partition":0,"policy":{"id":"p","version":2},"#
            + #""source":{"topic":"trams","withdrawn":true},"done":0.42}]}"#
        let report = report([member("one", [0, 1], Self.ready.dropLast() + "," + source)])
        #expect(codes(report) == ["switching"])
        let sentence = report.attention[0].sentence
        #expect(sentence.contains("(trams), 42 %") && !sentence.contains("policy"), "\(sentence)")
        #expect(report.members[0].phase(of: 0) == .switching)
    }

    @Test func whatRunsOutAndWhatDiffers() {
        func alone(_ more: String) -> [String] { codes(report([member(metrics: Self.metrics + more)])) }
        #expect(alone("standing_memory_full 1\n") == ["memory"])
        #expect(alone("standing_memory_limit_bytes 1.1e+09\n") == ["memory"])
        #expect(alone("standing_memory_limit_bytes 4e+09\n") == [])
        #expect(alone("standing_source_frozen{topic=\"s\"} 1\n") == ["frozen"])
        #expect(alone("process_open_fds 80\nprocess_max_fds 100\n") == ["descriptors"])
        #expect(alone("standing_data_free_bytes 9\nstanding_data_size_bytes 100\n") == ["disk"])
        #expect(alone("standing_data_free_bytes 10\nstanding_data_size_bytes 100\n") == [])
        let newer = Self.metrics.replacingOccurrences(of: "commit=\"abc\"", with: "commit=\"def\"")
        #expect(codes(report([member("one", [0]), member("two", [1], metrics: newer)])) == ["versions"])
        let other = Self.metrics.replacingOccurrences(of: "version=\"3\"", with: "version=\"4\"")
        #expect(codes(report([member("one", [0]), member("two", [1], metrics: other)])) == ["policies"])
    }

    /// A caller that asks some members alone, or may not read what they announce, does not learn that nobody owns the rest.
    @Test func whatOthersOwnOrNobodyKnowsIsNotUnowned() {
        func report(owned: Set<Int32>?) -> StatusReport {
            StatusReport(time: 0, members: [member("one", [0])], groups: [], ledgerPartitions: 2, owned: owned)
        }
        #expect(report(owned: [0, 1]).unowned == [] && codes(report(owned: [0, 1])) == [])
        #expect(report(owned: nil).unowned == nil && codes(report(owned: nil)) == [])
        #expect(report(owned: nil).json.contains("\"unowned\":null"))
        let text = report(owned: nil).text(partitions: true)
        #expect(text.contains("whose the ledger partitions are is unknown"))
        #expect(text.hasSuffix("\nNothing that could be looked at wants attention.\n"))
    }

    @Test func theScreenShowsAllThatWantsAttentionAndCutsTheRest() {
        let report = report([member("one", [0])])
        let lines = report.screen(columns: 40, rows: 9, partitions: true)
        #expect(lines.count == 9 && lines.allSatisfy { $0.count <= 40 }, "\(lines)")
        #expect(
            lines.joined(separator: " ").split(separator: " ").joined(separator: " ").contains(
                report.attention[0].sentence))
        #expect(lines[8].hasPrefix("… ") && lines[8].hasSuffix(" more lines"))
        let all = report.screen(columns: 400, rows: 100, partitions: true)
        #expect(all.count < 100 && all.contains { $0.hasPrefix("MEMBER") } && all.contains { $0.contains("unowned") })
        #expect(report.screen(columns: 1, rows: 0, partitions: false).isEmpty)
        let long = member(
            "one", [0, 1],
            #"{"ready":false,"reasons":["\#(String(repeating: "x", count: 90))"],"#
                + #""intakePartitions":0,"foldPartitions":2,"currentPartitions":2}"#)
        let broken = self.report([long]).screen(columns: 40, rows: 20, partitions: false)
        #expect(broken.allSatisfy { $0.count <= 40 } && broken.joined().count { $0 == "x" } == 90, "\(broken)")
    }

    @Test func groupsThatLagWarnsOf() {
        func group(_ status: String) -> StatusReport.Group {
            .init(name: "g", records: nil, seconds: nil, status: status, cause: "because")
        }
        for status in ["ok", "behind", "unknown"] { #expect(codes(report([member()], groups: [group(status)])) == []) }
        for status in ["warning", "stalled", "stopped", "expired", "rewound"] {
            #expect(codes(report([member()], groups: [group(status)])) == ["lag"])
        }
    }

    @Test func oneScreenAndOneDocument() throws {
        let group = StatusReport.Group(name: "standing-fold", records: nil, seconds: 1.25, status: "ok", cause: nil)
        let report = report([member(), member("two\u{1b}[2J", [], nil, metrics: nil)], groups: [group])
        let text = report.text(partitions: true)
        #expect(text.hasPrefix("2026-01-01T00:50:00Z  1 of 2 members ready, 2 of 2 ledger partitions owned\n"))
        #expect(text.contains("1 current, 1 behind") && text.contains("1.0 GiB") && text.contains("1h 0m"))
        #expect(text.contains("no answer") && text.contains("Nothing wants attention."))
        #expect(!text.contains("\u{1b}"))
        #expect(!report.text(partitions: false).contains("PARTITION"))
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        #expect(Set(json.keys) == ["time", "ledgerPartitions", "unowned", "members", "groups", "attention", "notes"])
        let members = try #require(json["members"] as? [[String: Any]])
        #expect(members[0]["framesBehind"] as? Int == 2 && members[0]["foldVersion"] as? String == "6")
        // Unknown is null, and not 0.
        #expect(members[1]["memoryBytes"] is NSNull && members[1]["ready"] is NSNull)
        #expect((json["groups"] as? [[String: Any]])?.first?["records"] is NSNull)
    }
}
