internal import Access
internal import Events

extension ConsolePages {
    public func overview(_ view: OverviewView, for visit: Visit) -> String {
        let total = view.bands.reduce(0) { $0 + $1.subjects }
        let greatest = view.bands.map(\.subjects).max() ?? 0
        let lag = view.lagSeconds.map(Self.duration) ?? "unknown"
        let bands: [Fields] = view.bands.enumerated().map { index, band in
            .of([
                "name": band.name, "from": band.from.map { Self.count($0) } ?? "unknown",
                "subjects": Self.count(band.subjects),
                "share": Self.percent(band.subjects, of: total),
                "bar": Plot.bar(
                    greatest == 0 ? 0 : Double(band.subjects) / Double(greatest),
                    Plot.shade(index, of: view.bands.count)),
            ])
        }
        let tiles = [
            Self.tile(
                "Events a second", view.eventsPerSecond.map(Self.rate) ?? "unknown",
                note: view.factsPerSecond.map { "\(Self.rate($0)) changes a second" },
                spark: Plot.spark(view.rates, of: "events a second")),
            Self.tile(
                "Lag", lag, note: "age of the oldest event that is read and not counted yet",
                spark: Plot.spark(view.lags, of: "lag in seconds")),
            Self.tile(
                "People who wait", Self.people(view.peopleWaiting), note: "with an event that is not counted yet"),
            Self.tile("Open appeals", Self.count(view.openAppeals), note: "a sanction ends if nobody decides in time"),
            Self.tile("Dead letters", Self.count(view.deadLetters), note: "records that were no events"),
        ]
        return html(
            Page(
                template: "overview", title: "Overview", tab: .overview, json: "/overview",
                stream: ConsolePath.changes,
                fields: .of([
                    "programme": Self.shortened(view.programme, to: 80),
                    "subjects": Self.number(view.subjects, "subject"), "time": Self.fields(view.time), "tiles": tiles,
                    "attention": view.attention.map { alert in
                        Fields.of([
                            "level": alert.level.rawValue, "word": Self.word(alert.level), "sentence": alert.sentence,
                            "path": alert.path.flatMap { ConsolePath.isOwn($0) ? $0 : nil },
                        ])
                    },
                    "hasBands": !bands.isEmpty, "bands": bands, "isLive": true,
                    "members": view.members.map { member in
                        Fields.of([
                            "name": Self.shortened(member.name, to: 40),
                            "state": Self.badge(member.state, member.level),
                            "partitions": Self.count(member.partitions),
                            "lag": member.lagSeconds.map(Self.duration) ?? "unknown",
                        ])
                    },
                    "hasChanges": !view.changes.isEmpty,
                    "changes": view.changes.prefix(Self.maximumChanges).map { change in
                        Fields.of([
                            "time": Self.fields(change.time, now: view.time), "subject": visit.fields(change.subject),
                            "kind": change.kind.rawValue, "sentence": change.sentence,
                        ])
                    },
                ])), for: visit)
    }

    private static let maximumChanges = 30

    // MARK: Search

    public func subjects(_ view: SubjectsView, asked search: SubjectSearch, for visit: Visit) -> String {
        func filter(_ name: String, _ label: String, _ values: [String], _ chosen: String?) -> Fields {
            .of([
                "name": name, "label": label,
                "options": values.map { Fields.of(["value": $0, "isChosen": $0 == chosen]) },
            ])
        }
        let query: [(String, String?)] = [
            ("prefix", search.prefix), ("kind", search.kind), ("band", search.band), ("perk", search.perk),
            ("sanction", search.sanction),
        ]
        return html(
            Page(
                template: "subjects", title: "Subjects", tab: .subjects,
                json: ConsolePath.with("/subjects", query + [("cursor", search.after)]),
                fields: .of([
                    "action": ConsolePath.subjects, "prefix": search.prefix,
                    "filters": [
                        filter("kind", "Kind", view.kinds, search.kind),
                        filter("band", "Band", view.bands, search.band),
                        filter("sanction", "Sanction", view.sanctions, search.sanction),
                        filter("perk", "Perk", view.perks, search.perk),
                    ],
                    "canEnrol": visit.may(.enrol), "enrol": ConsolePath.act(.enrol), "hasRows": !view.rows.isEmpty,
                    "rows": view.rows.map { row in
                        Fields.of([
                            "subject": visit.fields(row.subject), "kind": row.kind, "score": Self.count(row.score),
                            "band": row.band, "sanctions": row.sanctions, "perks": row.perks,
                            "enrolled": Self.fields(row.enrolled),
                        ])
                    },
                    "next": view.next.map { ConsolePath.with(ConsolePath.subjects, query + [("after", $0)]) },
                ])), for: visit)
    }
}
