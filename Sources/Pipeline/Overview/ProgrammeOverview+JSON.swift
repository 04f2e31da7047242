public import Events
internal import Scoring

extension ProgrammeOverview {
    /// `{"time","members":[{"member","ready","partitions","behindSeconds"}],"missing":[…],"clock":{"from","to"},
    /// "partitions":{"owned","current","ledger","sources"},"subjects","bands":[{"band","subjects"}],"enrolments",
    /// "withdrawals","lastMinute","lastHour","minutes","behindSeconds","lag":{"seconds","people":{"atLeast","atMost"}},
    /// "policies":[{"id","version","partitions"}],"switching":[…],"shadow":{"id","version","live","partitions"},
    /// "sanctions":{"noticed","in-force","stayed","overdue"},"appeals":…,"deadLetters":[{"reason","records"}],"notEnrolled",
    /// "attention":[{"severity","code","text","page"}],"changes":[{"sentAt","fact"}]}`. Unknown values are null. The
    /// activity of a period is `{"seconds","events","entries","facts","deadLetters"}`. `appeals` is in the format of
    /// `AppealsQueue`, without the subjects unless `showsSubjects` is true.
    public func write(to writer: inout ByteWriter, showsSubjects: Bool) {
        writer.append("{\"time\":\"")
        writer.append(time)
        writer.append("\"")
        writer.append(list: ",\"members\":", members) { item, writer in
            writer.append("{\"member\":")
            writer.append(jsonString: item.name)
            writer.append(",\"ready\":\(item.isReady),\"partitions\":")
            writer.append(numbers: item.partitions)
            writer.append(",\"behindSeconds\":")
            Self.write(item.behindSeconds, to: &writer)
            writer.append("}")
        }
        writer.append(",\"missing\":")
        writer.append(numbers: missing)
        writer.append(",\"clock\":")
        if let clocks {
            writer.append("{\"from\":\"")
            writer.append(clocks.lowerBound)
            writer.append("\",\"to\":\"")
            writer.append(clocks.upperBound)
            writer.append("\"}")
        } else {
            writer.append("null")
        }
        writer.append(",\"partitions\":{\"owned\":\(ownedPartitions),\"current\":\(currentPartitions)")
        writer.append(",\"ledger\":\(partitions),\"sources\":\(sourcePartitions)},\"subjects\":\(subjects)")
        writer.append(list: ",\"bands\":", bands) { item, writer in
            writer.append("{\"band\":")
            writer.append(jsonString: item.band)
            writer.append(",\"subjects\":\(item.subjects)}")
        }
        writer.append(",\"enrolments\":\(enrolments),\"withdrawals\":\(withdrawals),\"lastMinute\":")
        Self.write(lastMinute, to: &writer)
        writer.append(",\"lastHour\":")
        Self.write(lastHour, to: &writer)
        writer.append(list: ",\"minutes\":", minutes) { Self.write($0, to: &$1) }
        writer.append(",\"behindSeconds\":")
        Self.write(behindSeconds, to: &writer)
        writeLag(to: &writer)
        writePolicies(to: &writer)
        writer.append(",\"sanctions\":{\"noticed\":\(sanctions.noticed),\"inForce\":\(sanctions.inForce)")
        writer.append(",\"stayed\":\(sanctions.stayed),\"overdue\":\(overdueSanctions.map(String.init) ?? "null")}")
        writer.append(",\"appeals\":")
        appeals.write(to: &writer, showsSubjects: showsSubjects)
        writer.append(list: ",\"deadLetters\":", deadLetters) { item, writer in
            writer.append("{\"reason\":")
            writer.append(jsonString: item.reason)
            writer.append(",\"records\":\(item.records)}")
        }
        writer.append(",\"notEnrolled\":\(notEnrolled)")
        writer.append(list: ",\"attention\":", attention) { item, writer in
            writer.append("{\"severity\":\"\(item.severity.rawValue)\",\"code\":")
            writer.append(jsonString: item.code)
            writer.append(",\"text\":")
            writer.append(jsonString: item.text)
            writer.append(",\"page\":")
            if let page = item.page { writer.append(jsonString: page) } else { writer.append("null") }
            writer.append("}")
        }
        writer.append(list: ",\"changes\":", changes) { item, writer in
            writer.append("{\"sentAt\":\"")
            writer.append(item.sentAt)
            writer.append("\",\"fact\":")
            writer.append(item.json)
            writer.append("}")
        }
        writer.append("}")
    }

    private func writeLag(to writer: inout ByteWriter) {
        writer.append(",\"lag\":")
        guard let lag else { return writer.append("null") }
        writer.append("{\"seconds\":")
        Self.write(lag.seconds, to: &writer)
        writer.append(",\"people\":{\"atLeast\":\(lag.peopleAtLeast),\"atMost\":")
        if let most = lag.peopleAtMost { writer.append("\(most)") } else { writer.append("null") }
        writer.append("}}")
    }

    private func writePolicies(to writer: inout ByteWriter) {
        writer.append(list: ",\"policies\":", policies) { item, writer in
            writer.append("{\"id\":")
            writer.append(jsonString: item.id)
            writer.append(",\"version\":\(item.version),\"partitions\":\(item.partitions)}")
        }
        writer.append(list: ",\"switching\":", switching) { item, writer in
            writer.append("{\"partition\":\(item.partition),")
            item.writeTarget(to: &writer)
            writer.append(",\"done\":")
            Self.write(item.done, to: &writer)
            writer.append("}")
        }
        writer.append(",\"shadow\":")
        guard let shadow else { return writer.append("null") }
        writer.append("{\"id\":")
        writer.append(jsonString: shadow.id)
        writer.append(",\"version\":\(shadow.version),\"live\":\(shadow.live),\"partitions\":\(shadow.partitions)}")
    }

    private static func write(_ activity: Activity?, to writer: inout ByteWriter) {
        guard let activity else { return writer.append("null") }
        writer.append("{\"seconds\":")
        write(activity.seconds, to: &writer)
        writer.append(",\"events\":\(activity.events),\"entries\":\(activity.entries),\"facts\":\(activity.facts)")
        writer.append(",\"deadLetters\":\(activity.deadLetters)}")
    }

    /// Rounded to three decimals; null if it is unknown.
    private static func write(_ number: Double?, to writer: inout ByteWriter) {
        guard let number, number.isFinite, abs(number) < 1e12 else { return writer.append("null") }
        writer.append("\((number * 1000).rounded() / 1000)")
    }
}

extension ByteWriter {
    /// A JSON array.
    mutating func append(numbers: [Int32]) {
        append("[")
        for (index, number) in numbers.enumerated() {
            if index > 0 { append(",") }
            append(decimal: Int64(number))
        }
        append("]")
    }

    /// Writes `name` and a JSON array.
    fileprivate mutating func append<Item>(
        list name: StaticString, _ items: [Item], _ write: (Item, inout ByteWriter) -> Void
    ) {
        append(name)
        append("[")
        for (index, item) in items.enumerated() {
            if index > 0 { append(",") }
            write(item, &self)
        }
        append("]")
    }
}
