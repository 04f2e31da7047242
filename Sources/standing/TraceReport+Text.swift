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
        var writer = ByteWriter()
        writer.append("{\"source\":")
        writer.append(jsonString: source)
        writer.append(",\"id\":")
        writer.append(jsonString: id)
        writer.append(",\"searched\":")
        writer.append(jsonString: searched)
        writer.append(",\"cutOff\":\(isCutOff ? "true" : "false"),\"occurrences\":")
        Self.list(occurrences, to: &writer) { item, writer in Self.write(item, to: &writer) }
        for (name, positions) in [("concernsEveryone", concernsEveryone), ("passedOver", passedOver)] {
            writer.append(",\"\(name)\":")
            Self.list(positions, to: &writer) { item, writer in
                writer.append(
                    "{\"partition\":\(item.partition),\"offset\":\(item.position.offset),\"entry\":\(item.position.entry)}"
                )
            }
        }
        writer.append(",\"deadLetters\":")
        if let deadLetters {
            Self.list(deadLetters, to: &writer) { item, writer in
                writer.append(
                    "{\"partition\":\(item.letter.position.partition),\"offset\":\(item.letter.position.offset)")
                Self.member("reason", item.letter.reason, to: &writer)
                Self.member("message", item.letter.message, to: &writer)
                Self.member("redrivenTo", item.redrivenTo, to: &writer)
                Self.member("discarded", item.discarded, to: &writer)
                writer.append(",\"origin\":{\"topic\":")
                writer.append(jsonString: item.letter.source.topic)
                writer.append(",\"partition\":\(item.letter.source.partition),\"offset\":\(item.letter.sourceOffset)}}")
            }
        } else {
            writer.append("null")
        }
        writer.append("}")
        return Array(writer.bytes)
    }

    private static func write(_ item: Occurrence, to writer: inout ByteWriter) {
        writer.append("{")
        item.occurrence.writePositions(of: item.subject, ledgerPartition: item.partition, to: &writer)
        member("appended", time(item.appended), to: &writer)
        writer.append(",\"origin\":")
        if let origin = item.occurrence.entry.origin {
            writer.append("{\"topic\":")
            writer.append(jsonString: origin.topic)
            writer.append(",\"partition\":\(origin.partition),\"offset\":\(origin.offset)")
            member("written", time(item.origin?.written), to: &writer)
            member("traceparent", item.origin?.traceparent, to: &writer)
            member("tracestate", item.origin?.tracestate, to: &writer)
            writer.append("}")
        } else {
            writer.append("null")
        }
        writer.append(",")
        item.occurrence.writeMembers(to: &writer)
        writer.append(",\"facts\":")
        list(item.facts, to: &writer) { fact, writer in
            writer.append("{\"id\":")
            writer.append(jsonString: fact.id)
            member("type", fact.type, to: &writer)
            writer.append(",\"sequence\":\(fact.sequence),\"partition\":\(item.partition)")
            member("topic", fact.topic, to: &writer)
            writer.append(",\"offset\":\(fact.record.map { String($0.offset) } ?? "null")")
            member("published", time(fact.record?.written), to: &writer)
            writer.append("}")
        }
        writer.append("}")
    }

    private static func list<Item>(
        _ items: [Item], to writer: inout ByteWriter, _ body: (Item, inout ByteWriter) -> Void
    ) {
        writer.append("[")
        for (index, item) in items.enumerated() {
            if index > 0 { writer.append(",") }
            body(item, &writer)
        }
        writer.append("]")
    }

    /// `,"NAME":TEXT`, or null.
    private static func member(_ name: String, _ text: String?, to writer: inout ByteWriter) {
        writer.append(",\"\(name)\":")
        if let text { writer.append(jsonString: text) } else { writer.append("null") }
    }
}
