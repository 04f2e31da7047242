import Events
import Foundation
import Kafka
import Pipeline
import Replay
import Scoring

extension TraceReport {
    private static func time(_ milliseconds: Int64?) -> String? {
        milliseconds.map { Timestamp(microseconds: $0 * 1000).description }
    }

    /// Text for people, in lines.
    var text: String {
        var lines = ["searched: \(searched)"]
        if isCutOff { lines.append("found so often that only the first \(EventSearch.maximumFound) are shown") }
        for item in occurrences { lines += self.lines(of: item) }
        for (partition, position) in concernsEveryone {
            lines.append(
                "ledger \(partition):\(position.offset), entry \(position.entry): it concerns everyone (`standing policy log`)"
            )
        }
        for (partition, position) in passedOver {
            lines.append(
                "ledger \(partition):\(position.offset), entry \(position.entry): passed over: its frame was refused, its record was accepted "
                    + "before, or its time is out of range")
        }
        for (letter, redrivenTo, discarded) in deadLetters ?? [] {
            let state =
                discarded.map { ", discarded: \($0.printable())" } ?? redrivenTo.map { ", sent again to \($0)" } ?? ""
            lines.append(
                "dead letter \(letter.position) of \(letter.source) offset \(letter.sourceOffset): \(letter.reason.printable()), "
                    + "\(letter.message.printable())\(state)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func lines(of item: Occurrence) -> [String] {
        let (entry, occurrence) = (item.occurrence.entry, item.occurrence)
        var lines: [String] = []
        if let origin = entry.origin {
            let read = Self.time(item.origin?.written).map { ", written \($0)" } ?? ""
            let trace = item.origin?.traceparent.map { ", traceparent \($0.printable())" } ?? ""
            lines.append(
                "came from \(origin.topic.printable())[\(origin.partition)] offset \(origin.offset)\(read)\(trace)")
        }
        let appended = Self.time(item.appended).map { ", appended \($0)" } ?? ""
        lines.append("ledger \(item.partition):\(entry.offset), entry \(entry.entry)\(appended)")
        lines.append(
            "\(entry.typeName.printable()) of \(String(decoding: item.subject, as: UTF8.self).printable()) at \(entry.time): "
                + occurrence.outcome.sentence)
        if let position = occurrence.countedBy {
            lines.append(
                "counted from its subject's enrolment on, ledger offset \(position.offset), entry \(position.entry)")
        }
        if let position = occurrence.voidedBy {
            lines.append("voided at ledger offset \(position.offset), entry \(position.entry)")
        }
        for error in occurrence.errors { lines.append("  \(error.part.rawValue) \(error.id): \(error.reason)") }
        for fact in item.facts {
            let record = fact.record.map { " offset \($0.offset)" } ?? ""
            let published = Self.time(fact.record?.written).map { ", published \($0)" } ?? ""
            lines.append(
                "  \(fact.type) \(fact.id), sequence \(fact.sequence)\(fact.topic.map { " of \($0)[\(item.partition)]" } ?? "")\(record)\(published)"
            )
        }
        return lines
    }

    /// `{"source","id","searched","occurrences":[…],"concernsEveryone":[…],"passedOver":[…],"deadLetters":[…]}`. An
    /// occurrence has the positions and the outcome as `EventTrace` writes them, with `origin` and `facts`. Unknown
    /// values are null.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("source", source)
        writer.member("id", id)
        writer.member("searched", searched)
        writer.member("cutOff", isCutOff)
        writer.list("occurrences", occurrences) { Self.write($1, to: &$0) }
        for (name, positions) in [("concernsEveryone", concernsEveryone), ("passedOver", passedOver)] {
            writer.list(name, positions) { writer, item in
                writer.open()
                writer.member("partition", item.partition)
                writer.member("offset", item.position.offset)
                writer.member("entry", item.position.entry)
                writer.close()
            }
        }
        writer.key("deadLetters")
        if let deadLetters {
            writer.list(deadLetters) { writer, item in
                writer.open()
                writer.member("partition", item.letter.position.partition)
                writer.member("offset", item.letter.position.offset)
                writer.member("reason", item.letter.reason)
                writer.member("message", item.letter.message)
                writer.member("redrivenTo", item.redrivenTo)
                writer.member("discarded", item.discarded)
                writer.open("origin")
                writer.member("topic", item.letter.source.topic)
                writer.member("partition", item.letter.source.partition)
                writer.member("offset", item.letter.sourceOffset)
                writer.close()
                writer.close()
            }
        } else {
            writer.null()
        }
        writer.close()
        return writer.take()
    }

    private static func write(_ item: Occurrence, to writer: inout JSONWriter) {
        writer.open()
        item.occurrence.writePositions(of: item.subject, ledgerPartition: item.partition, to: &writer)
        writer.member("appended", time(item.appended))
        writer.key("origin")
        if let origin = item.occurrence.entry.origin {
            writer.open()
            writer.member("topic", origin.topic)
            writer.member("partition", origin.partition)
            writer.member("offset", origin.offset)
            writer.member("written", time(item.origin?.written))
            writer.member("traceparent", item.origin?.traceparent)
            writer.member("tracestate", item.origin?.tracestate)
            writer.close()
        } else {
            writer.null()
        }
        item.occurrence.writeMembers(to: &writer)
        writer.list("facts", item.facts) { writer, fact in
            writer.open()
            writer.member("id", fact.id)
            writer.member("type", fact.type)
            writer.member("sequence", fact.sequence)
            writer.member("partition", item.partition)
            writer.member("topic", fact.topic)
            writer.member("offset", fact.record?.offset)
            writer.member("published", time(fact.record?.written))
            writer.close()
        }
        writer.close()
    }
}
