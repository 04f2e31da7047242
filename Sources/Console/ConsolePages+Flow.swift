internal import Access
internal import Events

extension ConsolePages {
    public func sources(_ view: SourcesView, for visit: Visit) -> String {
        let (canManage, canWithdraw) = (visit.may(.manageSources), visit.may(.activatePolicy))
        let sources: [Fields] = view.sources.map { source in
            let path = ConsolePath.act(.acknowledgeSource, [("topic", source.topic)])
            return .of([
                "topic": Self.shortened(source.topic, to: 120), "level": source.level.rawValue,
                "state": Self.badge(source.state, source.level), "events": Self.count(source.events),
                "declaration": source.declaration, "perSecond": source.perSecond.map(Self.rate) ?? "unknown",
                "unread": source.unread.map { Self.count($0) } ?? "unknown",
                "notEnrolled": Self.count(source.notEnrolled),
                "errorRate": source.decided == 0 ? "no appeals" : Self.percent(source.upheld, of: source.decided),
                "errorNote": source.decided == 0
                    ? nil : "\(Self.count(source.upheld)) of \(Self.number(source.decided, "appeal")) upheld",
                "hasDead": !source.deadLetters.isEmpty,
                "dead": source.deadLetters.map { dead in
                    Fields.of([
                        "reason": dead.reason, "count": Self.count(dead.count),
                        "path": ConsolePath.with(
                            ConsolePath.deadLetters, [("topic", source.topic), ("reason", dead.reason)]),
                    ])
                },
                "acknowledge": canManage && source.wantsAcknowledgement ? path : nil,
                "withdraw": canWithdraw && source.changes.contains(.withdraw)
                    ? ConsolePath.act(.withdrawSource, [("topic", source.topic)]) : nil,
                "restore": canWithdraw && source.changes.contains(.restore)
                    ? ConsolePath.act(.restoreSource, [("topic", source.topic)]) : nil,
            ])
        }
        return html(
            Page(
                template: "sources", title: "Sources", tab: .sources, json: "/sources",
                fields: .of([
                    "hasSources": !sources.isEmpty, "sources": sources,
                    "duplicates": view.duplicates == 0
                        ? nil : "\(Self.number(view.duplicates, "event")) came twice and counted once.",
                    "unknown": view.unknownPartitions == 0
                        ? nil
                        : "In \(Self.number(view.unknownPartitions, "ledger partition")) it is not known which sources are withdrawn: "
                            + "no member that folds them has reported it yet.",
                ])), for: visit)
    }

    // MARK: Dead letters

    public func deadLetters(_ view: DeadLettersView, asked search: DeadLetterSearch, for visit: Visit) -> String {
        if let letter = view.selected { return deadLetter(letter, for: visit) }
        let canRedrive = visit.may(.redriveDeadLetters)
        let greatest = view.reasons.map(\.count).max() ?? 0
        let query: [(String, String?)] = [("reason", search.reason), ("topic", search.topic)]
        let reasons: [Fields] = view.reasons.map { reason in
            .of([
                "reason": reason.reason, "count": Self.count(reason.count), "isChosen": reason.reason == search.reason,
                "path": ConsolePath.with(ConsolePath.deadLetters, [("reason", reason.reason)]),
                "bar": Plot.bar(greatest == 0 ? 0 : Double(reason.count) / Double(greatest), "loss"),
                "redrive": canRedrive ? ConsolePath.act(.redriveReason, [("why", reason.reason)]) : nil,
            ])
        }
        let letters: [Fields] = view.letters.map { letter in
            .of([
                "key": letter.key, "topic": Self.shortened(letter.topic, to: 80),
                "partition": "\(letter.partition)", "offset": Self.count(letter.offset),
                "time": Self.fields(letter.time), "reason": letter.reason, "sentence": letter.sentence,
                "size": Self.count(letter.size),
                "path": ConsolePath.with(ConsolePath.deadLetters, [("letter", letter.key)]),
            ])
        }
        let title = search.reason.map { "Because of \(Self.shortened($0, to: 60))" } ?? "The newest"
        return html(
            Page(
                template: "dead-letters", title: "Dead letters", tab: .deadLetters,
                json: ConsolePath.with("/dead-letters", query + [("after", search.after)]),
                fields: .of([
                    "hasReasons": !reasons.isEmpty, "reasons": reasons, "hasLetters": !letters.isEmpty,
                    "letters": letters, "canRedrive": canRedrive, "action": ConsolePath.act(.redrive),
                    "hidden": [Fields](), "letterTitle": title,
                    "next": view.next.map { ConsolePath.with(ConsolePath.deadLetters, query + [("after", $0)]) },
                ])), for: visit)
    }

    private func deadLetter(_ letter: DeadLettersView.Letter, for visit: Visit) -> String {
        let text = String(decoding: letter.bytes, as: UTF8.self)
        let left = letter.size - letter.bytes.count
        let proposal = letter.proposal ?? (left == 0 ? text : "")
        let isText = String(validating: letter.bytes, as: UTF8.self) != nil
        let hint =
            letter.proposal != nil
            ? "A repair is proposed below."
            : isText ? "Below is the record as it came." : "Bytes that are no text stand below as \u{FFFD}."
        return html(
            Page(
                template: "dead-letter", title: "Dead letter \(letter.key)", tab: .deadLetters,
                json: ConsolePath.json(letter: letter.key),
                fields: .of([
                    "topic": Self.shortened(letter.topic, to: 120), "partition": "\(letter.partition)",
                    "offset": Self.count(letter.offset), "reason": letter.reason, "sentence": letter.sentence,
                    "time": Self.fields(letter.time), "size": Self.count(letter.size), "text": text,
                    "hex": Self.hexadecimal(letter.bytes),
                    "cut": left > 0 ? "\(Self.number(left, "byte")) more in the JSON." : nil,
                    "canRedrive": letter.isWaiting && visit.may(.redriveDeadLetters), "hint": hint,
                    "proposal": proposal, "action": ConsolePath.act(.repair), "back": ConsolePath.deadLetters,
                    "hidden": [Self.hidden("letter", letter.key)],
                ])), for: visit)
    }

    // MARK: Lag

    public func lag(_ view: LagView, for visit: Visit) -> String {
        if let group = view.selected { return lagGroup(group, for: visit) }
        let groups: [Fields] = view.groups.map { group in
            .of([
                "name": Self.shortened(group.name, to: 120), "level": group.level.rawValue,
                "state": Self.badge(group.status, group.level), "trend": group.trend, "catchUp": group.catchUp,
                "seconds": group.seconds.map(Self.duration) ?? "unknown",
                "records": group.records.map { Self.count($0) } ?? "unknown",
                "spark": Plot.spark(group.history, of: "unread records"), "cause": group.causes.first,
                "path": ConsolePath.with(ConsolePath.lag, [("group", group.name)]),
            ])
        }
        let greatest = view.groups.compactMap(\.seconds).max()
        let wanting = view.groups.filter { $0.level != .good }.count
        return html(
            Page(
                template: "lag", title: "Lag", tab: .lag, json: "/lag", stream: ConsolePath.changes,
                fields: .of([
                    "failure": view.failure, "hasGroups": !groups.isEmpty, "groups": groups,
                    "tiles": [
                        Self.tile(
                            "Behind at most", greatest.map(Self.duration) ?? "unknown",
                            note: "age of the oldest unread record"),
                        Self.tile(
                            "People who wait", Self.people(view.people), note: "with an event that is not counted yet"),
                        Self.tile(
                            "Groups", Self.count(view.groups.count),
                            note: wanting == 0 ? "none wants attention" : "\(wanting) want attention"),
                    ],
                ])), for: visit)
    }

    private func lagGroup(_ group: LagView.Group, for visit: Visit) -> String {
        let partitions: [Fields] = group.partitions.map { partition in
            .of([
                "name": partition.name, "state": Self.badge(partition.status, partition.level),
                "seconds": partition.seconds.map(Self.duration) ?? "unknown",
                "records": partition.records.map { Self.count($0) } ?? "unknown",
                "committed": partition.committed.map { Self.count($0) } ?? "unknown",
                "end": partition.end.map { Self.count($0) } ?? "unknown",
                "read": partition.readPerSecond.map(Self.rate) ?? "unknown",
                "arrive": partition.arrivePerSecond.map(Self.rate) ?? "unknown",
            ])
        }
        return html(
            Page(
                template: "lag-group", title: "Lag of \(Self.shortened(group.name, to: 40))", tab: .lag, json: "/lag",
                stream: ConsolePath.changes,
                fields: .of([
                    "name": Self.shortened(group.name, to: 120), "state": Self.badge(group.status, group.level),
                    "hasCauses": !group.causes.isEmpty, "firstCause": group.causes.first,
                    "hasMoreCauses": group.causes.count > 1, "causes": Array(group.causes.dropFirst()),
                    "partitions": partitions, "back": ConsolePath.lag,
                    "tiles": [
                        Self.tile(
                            "Behind", group.seconds.map(Self.duration) ?? "unknown",
                            note: "age of the next unread record"),
                        Self.tile(
                            "Unread", group.records.map { Self.count($0) } ?? "unknown", note: "records",
                            spark: Plot.spark(group.history, of: "unread records")),
                        Self.tile("Trend", group.trend), Self.tile("Caught up in", group.catchUp),
                    ],
                ])), for: visit)
    }
}
