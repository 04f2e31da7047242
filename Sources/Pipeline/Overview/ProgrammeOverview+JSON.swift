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
    public func write(to writer: inout JSONWriter, showsSubjects: Bool) {
        writer.open()
        writer.member("time", time)
        writer.list("members", members) { writer, item in
            writer.open()
            writer.member("member", item.name)
            writer.member("ready", item.isReady)
            writer.member("partitions", item.partitions)
            writer.member("behindSeconds", rounded: item.behindSeconds)
            writer.close()
        }
        writer.member("missing", missing)
        writer.key("clock")
        if let clocks {
            writer.open()
            writer.member("from", clocks.lowerBound)
            writer.member("to", clocks.upperBound)
            writer.close()
        } else {
            writer.null()
        }
        writer.open("partitions")
        writer.member("owned", ownedPartitions)
        writer.member("current", currentPartitions)
        writer.member("ledger", partitions)
        writer.member("sources", sourcePartitions)
        writer.close()
        writer.member("subjects", subjects)
        writer.list("bands", bands) { writer, item in
            writer.open()
            writer.member("band", item.band)
            writer.member("subjects", item.subjects)
            writer.close()
        }
        writer.member("enrolments", enrolments)
        writer.member("withdrawals", withdrawals)
        writer.key("lastMinute")
        Self.write(lastMinute, to: &writer)
        writer.key("lastHour")
        Self.write(lastHour, to: &writer)
        writer.list("minutes", minutes) { Self.write($1, to: &$0) }
        writer.member("behindSeconds", rounded: behindSeconds)
        writeLag(to: &writer)
        writePolicies(to: &writer)
        writer.open("sanctions")
        writer.member("noticed", sanctions.noticed)
        writer.member("inForce", sanctions.inForce)
        writer.member("stayed", sanctions.stayed)
        writer.member("overdue", overdueSanctions)
        writer.close()
        writer.key("appeals")
        appeals.write(to: &writer, showsSubjects: showsSubjects)
        writer.list("deadLetters", deadLetters) { writer, item in
            writer.open()
            writer.member("reason", item.reason)
            writer.member("records", item.records)
            writer.close()
        }
        writer.member("notEnrolled", notEnrolled)
        writer.list("attention", attention) { writer, item in
            writer.open()
            writer.member("severity", item.severity.rawValue)
            writer.member("code", item.code)
            writer.member("text", item.text)
            writer.member("page", item.page)
            writer.close()
        }
        writer.list("changes", changes) { writer, item in
            writer.open()
            writer.member("sentAt", item.sentAt)
            writer.member("fact", json: item.json)
            writer.close()
        }
        writer.close()
    }

    private func writeLag(to writer: inout JSONWriter) {
        writer.key("lag")
        guard let lag else { return writer.null() }
        writer.open()
        writer.member("seconds", rounded: lag.seconds)
        writer.open("people")
        writer.member("atLeast", lag.peopleAtLeast)
        writer.member("atMost", lag.peopleAtMost)
        writer.close()
        writer.close()
    }

    private func writePolicies(to writer: inout JSONWriter) {
        writer.list("policies", policies) { writer, item in
            writer.open()
            writer.member("id", item.id)
            writer.member("version", item.version)
            writer.member("partitions", item.partitions)
            writer.close()
        }
        writer.list("switching", switching) { writer, item in
            writer.open()
            writer.member("partition", item.partition)
            item.writeTarget(to: &writer)
            writer.member("done", rounded: item.done)
            writer.close()
        }
        writer.key("shadow")
        guard let shadow else { return writer.null() }
        writer.open()
        writer.member("id", shadow.id)
        writer.member("version", shadow.version)
        writer.member("live", shadow.live)
        writer.member("partitions", shadow.partitions)
        writer.close()
    }

    private static func write(_ activity: Activity?, to writer: inout JSONWriter) {
        guard let activity else { return writer.null() }
        writer.open()
        writer.member("seconds", rounded: activity.seconds)
        writer.member("events", activity.events)
        writer.member("entries", activity.entries)
        writer.member("facts", activity.facts)
        writer.member("deadLetters", activity.deadLetters)
        writer.close()
    }
}

extension JSONWriter {
    /// Rounded to three decimals, with a fraction also if it is whole; null if it is unknown.
    fileprivate mutating func member(_ name: String, rounded number: Double?) {
        let known = number.flatMap { $0.isFinite && abs($0) < 1e12 ? $0 : nil }
        member(name, json: known.map { "\(($0 * 1000).rounded() / 1000)" })
    }
}
