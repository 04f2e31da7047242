import Events
import Pipeline
import Policy
import Replay
import Scoring
import Testing

extension PipelineFixture {
    /// One event in structured mode, keyed by its subject.
    static func event(
        _ id: String, _ type: String, of subject: String, at time: String = "2020-01-01T00:00:00Z", data: String = "{}",
        to topic: String
    ) -> Sent {
        let text = """
            {"specversion":"1.0","id":"\(id)","source":"/hamlet","type":"\(type)","subject":"\(subject)",\
            "time":"\(time)","data":\(data)}
            """
        return Sent(topic: topic, key: Array(subject.utf8), value: Array(text.utf8))
    }

    static func enrolment(of subject: String, kind: String = "individual") -> Sent {
        event(
            "enrol-\(subject)", "standing.subject.enrolled", of: subject, data: #"{"kind":"\#(kind)","terms":"1"}"#,
            to: control)
    }

    static func bill(_ id: String, of subject: String, missed: Bool = false) -> Sent {
        event(id, missed ? "bill.missed" : "bill.paid", of: subject, to: bills)
    }

    static func ride(_ id: String, of subject: String) -> Sent { event(id, "fare.paid", of: subject, to: rides) }

    /// Bills and rides of each subject. Every third only misses bills and the others never do, so that no standing
    /// depends on the order in which topics are read.
    static func behaviour(_ round: String, of subjects: [String]) -> [Sent] {
        subjects.enumerated().flatMap { index, subject in
            (0..<3).map { bill("\(round)-bill-\(subject)-\($0)", of: subject, missed: index % 3 == 0) }
                + (0..<2).map { ride("\(round)-ride-\(subject)-\($0)", of: subject) }
        }
    }

    static func subjects(_ count: Int) -> [String] { (0..<count).map { "citizen-\($0)" } }

    /// The standings, as text, of folding these events directly, in their order.
    func directStandings(_ events: [Sent]) throws -> String {
        var fold = Fold(policy: policy)
        let decoder = EventDecoder()
        var event = EventView.empty
        for (entry, sent) in events.enumerated() {
            let value = try #require(sent.value)
            try value.withUnsafeBytes { bytes in
                try #require(decoder.decode(structured: bytes, into: &event) == nil)
                fold.fold(event, type: fold.resolve(type: event.type), entry: entry)
                fold.clearOutput()
            }
        }
        var writer = StandingsWriter()
        writer.add(fold)
        return text(&writer)
    }

    /// The standings of every subject that the service folds, as text.
    func standings(of service: PipelineService) -> String {
        var writer = StandingsWriter()
        _ = service.collect(into: &writer)
        return text(&writer)
    }

    private func text(_ writer: inout StandingsWriter) -> String {
        var text = ""
        writer.write { text += String(decoding: $0, as: UTF8.self) }
        return text
    }
}

extension PipelineFixture {
    /// The activation of a policy, on a day of January 2020. `replaces`: the policy that it was approved against.
    static func activation(of policy: ScoringPolicy, on day: Int, replaces: ScoringPolicy? = nil) -> Sent {
        var data = ByteWriter()
        data.append("{\"policy\":")
        data.append(jsonString: policy.text)
        if let replaces { data.append(",\"replaces\":\"\(PolicyHash.of(replaces.text))\"") }
        data.append("}")
        let text = """
            {"specversion":"1.0","id":"\(policy.id)-\(policy.version)","source":"/council",\
            "type":"standing.policy.activated","time":"2020-01-0\(day)T00:00:00Z",\
            "data":\(String(decoding: data.bytes, as: UTF8.self))}
            """
        return Sent(topic: control, key: nil, value: Array(text.utf8))
    }
}
