internal import Access
internal import Events

extension ConsolePages {
    public func ledger(
        _ view: LedgerView, asked search: LedgerSearch, mistake: String? = nil, for visit: Visit
    ) -> String {
        let query: [(String, String?)] = [
            ("subject", search.subject), ("purpose", search.purpose),
            ("partition", search.partition.map(String.init)), ("offset", search.offset.map { String($0) }),
            ("from", search.from?.description),
        ]
        let entries: [Fields] = view.entries.map { entry in
            .of([
                "partition": Self.count(entry.partition), "offset": Self.count(entry.offset),
                "time": Self.known(entry.time), "type": Self.shortened(entry.type, to: 60),
                "subject": entry.subject.map { visit.fields($0) }, "origin": Self.shortened(entry.origin, to: 80),
                "data": entry.data.isEmpty ? nil : Self.shortened(entry.data, to: Self.maximumData),
            ])
        }
        let partitions: [Fields] = view.partitions.map { partition in
            .of([
                "partition": Self.count(partition.partition), "state": Self.badge(partition.state, partition.level),
                "end": Self.count(partition.end), "clock": partition.clock.map { Self.fields($0) },
                "hash": partition.hash, "shortHash": Self.shortened(partition.hash, to: 12),
                "checkpoint": partition.checkpoint.map { Self.count($0) } ?? "none",
                "checked": partition.checkpointTime.map { Self.fields($0) },
                "path": ConsolePath.with(ConsolePath.ledger, [("partition", "\(partition.partition)")]),
            ])
        }
        return html(
            Page(
                template: "ledger", title: "Ledger", tab: .ledger,
                json: ConsolePath.json(ledger: search),
                fields: .of([
                    "name": Self.shortened(view.name, to: 80), "action": ConsolePath.ledger, "subject": search.subject,
                    "purpose": search.purpose,
                    "partition": search.partition.map(String.init), "offset": search.offset.map { String($0) },
                    "from": search.from?.description, "mistake": mistake, "hasEntries": !entries.isEmpty,
                    "isAsked": query.contains { $0.1 != nil },
                    "entries": entries, "partitions": partitions,
                    "next": view.next.map { ConsolePath.with(ConsolePath.ledger, query + [("after", $0)]) },
                ])), for: visit)
    }

    public func audit(_ view: AuditView, asked search: AuditSearch, for visit: Visit) -> String {
        let query: [(String, String?)] = [
            ("actor", search.actor), ("subject", search.subject), ("action", search.action),
        ]
        let rows: [Fields] = view.rows.map { row in
            let level: Level? =
                switch row.outcome {
                case "denied": .bad
                case "allowed", "requested": nil
                case "pending", "proposed": .notice
                case "done": .good
                default: .bad
                }
            return .of([
                "time": Self.fields(row.time), "actor": Self.shortened(row.actor, to: 80),
                "what": Self.words(ofAction: row.action), "about": row.subject.map { visit.fields($0) },
                "why": row.purpose,
                "outcome": Self.badge(row.outcome == "pending" ? "accepted" : row.outcome, level),
                "details": row.details.map {
                    Fields.of(["name": $0.name, "value": Self.shortened($0.value, to: 120)])
                },
            ])
        }
        return html(
            Page(
                template: "audit", title: "Audit", tab: .audit,
                json: ConsolePath.with("/audit", query + [("before", search.after)]),
                fields: .of([
                    "chain": view.chain, "chainLevel": view.level.rawValue,
                    "chainWord": view.level == .good ? "whole" : view.level == .notice ? "not checked yet" : "broken",
                    "action": ConsolePath.audit, "actor": search.actor, "subject": search.subject,
                    "actions": view.actions.map {
                        Fields.of([
                            "value": $0, "text": Self.words(ofAction: $0), "isChosen": $0 == search.action,
                        ])
                    },
                    "hasRows": !rows.isEmpty, "rows": rows,
                    "next": view.next.map { ConsolePath.with(ConsolePath.audit, query + [("after", $0)]) },
                ])), for: visit)
    }
}
