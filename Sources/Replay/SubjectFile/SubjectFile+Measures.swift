internal import Events
internal import Ledger
internal import Policy
internal import Scoring

extension SubjectFile {
    /// `[{"measure","value","events":[{"time","type","source","id"}]}]`: each measure's present value, null if it is
    /// absent, and the events in it, in their order; of a streak also those that break it.
    static func writeMeasures(
        of standing: Standing, in replay: borrowing SubjectReplay, _ history: SubjectEntries,
        to writer: inout ByteWriter
    ) {
        // The same event may have come in an earlier enrolment too, and counted there.
        let entries = replay.entriesOfEnrolment
        writer.append("[")
        for (index, item) in standing.measures.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append("{\"measure\":")
            writer.append(jsonString: replay.fold.policy.measures[item.measure].id)
            writer.append(",\"value\":")
            if let value = item.value { writer.append(decimal: value) } else { writer.append("null") }
            writer.append(",\"events\":[")
            var left = history.subject.withUnsafeBytes { replay.fold.events(inMeasure: item.measure, of: $0) }
            var isFirst = true
            for number in entries {
                let entry = history.entries[number]
                guard entry.kind == .event, entry.subject == history.subject,
                    left.remove(entry.lend { replay.fold.fingerprint(of: $0) }) != nil
                else { continue }
                if !isFirst { writer.append(byte: 0x2C) }
                isFirst = false
                writer.append("{\"time\":\"")
                writer.append(entry.time)
                writer.append("\",\"type\":")
                entry.type.withUnsafeBytes { writer.append(jsonString: $0) }
                writer.append(",\"source\":")
                entry.source.withUnsafeBytes { writer.append(jsonString: $0) }
                writer.append(",\"id\":")
                entry.id.withUnsafeBytes { writer.append(jsonString: $0) }
                writer.append("}")
            }
            writer.append("]}")
        }
        writer.append("]")
    }
}
