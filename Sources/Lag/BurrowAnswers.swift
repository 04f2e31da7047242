internal import Events
internal import Kafka

/// The answers of LinkedIn's Burrow at `/v3/kafka/…`, made from a report, so that Burrow's clients can use this server:
/// the same paths, keys and statuses. Unlike Burrow's, an unknown value is null instead of a number, and a partition of
/// unknown lag is `UNKNOWN`, Burrow's own word for a status without a name. `timestamp` is the time at which the commit
/// was observed, because the time of the commit cannot be known from outside.
///
/// | here | in Burrow |
/// | --- | --- |
/// | `ok`, `behind` | `OK`: the group reads on |
/// | `warning` | `WARN` |
/// | `stalled` | `STALL` |
/// | `stopped` | `STOP` |
/// | `rewound` | `REWIND` |
/// | `expired` | `ERR` |
/// | `unknown` | `UNKNOWN` |
///
/// A group is `ERR` if a partition is `STALL`, `STOP`, `REWIND` or `ERR`; otherwise `WARN` if one is; otherwise
/// `UNKNOWN` if one is, or if there are no partitions; otherwise `OK`.
public struct BurrowAnswers: Sendable {
    public struct Answer: Sendable {
        public let isFound: Bool
        /// JSON.
        public let body: [UInt8]
    }

    private let report: LagReport
    private let cluster: String
    /// `HOST:PORT` of the brokers.
    private let brokers: [String]
    /// The host that answers, in Burrow's format.
    private let host: String

    public init(_ report: LagReport, cluster: String, brokers: [String], host: String) {
        (self.report, self.cluster, self.brokers, self.host) = (report, cluster, brokers, host)
    }

    /// `segments` is the decoded path after `/v3/kafka`; `path` is the path of the request.
    public func answer(_ segments: [String], path: String) -> Answer {
        guard let asked = segments.first else {
            return good("cluster list returned", path) { out in
                out.list("clusters", [cluster]) { $0.value($1) }
            }
        }
        let rest = Array(segments.dropFirst())
        guard asked == cluster else {
            return bad(rest.isEmpty ? "cluster module not found" : "cluster not found", path)
        }
        switch (rest.count, rest.first) {
        case (0, _): return module(path)
        case (1, "topic"):
            return good("topic list returned", path) { out in
                out.list("topics", topics) { $0.value($1) }
            }
        case (1, "consumer"):
            return good("consumer list returned", path) { out in
                out.list("consumers", report.groups) { $0.value($1.group) }
            }
        case (2, "topic"): return topic(rest[1], path)
        case (3, "topic") where rest[2] == "consumers": return consumers(of: rest[1], path)
        case (2, "consumer"): return consumer(rest[1], path)
        case (3, "consumer") where rest[2] == "status": return status(rest[1], path, isWhole: false)
        case (3, "consumer") where rest[2] == "lag": return status(rest[1], path, isWhole: true)
        default: return bad("invalid request", path)
        }
    }

    // MARK: Topics

    /// The topics that a group reads.
    private var topics: [String] {
        report.groups.reduce(into: Set<String>()) { topics, group in
            for partition in group.partitions { topics.insert(partition.topicPartition.topic) }
        }.sorted()
    }

    private func topic(_ name: String, _ path: String) -> Answer {
        var ends: [Int32: Int64?] = [:]
        for partition in report.groups.lazy.flatMap(\.partitions) where partition.topicPartition.topic == name {
            ends[partition.topicPartition.partition] = partition.lag.end.map { $0 + partition.lag.held }
        }
        guard let last = ends.keys.max() else { return bad("cluster or topic not found", path) }
        return good("topic offsets returned", path) { out in
            out.list("offsets", 0...last) { out, partition in out.value((ends[partition] ?? nil)) }
        }
    }

    private func consumers(of topic: String, _ path: String) -> Answer {
        let groups = report.groups.filter { group in group.partitions.contains { $0.topicPartition.topic == topic } }
        guard !groups.isEmpty else { return bad("cluster or topic not found", path) }
        return good("consumers of topic returned", path) { out in
            out.list("consumers", groups) { $0.value($1.group) }
        }
    }

    private func module(_ path: String) -> Answer {
        good("cluster module detail returned", path) { out in
            out.open("module")
            out.member("class-name", "kafka")
            out.list("servers", brokers) { $0.value($1) }
            out.close()
        }
    }

    // MARK: Consumers

    private func group(_ name: String) -> GroupLag? { report.groups.first { $0.group == name } }

    private func consumer(_ name: String, _ path: String) -> Answer {
        guard let group = group(name) else { return bad("cluster or consumer not found", path) }
        return good("consumer detail returned", path) { out in
            out.open("topics")
            for (topic, partitions) in group.byTopic {
                out.key(topic)
                out.list(partitions) { out, partition in
                    let (client, host) = partition.memberParts
                    out.open()
                    out.key("offsets")
                    let known = [partition.lag.oldest.flatMap(Offset.init), Offset(partition.lag, report.time)]
                    out.list(known.compactMap { $0 }) { $1.write(to: &$0) }
                    out.member("owner", host)
                    out.member("client_id", client)
                    out.member("current-lag", partition.lag.records)
                    out.close()
                }
            }
            out.close()
        }
    }

    /// `isWhole` includes all partitions; otherwise only those whose status is not `OK`.
    private func status(_ name: String, _ path: String, isWhole: Bool) -> Answer {
        let group = group(name)
        let partitions = group?.partitions ?? []
        return answer(isFound: group != nil, "consumer status returned", path) { out in
            out.open("status")
            out.member("cluster", cluster)
            out.member("group", name)
            out.member("status", group.map(Status.init)?.rawValue ?? "NOTFOUND")
            out.member("complete", thousandths: partitions.map(\.complete).min() ?? 0)
            out.list("partitions", partitions.filter { isWhole || Status($0.lag.status) != .ok }) { write($1, &$0) }
            out.member("partition_count", partitions.count)
            out.key("maxlag")
            if let most = partitions.max(by: { $0.lag.records ?? -1 < $1.lag.records ?? -1 }), most.lag.records != nil {
                write(most, &out)
            } else {
                out.null()
            }
            // Burrow has 0 for a group that does not exist. A group with a partition of unknown lag has null.
            out.member("totallag", group?.records)
            out.close()
        }
    }

    private func write(_ partition: GroupLag.Partition, _ out: inout JSONWriter) {
        let (client, host) = partition.memberParts
        out.open()
        out.member("topic", partition.topicPartition.topic)
        out.member("partition", partition.topicPartition.partition)
        out.member("owner", host)
        out.member("client_id", client)
        out.member("status", Status(partition.lag.status).rawValue)
        for (name, offset) in [
            ("start", partition.lag.oldest.flatMap(Offset.init)), ("end", Offset(partition.lag, report.time)),
        ] as [(String, Offset?)] {
            out.key(name)
            if let offset { offset.write(to: &out) } else { out.null() }
        }
        out.member("current_lag", partition.lag.records)
        out.member("complete", thousandths: partition.complete)
        out.close()
    }

    enum Status: String {
        case ok = "OK"
        case warning = "WARN"
        case error = "ERR"
        case stop = "STOP"
        case stall = "STALL"
        case rewind = "REWIND"
        case unknown = "UNKNOWN"

        init(_ status: LagEvaluation.Status) {
            self =
                switch status {
                case .ok, .behind: .ok
                case .warning: .warning
                case .stalled: .stall
                case .stopped: .stop
                case .rewound: .rewind
                case .expired: .error
                case .unknown: .unknown
                }
        }

        init(_ group: GroupLag) {
            let statuses = Set(group.partitions.map { Status($0.lag.status) })
            if !statuses.isDisjoint(with: [.error, .stop, .stall, .rewind]) {
                self = .error
            } else if statuses.contains(.warning) {
                self = .warning
            } else {
                self = statuses.isEmpty || statuses.contains(.unknown) ? .unknown : .ok
            }
        }
    }

    /// A commit as it was observed.
    private struct Offset {
        let offset: Int64
        let time: Int64
        let lag: Int64?

        init?(_ sample: LagSample) {
            guard let committed = sample.committed else { return nil }
            (offset, time) = (committed, sample.time)
            lag = sample.position.flatMap { position in sample.end.map { sample.isRead ? 0 : max(0, $0 - position) } }
        }

        init?(_ evaluation: LagEvaluation, _ time: Int64) {
            guard let committed = evaluation.committed else { return nil }
            (offset, self.time, lag) = (committed, time, evaluation.records)
        }

        func write(to out: inout JSONWriter) {
            out.open()
            out.member("offset", offset)
            out.member("timestamp", time)
            out.member("observedAt", time)
            out.member("lag", lag)
            out.close()
        }
    }

    // MARK: Envelope

    private func good(_ message: String, _ path: String, _ body: (inout JSONWriter) -> Void) -> Answer {
        answer(isFound: true, message, path, body)
    }

    private func bad(_ message: String, _ path: String) -> Answer {
        Self.error(message, path: path, host: host, isFound: false)
    }

    /// Burrow's answer if there is nothing to report.
    public static func error(_ message: String, path: String, host: String, isFound: Bool) -> Answer {
        var out = JSONWriter()
        out.open()
        out.member("error", true)
        out.member("message", message)
        request(path, host, &out)
        out.close()
        return Answer(isFound: isFound, body: out.take())
    }

    private func answer(
        isFound: Bool, _ message: String, _ path: String, _ body: (inout JSONWriter) -> Void
    ) -> Answer {
        var out = JSONWriter()
        out.open()
        out.member("error", false)
        out.member("message", message)
        body(&out)
        Self.request(path, host, &out)
        out.close()
        return Answer(isFound: isFound, body: out.take())
    }

    private static func request(_ path: String, _ host: String, _ out: inout JSONWriter) {
        out.open("request")
        out.member("url", path)
        out.member("host", host)
        out.close()
    }
}

extension GroupLag.Partition {
    /// The part of the window that has samples, from 0 to 1.
    fileprivate var complete: Double { min(1, Double(lag.sampleCount) / Double(LagWindow.standardLimit)) }
}
