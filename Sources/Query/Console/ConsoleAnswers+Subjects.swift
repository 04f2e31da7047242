internal import Access
internal import Console
internal import Events
internal import Policy

extension ConsoleAnswers {
    private struct PageForm: Decodable {
        struct Item: Decodable {
            struct Sanction: Decodable {
                var id: String
                var state: String
            }

            var subject: String
            var kind: String
            var score: Int
            var band: String
            var enrolled: String
            var perks: [String]
            var sanctions: [Sanction]
        }

        var subjects: [Item]
        var next: String?
    }

    func subjects(_ search: Console.SubjectSearch, for caller: Caller) async throws(ProblemView) -> SubjectsView {
        let target = Self.target(
            "/subjects",
            [
                ("prefix", search.prefix), ("kind", search.kind), ("band", search.band), ("perk", search.perk),
                ("sanction", search.sanction), ("cursor", search.after),
            ])
        let page = try await ask(PageForm.self, target, for: caller)
        let policy = try await activePolicy()
        let isMasked = !caller.may(.readIdentities)
        return SubjectsView(
            rows: page.subjects.map { item in
                SubjectsView.Row(
                    subject: SubjectID(item.subject, isMasked: isMasked), kind: item.kind, score: item.score,
                    band: item.band, sanctions: item.sanctions.map { Self.name(of: $0.id, in: $0.state) },
                    perks: item.perks, enrolled: Timestamp(item.enrolled) ?? .distantPast)
            }, next: page.next, kinds: policy?.kinds.kinds.map { "\($0)" } ?? [],
            bands: policy?.bands.map(\.name) ?? [],
            perks: policy?.perks.map(\.id) ?? [], sanctions: policy?.sanctions.map(\.id) ?? [])
    }

    private static func name(of sanction: String, in state: String) -> String {
        state == "in-force" ? sanction : "\(sanction) (\(state))"
    }

    /// When a subject enrolled whose page is shown without its file; nil if the list does not have the subject now.
    func enrolled(_ id: String) async -> Timestamp? {
        let list = Caller(name: "console", roles: [.service, .auditor])
        let target = Self.target("/subjects", [("prefix", id), ("limit", "1")])
        let page = try? await ask(PageForm.self, target, for: list)
        return page?.subjects.first { $0.subject == id }.flatMap { Timestamp($0.enrolled) }
    }

    // MARK: Targets

    /// Parameters without a value are left out.
    static func target(_ path: String, _ query: [(name: String, value: String?)] = []) -> String {
        var target = path
        for (name, value) in query {
            guard let value else { continue }
            target += (target.contains("?") ? "&" : "?") + name + "=" + encoded(value)
        }
        return target
    }

    /// Percent-encodes characters that a path's segment or a parameter's value may not have. Dots are encoded too,
    /// because a segment may be `..`.
    static func encoded(_ text: String) -> String {
        PercentEncoding.encoded(text.utf8) { PercentEncoding.isUnreserved($0) && $0 != UInt8(ascii: ".") }
    }
}
