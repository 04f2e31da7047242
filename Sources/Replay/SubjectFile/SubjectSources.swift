internal import Events
internal import Ledger
internal import Policy
internal import Scoring

/// The sources of a subject's score: the points of each source topic before any cap, and the effects of caps, rules
/// over measures and the limits of dimensions and of the score on their sum. The parts add up to the score exactly.
struct SubjectSources {
    struct Part: Equatable {
        var rule: Int
        var points: Int64
        /// Events that count under the rule now.
        var events: Int64
    }

    struct Source: Equatable {
        var topic: [UInt8]
        /// Entries of this subject, whatever their outcome.
        var entries: Int64
        /// In policy order, without rules under which no event counts.
        var parts: [Part]
    }

    /// Sorted by the topics' names.
    private(set) var sources: [Source] = []
    private let policy: ScoringPolicy
    private let standing: Standing?
    /// The points of rules with events.
    private var points: Int64 = 0
    private var caps: Int64 = 0
    private var rulesOverMeasures: Int64 = 0

    init(_ history: SubjectEntries, _ replay: borrowing SubjectReplay) {
        policy = replay.fold.policy
        standing = replay.standing
        var numbers: [[UInt8]: Int] = [:]
        for entry in history.entries where entry.kind == .event && entry.subject == history.subject {
            let number = numbers[entry.topic] ?? sources.count
            if number == sources.count {
                numbers[entry.topic] = number
                sources.append(Source(topic: entry.topic, entries: 0, parts: []))
            }
            sources[number].entries += 1
        }
        for rule in policy.rules.indices {
            add(rule, numbers, history, replay)
        }
        sources.sort { $0.topic.lexicographicallyPrecedes($1.topic) }
    }

    private mutating func add(
        _ rule: Int, _ numbers: [[UInt8]: Int], _ history: SubjectEntries, _ replay: borrowing SubjectReplay
    ) {
        let total = standing?.contributions.first { $0.rule == rule }?.points ?? 0
        guard !policy.rules[rule].isOverMeasures else { return rulesOverMeasures += total }
        var left = history.subject.withUnsafeBytes { replay.fold.points(ofRule: rule, of: $0) }
        let counted = left.values.reduce(0, +)
        points += counted
        caps += total - counted
        // Of entries with the same fingerprint the first counted.
        for number in replay.entriesOfEnrolment where !left.isEmpty {
            let entry = history.entries[number]
            guard entry.kind == .event, entry.subject == history.subject, !replay.leavesOut(entry),
                let source = numbers[entry.topic],
                let points = left.removeValue(forKey: entry.lend { replay.fold.fingerprint(of: $0) })
            else { continue }
            if sources[source].parts.last?.rule != rule {
                sources[source].parts.append(Part(rule: rule, points: 0, events: 0))
            }
            let last = sources[source].parts.count - 1
            sources[source].parts[last].points += points
            sources[source].parts[last].events += 1
        }
    }

    /// `"sources":[{"topic","owner","sector","entries","points","rules":[{"rule","dimension","points","events"}]}],
    /// "parts":{"base","sources","caps","rulesOverMeasures","dimensionLimits","scoreLimits","score"}`. `owner` and
    /// `sector` are omitted if the topic does not declare them; `parts` is null if the subject is not enrolled.
    func write(to writer: inout JSONWriter, _ declarations: [String: SourceDeclaration]) {
        writer.list("sources", sources) { writer, source in
            writer.open()
            writer.member("topic", utf8: source.topic)
            declarations[String(decoding: source.topic, as: UTF8.self)]?.writeOwner(to: &writer)
            writer.member("entries", source.entries)
            writer.member("points", source.parts.reduce(0) { $0 + $1.points })
            writer.list("rules", source.parts) { writer, part in
                let rule = policy.rules[part.rule]
                writer.open()
                writer.member("rule", rule.id)
                writer.member("dimension", policy.dimensions[rule.dimension].name)
                writer.member("points", part.points)
                writer.member("events", part.events)
                writer.close()
            }
            writer.close()
        }
        writer.key("parts")
        guard let standing else { return writer.null() }
        let dimensions = standing.dimensions.reduce(0, +)
        writer.open()
        writer.member("base", policy.score.base)
        writer.member("sources", points)
        writer.member("caps", caps)
        writer.member("rulesOverMeasures", rulesOverMeasures)
        writer.member("dimensionLimits", dimensions - points - caps - rulesOverMeasures)
        writer.member("scoreLimits", standing.level.score - policy.score.base - dimensions)
        writer.member("score", standing.level.score)
        writer.close()
    }
}

extension SourceDeclaration {
    /// Writes the members `owner` and `sector`.
    func writeOwner(to writer: inout JSONWriter) {
        writer.member("owner", owner)
        writer.member("sector", sector.rawValue)
    }
}
