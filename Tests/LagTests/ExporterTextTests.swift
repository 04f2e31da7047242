import Events
import Kafka
import Lag
import Testing

/// The names and labels of kafka-lag-exporter's README.
@Suite struct ExporterTextTests {
    private func text(_ report: LagReport?) -> String {
        String(
            decoding: Array(ExporterText(report, cluster: "local", after: Array("first 1\n".utf8)).joined()),
            as: UTF8.self)
    }

    @Test func everySeriesHasItsLabels() {
        let text = text(fixtureReport)
        let ofPartition =
            #"{client_id="app",cluster_name="local",consumer_id="",group="billing",member_host="10.0.0.1",partition="1",topic="orders"}"#
        for line in [
            "kafka_consumergroup_group_offset\(ofPartition) 80", "kafka_consumergroup_group_lag\(ofPartition) 10",
            "kafka_consumergroup_group_lag_seconds\(ofPartition) 2.5",
            #"kafka_partition_latest_offset{cluster_name="local",partition="1",topic="orders"} 90"#,
            #"kafka_partition_earliest_offset{cluster_name="local",partition="1",topic="orders"} 0"#,
            #"kafka_consumergroup_group_max_lag{cluster_name="local",group="billing"} 10"#,
            #"kafka_consumergroup_group_max_lag_seconds{cluster_name="local",group="billing"} 2.5"#,
            #"kafka_consumergroup_group_sum_lag{cluster_name="local",group="billing"} 10"#,
            #"kafka_consumergroup_group_topic_sum_lag{cluster_name="local",group="billing",topic="orders"} 10"#,
        ] {
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
        #expect(text.hasPrefix("first 1\n# HELP "))
    }

    @Test func whatIsUnknownHasNoSeries() {
        let text = text(fixtureReport)
        let ofMailer = text.split(separator: "\n").filter { $0.contains("mailer") }
        #expect(ofMailer.contains { $0.hasPrefix("kafka_consumergroup_group_lag{") && $0.contains(#"partition="1""#) })
        #expect(!ofMailer.contains { $0.hasPrefix("kafka_consumergroup_group_lag{") && $0.contains(#"partition="0""#) })
        for name in ["sum_lag", "max_lag", "max_lag_seconds", "topic_sum_lag"] {
            #expect(!ofMailer.contains { $0.hasPrefix("kafka_consumergroup_group_\(name){") }, "\(name)")
        }
        #expect(!text.contains("NaN"))
        #expect(self.text(nil) == "first 1\n", "nothing is current")
    }

    /// As a scraper wants it: a family's samples follow its help and type, and no series stands there twice.
    @Test func noSeriesStandsThereTwice() {
        var seen: Set<Substring> = []
        var family: Substring = "first"
        for line in text(fixtureReport).split(separator: "\n") {
            if line.hasPrefix("# HELP ") { family = line.dropFirst(7).prefix { $0 != " " } }
            guard !line.hasPrefix("#") else { continue }
            #expect(line.prefix { $0 != "{" && $0 != " " } == family, "\(line)")
            #expect(seen.insert(line.prefix { $0 != "}" }).inserted, "\(line)")
        }
        // Two groups read orders[0], which has one end.
        #expect(seen.filter { $0.hasPrefix("kafka_partition_latest_offset") }.count == 4)
    }

    @Test func namesAreEscaped() {
        let group = GroupLag(
            GroupProfile(name: "a\"b\\c\nd"), partitions: [lagging("t", 0, [(1, 1)], member: "x \"y\" at host")])
        let text = text(LagReport(time: 0, groups: [group], notes: []))
        #expect(text.contains(#"group="a\"b\\c\nd""#))
        #expect(
            text.contains(
                #"client_id="x \"y\"",cluster_name="local",consumer_id="",group="a\"b\\c\nd",member_host="host""#))
    }

    @Test func ownMetricsLeaveOutWhatIsUnknown() {
        var exposition = Exposition()
        exposition.addLag(fixtureReport, age: 1.5, isCurrent: true)
        let text = exposition.text
        #expect(text.contains(#"\#(Metric.lagRecords.rawValue){group="billing"} 10"#))
        #expect(text.contains(#"\#(Metric.lagStatus.rawValue){group="search",status="stalled"} 1"#))
        #expect(text.contains(#"\#(Metric.lagUnknownPartitions.rawValue){group="mailer"} 1"#))
        #expect(!text.contains(#"\#(Metric.lagRecords.rawValue){group="mailer"}"#))
        #expect(text.contains(#"\#(Metric.lagCatchUpSeconds.rawValue){group="search"} +Inf"#))
        #expect(!text.contains(Metric.lagSubjectsAtLeast.rawValue), "no group of Standing's is there")
    }

    @Test func aReportThatIsNotCurrentIsNoMetric() {
        var exposition = Exposition()
        exposition.addLag(fixtureReport, age: 95, isCurrent: false)
        #expect(exposition.text.contains("\n\(Metric.lagReportCurrent.rawValue) 0\n"))
        #expect(exposition.text.contains("\n\(Metric.lagReportAgeSeconds.rawValue) 95\n"))
        #expect(!exposition.text.contains("billing"))
        var none = Exposition()
        none.addLag(nil, age: nil, isCurrent: false)
        #expect(!none.text.contains(Metric.lagReportAgeSeconds.rawValue))
    }
}
