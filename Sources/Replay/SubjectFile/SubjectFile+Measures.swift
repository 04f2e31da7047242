internal import Events
internal import Ledger
internal import Policy
internal import Scoring

extension SubjectFile {
    /// `[{"measure","value","events":[{"time","type","source","id"}]}]`: each measure's present value, null if it is
    /// absent, and the events in it, in their order; of a streak also those that break it.
    static func writeMeasures(
        of standing: Standing, in replay: borrowing SubjectReplay, _ history: SubjectEntries,
        to writer: inout JSONWriter
    ) {
        // The same event may have come in an earlier enrolment too, and counted there.
        let entries = replay.entriesOfEnrolment
        writer.list(standing.measures) { writer, item in
            writer.open()
            writer.member("measure", replay.fold.policy.measures[item.measure].id)
            writer.member("value", item.value)
            writer.openList("events")
            var left = history.subject.withUnsafeBytes { replay.fold.events(inMeasure: item.measure, of: $0) }
            for number in entries {
                let entry = history.entries[number]
                guard entry.kind == .event, entry.subject == history.subject, !replay.leavesOut(entry),
                    left.remove(entry.lend { replay.fold.fingerprint(of: $0) }) != nil
                else { continue }
                writer.open()
                writer.member("time", entry.time)
                writer.member("type", utf8: entry.type)
                writer.member("source", utf8: entry.source)
                writer.member("id", utf8: entry.id)
                writer.close()
            }
            writer.closeList()
            writer.close()
        }
    }
}
