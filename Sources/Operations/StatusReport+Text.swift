internal import Events

extension StatusReport {
    private static let unknown = "-"

    /// One screen: members, with `partitions` also each ledger partition, groups, and problems.
    public func text(partitions: Bool) -> String {
        var text = "\(headline)\n\n" + memberTable
        if partitions { text += "\n" + partitionTable }
        if !groups.isEmpty { text += "\n" + groupTable }
        for note in notes { text += "\nnote: \(note)".printable(keepingLayout: true) }
        if !notes.isEmpty { text += "\n" }
        return text + "\n" + wanting.joined(separator: "\n") + "\n"
    }

    /// The same for a terminal: at most `rows` lines of at most `columns` cells. Problems come first and are not cut,
    /// because the lines below may be out of sight.
    public func screen(columns: Int, rows: Int, partitions: Bool) -> [String] {
        let cut = (memberTable + "\n" + (groups.isEmpty ? "" : groupTable + "\n") + (partitions ? partitionTable : ""))
            .split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        let whole = [headline, ""] + wanting + notes.map { "note: \($0)".printable() } + [""]
        let lines =
            whole.flatMap { Self.wrapped($0, to: columns) }
            + cut.map { TerminalLine($0).fitted(to: columns).text(colour: false) }
        guard lines.count > rows, rows > 0 else { return Array(lines.prefix(max(0, rows))) }
        let more = TerminalLine("… \(lines.count - rows + 1) more lines").fitted(to: columns)
        return lines.prefix(rows - 1) + [more.text(colour: false)]
    }

    private var wanting: [String] {
        let attention = attention
        guard !attention.isEmpty else {
            let isAllKnown = notes.isEmpty && unowned != nil
            return [isAllKnown ? "Nothing wants attention." : "Nothing that could be looked at wants attention."]
        }
        return ["Wants attention:"] + attention.map { "  \($0.code)  \($0.sentence)".printable() }
    }

    private static let indent = "    "

    /// Breaks a text into lines of this many cells, at spaces if there are any. All lines but the first are indented.
    private static func wrapped(_ text: String, to columns: Int) -> [String] {
        let columns = max(columns, indent.count + 1)
        var lines: [String] = []
        var line = ""
        var cells = 0
        var space: String.Index?
        for character in text {
            if cells + character.terminalCells > columns {
                var rest = space.map { String(line[$0...].dropFirst()) } ?? ""
                // A word that is longer than a line is broken.
                if indent.count + rest.terminalCells + character.terminalCells > columns { (rest, space) = ("", nil) }
                lines.append(space.map { String(line[..<$0]) } ?? line)
                line = indent + rest
                (cells, space) = (line.terminalCells, nil)
            }
            if character == " ", !line.allSatisfy({ $0 == " " }) { space = line.endIndex }
            line.append(character)
            cells += character.terminalCells
        }
        return lines + [line]
    }

    private var headline: String {
        let ready = members.count { $0.isReady == true }
        let of = ledgerPartitions.map { " of \($0)" } ?? ""
        let ledger =
            owned.map { "\($0.count)\(of) ledger partitions owned" } ?? "whose the ledger partitions are is unknown"
        return "\(Self.time(time))  \(ready) of \(members.count) members ready, \(ledger)"
    }

    private static func number(_ value: Int64?) -> String { value.map(String.init) ?? unknown }

    private var memberTable: String {
        var table = TextTable([
            .text("MEMBER"), .text("ADDRESS"), .text("READY"), .number("INTAKE"), .text("OWNED"), .text("PHASE"),
            .text("CLOCK"), .number("BEHIND"), .number("SUBJECTS"), .number("FACTS"), .text("POLICY"), .text("VERSION"),
            .number("FOLD"), .number("MEMORY"), .number("UPTIME"),
        ])
        for member in members { table.add(row(of: member)) }
        return table.take()
    }

    /// Appended cell by cell: the optimizer (6.3.1) crashes over one literal of them all.
    private func row(of member: MemberStatus) -> [String] {
        let phases = member.phases.map { "\($0.count) \($0.phase.rawValue)" }.joined(separator: ", ")
        let standby = member.standbyPartitions.flatMap { $0 > 0 ? " (+\($0) standby)" : nil } ?? ""
        var cells = [member.name, member.address, member.isReady.map { $0 ? "yes" : "no" } ?? "no answer"]
        cells.append(Self.number(member.intakePartitions.map { Int64($0) }))
        cells.append((member.partitions.isEmpty ? Self.unknown : Self.list(member.partitions)) + standby)
        cells.append(phases.isEmpty ? Self.unknown : phases)
        cells.append(member.clock.map { Self.time($0) } ?? Self.unknown)
        cells.append(member.behindSeconds.map { "\($0)s" } ?? Self.unknown)
        cells.append(Self.number(member.subjects))
        cells.append(Self.number(member.factsPublished))
        cells.append(member.policies.isEmpty ? Self.unknown : member.policies.joined(separator: ", "))
        cells.append(member.version ?? Self.unknown)
        cells.append(member.foldVersion ?? Self.unknown)
        cells.append(member.memory.map { Self.bytes($0) } ?? Self.unknown)
        cells.append(member.started.map { Self.span(time - $0) } ?? Self.unknown)
        return cells
    }

    private var partitionTable: String {
        var table = TextTable([.number("PARTITION"), .text("OWNER"), .text("PHASE")])
        var rows: [(partition: Int32, owner: String, phase: String)] = members.flatMap { member in
            member.partitions.map { ($0, member.name, member.phase(of: $0).rawValue) }
        }
        rows += (unowned ?? []).map { ($0, Self.unknown, "unowned") }
        for row in rows.sorted(by: { $0.partition < $1.partition }) {
            table.add(["\(row.partition)", row.owner, row.phase])
        }
        return table.take()
    }

    private var groupTable: String {
        var table = TextTable([.text("GROUP"), .number("UNREAD"), .number("SECONDS"), .text("STATUS")])
        for group in groups {
            let seconds = group.seconds.map { seconds in
                let tenths = (seconds * 10).rounded().whole ?? 0
                return "\(tenths / 10).\(tenths % 10)"
            }
            table.add([group.name, Self.number(group.records), seconds ?? Self.unknown, group.status])
        }
        return table.take()
    }
}

extension StatusReport {
    /// One line: `{"time","ledgerPartitions","unowned","members","groups","attention","notes"}`. An unknown value is
    /// null.
    public var json: String {
        JSONWriter.object { out in
            out.member("time", Self.time(time))
            out.member("ledgerPartitions", ledgerPartitions)
            out.member("unowned", unowned)
            out.list("members", members) { write($1, &$0) }
            out.list("groups", groups) { out, group in
                out.open()
                out.member("group", group.name)
                out.member("records", group.records)
                out.member("seconds", json: group.seconds.map { "\($0)" })
                out.member("status", group.status)
                out.member("cause", group.cause)
                out.close()
            }
            out.list("attention", attention) { out, item in
                out.open()
                out.member("code", item.code)
                out.member("sentence", item.sentence)
                out.close()
            }
            out.member("notes", notes)
        }
    }

    private func write(_ member: MemberStatus, _ out: inout JSONWriter) {
        out.open()
        out.member("member", member.name)
        out.member("address", member.address)
        out.member("ready", member.isReady)
        out.member("reasons", member.reasons)
        out.list("partitions", member.partitions) { out, partition in
            out.open()
            out.member("partition", partition)
            out.member("phase", member.phase(of: partition).rawValue)
            out.close()
        }
        out.member("intakePartitions", member.intakePartitions)
        out.member("foldPartitions", member.foldPartitions)
        out.member("standbyPartitions", member.standbyPartitions)
        out.member("behindSeconds", member.behindSeconds)
        out.member("framesBehind", member.framesBehind)
        out.member("subjects", member.subjects)
        out.member("factsPublished", member.factsPublished)
        out.member("deadLetters", member.deadLetters)
        out.member("memoryBytes", member.memory)
        out.member("memoryLimitBytes", member.memoryLimit)
        out.member("openFiles", member.openFiles)
        out.member("uptimeSeconds", member.started.flatMap { max(0, time - $0).whole })
        out.member("clock", member.clock.map { Self.time($0) })
        out.member("policies", member.policies)
        out.member("version", member.version)
        out.member("commit", member.commit)
        out.member("foldVersion", member.foldVersion)
        out.close()
    }
}
