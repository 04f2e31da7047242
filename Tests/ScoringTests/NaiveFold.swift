import Events
import CEL
import Foundation
import Policy
import Scoring

/// SPEC sections 2 to 6 once more, written for reading: every score is computed anew from the set of a subject's events,
/// every timer is found by looking at everybody. What `Fold` must agree with.
struct NaiveFold {
    struct Contribution {
        var rule: Int
        var time: Timestamp
        var points: Int64
    }

    struct Past {
        /// Source and id.
        var key: [String]
        var contributions: [Contribution]
        var entries: [Entry] = []
    }

    struct Sanction: Equatable {
        var state: String
        var since: Timestamp
        var noticeEnd: Timestamp
        var until: Timestamp
        var deadline: Timestamp?
        var wasAppealed = false
        var cause: [String]?
    }

    struct Subject {
        var kind: String
        var terms: String
        /// As JSON has them, declared or not.
        var attributes: [String: Value] = [:]
        var events: [Past] = []
        /// Buckets and windows that ended by then have had their effect.
        var endsSeen: Timestamp
        var seen: Set<[String]> = []
        var beyondLimit: Int64 = 0
        var score: Int64 = 0
        var band = ""
        /// By perk; a value is the time at which a grace ends.
        var perks: [String: Timestamp?] = [:]
        var sanctions: [String: Sanction] = [:]
    }

    let policy: ScoringPolicy
    var subjects: [String: Subject] = [:]
    var clock = Timestamp.distantPast
    private var controlSeen: Set<[String]> = []
    private var voided: Set<[String]> = []
    /// Events that came before their subject's enrolment, in the order of the ledger, each until its time.
    private var early: [(happening: Happening, expires: Timestamp)] = []
    /// Voids that came before their event: subject, source, id.
    private var waitingVoids: [(event: [String], expires: Timestamp)] = []
    /// Early events that were dropped, and control events of nobody.
    private(set) var notEnrolled: Int64 = 0
    /// The text of the policy that activations have made the active one. Scores are those of `policy` all the same.
    private(set) var active: String
    /// Activations that name another policy than the active one.
    private(set) var activationsIgnored: Int64 = 0
    private var emitted: [String] = []
    let eventFrame: EvaluationFrame
    let standingFrame: EvaluationFrame

    private let maximumEvents: UInt32
    /// Whether R saturates before it is added to D.
    let ruleSumsSaturate: Bool
    /// Early events of a subject, and in all.
    private let maximumEarly: (ofSubject: Int, all: Int)

    init(
        _ policy: ScoringPolicy, version: FoldVersion = .newest, maximumEvents: UInt32 = Fold.maximumSubjectEvents,
        maximumEarly: (ofSubject: Int, all: Int) = (Fold.maximumEarlyEventsOfSubject, Fold.maximumEarlyEvents)
    ) {
        self.policy = policy
        active = policy.text
        self.maximumEarly = maximumEarly
        self.maximumEvents = maximumEvents
        ruleSumsSaturate = version >= .ninth
        eventFrame = EvaluationFrame(policy.variables.event.declarations)
        standingFrame = EvaluationFrame(policy.variables.standing.declarations)
    }

    /// Folds one happening, and returns the facts as `Story` does.
    mutating func given(_ happening: Happening) -> [String] {
        emitted = []
        guard !isOutOfRange(happening.time) else { return emitted }
        advance(to: happening.time)
        notEnrolled += Int64(early.count { $0.expires <= clock })
        early.removeAll { $0.expires <= clock }
        waitingVoids.removeAll { $0.expires <= clock }
        guard let type = happening.type else { return emitted }
        let name = happening.subject
        if type.hasPrefix("standing.") {
            guard controlSeen.insert([name, happening.source, happening.id]).inserted else { return emitted }
            control(type, name, happening)
        } else if subjects[name] != nil {
            live(happening)
        } else if !isVoided(happening) {
            comeEarly(happening)
        }
        return emitted
    }

    /// SPEC section 2, by the calendar's names.
    private mutating func isOutOfRange(_ time: Timestamp) -> Bool {
        let year = Int(time.description.prefix(4)) ?? 0
        guard 1970...2200 ~= year else { return true }
        guard clock != .distantPast, let last = Int(clock.description.prefix(4)) else { return false }
        let rest = clock.description.dropFirst(4)
        let limit =
            Timestamp("\(last + 10)\(rest)") ?? Timestamp("\(last + 10)\(rest.replacing("-02-29", with: "-02-28"))")
        return limit.map { time > $0 } ?? false
    }

    /// A behaviour event of an enrolled subject.
    private mutating func live(_ happening: Happening) {
        let (name, key) = (happening.subject, [happening.source, happening.id])
        guard let seen = subjects[name]?.seen, !seen.contains(key) else { return }
        guard seen.count < maximumEvents else {
            subjects[name]!.beyondLimit += 1
            return
        }
        subjects[name]!.seen.insert(key)
        if !isVoided(happening) { behave(happening.type!, name, happening, key) }
    }

    private mutating func isVoided(_ happening: Happening) -> Bool {
        let event = [happening.subject, happening.source, happening.id]
        if waitingVoids.contains(where: { $0.event == event }) {
            waitingVoids.removeAll { $0.event == event }
            voided.insert(event)
        }
        return voided.contains(event)
    }

    private mutating func comeEarly(_ happening: Happening) {
        guard policy.early > 0 else {
            notEnrolled += 1
            return
        }
        early.append((happening, clock.adding(microseconds: policy.early)))
        if early.count(where: { $0.happening.subject == happening.subject }) > maximumEarly.ofSubject {
            early.remove(at: early.firstIndex { $0.happening.subject == happening.subject }!)
            notEnrolled += 1
        }
        if early.count > maximumEarly.all {
            early.removeFirst()
            notEnrolled += 1
        }
    }

    private mutating func foldEarly(_ enrolment: Happening) {
        let mine = early.map(\.happening).filter { $0.subject == enrolment.subject }
        early.removeAll { $0.happening.subject == enrolment.subject }
        notEnrolled += Int64(mine.count { $0.time < enrolment.time })
        for happening in mine where happening.time >= enrolment.time { live(happening) }
    }

    // MARK: Events

    private mutating func behave(_ type: String, _ name: String, _ happening: Happening, _ key: [String]) {
        var subject = subjects[name]!
        let before = added(subject)
        load(happening, subject)
        var adverse: Set<Int> = []
        var past = Past(key: key, contributions: [])
        for (number, rule) in policy.rules.enumerated()
        where names(rule.events, type) && rule.kinds.kinds.contains(where: { $0.description == subject.kind }) {
            guard rule.when.map({ $0.truth(eventFrame) == .yes }) ?? true, let points = points(rule) else { continue }
            let item = Contribution(rule: number, time: happening.time, points: points)
            guard ends(item).last! > clock else { continue }
            past.contributions.append(item)
            if points < 0 { adverse.insert(rule.dimension) }
        }
        past.entries = entries(happening, subject.kind)
        for entry in past.entries where policy.measures[entry.measure].isAdverse && !entry.breaks {
            adverse.insert(policy.measures[entry.measure].dimension)
        }
        subject.events.append(past)
        subjects[name] = subject
        for sanction in policy.sanctions {
            if names(sanction.liftedBy, type), subjects[name]!.sanctions[sanction.id] != nil {
                lift(sanction, name, "remedied")
            }
            guard case .event(let types, let when) = sanction.trigger, names(types, type),
                when.map({ $0.truth(eventFrame) == .yes }) ?? true
            else { continue }
            if subjects[name]!.sanctions[sanction.id] != nil {
                subjects[name]!.sanctions[sanction.id]!.until = clock.adding(sanction.lasts)
            } else {
                impose(sanction, name, cause: key)
            }
        }
        evaluate(name, before: before, adverse: adverse)
    }

    private func points(_ rule: ScoringPolicy.Rule) -> Int64? {
        switch rule.points {
        case .constant(let points): points
        case .expression(let expression):
            expression.integer(eventFrame).map { saturated($0) }
        }
    }

    private mutating func control(_ type: String, _ name: String, _ happening: Happening) {
        let object = (try? JSONSerialization.jsonObject(with: Data(happening.data.utf8))) as? [String: Any] ?? [:]
        let data = object.compactMapValues { $0 as? String }
        if type == "standing.subject.enrolled" {
            let attributes = Self.members(of: object["attributes"] as? [String: Any] ?? [:])
            if let subject = subjects[name] {
                let before = added(subject)
                subjects[name]!.terms = data["terms"] ?? ""
                subjects[name]!.attributes = attributes
                evaluate(name, before: before, adverse: [])
            } else if policy.kinds.kinds.contains(where: { $0.description == data["kind"] }) {
                subjects[name] = Subject(
                    kind: data["kind"] ?? "", terms: data["terms"] ?? "", attributes: attributes, endsSeen: clock)
                evaluate(name, before: nil, adverse: [])
                foldEarly(happening)
            }
            return
        }
        if type == "standing.policy.activated" {
            if let replaces = data["replaces"], replaces != PolicyHash.of(active) {
                activationsIgnored += 1
            } else {
                active = data["policy"] ?? active
            }
            return
        }
        if type == "standing.event.voided" { return void([data["source"] ?? "", data["id"] ?? ""], name) }
        guard let subject = subjects[name] else {
            notEnrolled += 1
            return
        }
        switch type {
        case "standing.subject.withdrawn":
            for sanction in policy.sanctions where subject.sanctions[sanction.id] != nil {
                lift(sanction, name, "withdrawn")
            }
            for perk in policy.perks where subject.perks[perk.id] != nil { emit(name, "revoked \(perk.id)") }
            emit(name, "score \(subject.score) \(subject.band) -> none")
            subjects[name] = nil
        case "standing.appeal.filed":
            guard let sanction = policy.sanctions.first(where: { $0.id == data["sanction"] }),
                subject.sanctions[sanction.id]?.wasAppealed == false
            else { return }
            subjects[name]!.sanctions[sanction.id]!.wasAppealed = true
            subjects[name]!.sanctions[sanction.id]!.deadline = clock.adding(policy.appeals.decideWithin)
            guard policy.appeals.stay else { return }
            subjects[name]!.sanctions[sanction.id]!.state = "stayed"
            emit(sanction, name, "stayed")
            evaluate(name, before: added(subject), adverse: [])
        case "standing.appeal.decided":
            guard let sanction = policy.sanctions.first(where: { $0.id == data["sanction"] }),
                let imposed = subject.sanctions[sanction.id], imposed.deadline != nil
            else { return }
            if data["outcome"] == "upheld" {
                lift(sanction, name, "appeal-upheld")
            } else {
                subjects[name]!.sanctions[sanction.id]!.deadline = nil
                guard imposed.state == "stayed" else { return }
                let state = imposed.noticeEnd > clock ? "noticed" : "in-force"
                subjects[name]!.sanctions[sanction.id]!.state = state
                emit(sanction, name, state, " restored")
            }
            evaluate(name, before: added(subject), adverse: [])
        default: break
        }
    }

    private mutating func void(_ key: [String], _ name: String) {
        guard let subject = subjects[name], subject.seen.contains(key) else {
            let isKey = { (item: (happening: Happening, expires: Timestamp)) in
                [item.happening.subject, item.happening.source, item.happening.id] == [name] + key
            }
            if early.contains(where: isKey) {
                early.removeAll(where: isKey)
                voided.insert([name] + key)
            } else if !voided.contains([name] + key), policy.early > 0 {
                waitingVoids.append(([name] + key, clock.adding(microseconds: policy.early)))
            }
            return
        }
        let before = added(subject)
        voided.insert([name] + key)
        subjects[name]!.events.removeAll { $0.key == key }
        for sanction in policy.sanctions where subjects[name]!.sanctions[sanction.id]?.cause == key {
            lift(sanction, name, "voided")
        }
        evaluate(name, before: before, adverse: [])
    }

    // MARK: Sanctions

    private mutating func impose(_ sanction: ScoringPolicy.Sanction, _ name: String, cause: [String]?) {
        let noticeEnd = clock.adding(sanction.notice)
        let state = noticeEnd > clock ? "noticed" : "in-force"
        subjects[name]!.sanctions[sanction.id] = Sanction(
            state: state, since: clock, noticeEnd: noticeEnd, until: clock.adding(sanction.lasts), cause: cause)
        emit(sanction, name, state)
    }

    mutating func lift(_ sanction: ScoringPolicy.Sanction, _ name: String, _ reason: String, timer: String = "") {
        emit(sanction, name, "lifted", " \(reason)\(timer)")
        subjects[name]!.sanctions[sanction.id] = nil
    }

    // MARK: The evaluation

    mutating func evaluate(_ name: String, before: [Int64]?, adverse: Set<Int>, timer: String = "") {
        var subject = subjects[name]!
        let (score, band) = (score(subject), policy.bands[policy.band(of: score(subject))].name)
        if before == nil || (score, band) != (subject.score, subject.band) {
            let old = before == nil ? "none" : "\(subject.score) \(subject.band)"
            let none = [Int64](repeating: 0, count: policy.rules.count)
            let changes = zip(added(subject), before ?? none).map { $0 - $1 }
            emit(name, "score \(old) -> \(score) \(band)\(because(changes))")
        }
        (subject.score, subject.band) = (score, band)
        subjects[name] = subject
        for sanction in policy.sanctions {
            guard case .level(let when) = sanction.trigger else { continue }
            loadMeasures(subject, at: clock)
            standingFrame.slots[policy.variables.standing.points] = .int(dimensions(subject)[sanction.dimension])
            let truth = when.truth(standingFrame)
            if subjects[name]!.sanctions[sanction.id] != nil {
                if truth == .no { lift(sanction, name, "cured", timer: timer) }
            } else if truth == .yes, adverse.contains(sanction.dimension) {
                impose(sanction, name, cause: nil)
            }
        }
        for perk in policy.perks {
            loadStanding(subjects[name]!)
            let holds = perk.when.truth(standingFrame) == .yes
            switch (subjects[name]!.perks[perk.id], holds) {
            case (nil, true):
                subjects[name]!.perks[perk.id] = .some(nil)
                emit(name, "granted \(perk.id)\(timer)")
            case (.some, true): subjects[name]!.perks[perk.id] = .some(nil)
            case (.some(nil), false) where perk.grace.count == 0:
                subjects[name]!.perks[perk.id] = nil
                emit(name, "revoked \(perk.id)\(timer)")
            case (.some(nil), false): subjects[name]!.perks[perk.id] = clock.adding(perk.grace)
            default: break
            }
        }
    }

    private func loadStanding(_ subject: Subject) {
        let variables = policy.variables.standing
        loadMeasures(subject, at: clock)
        standingFrame.slots[variables.score] = .int(subject.score)
        standingFrame.slots[variables.band] = .string(Text(subject.band))
        standingFrame.slots[variables.sanctioned] = .bool(subject.sanctions.values.contains { $0.state == "in-force" })
        for (slot, points) in zip(variables.dimensions, dimensions(subject)) {
            standingFrame.slots[slot] = .int(points)
        }
    }

    // MARK: Output

    private func day(_ time: Timestamp) -> Int64 {
        (time.microseconds - Happening.day(0).microseconds) / Timestamp.microsecondsPerDay
    }

    mutating func emit(_ name: String, _ text: String) { emitted.append("\(day(clock)) \(name) \(text)") }

    mutating func emit(_ sanction: ScoringPolicy.Sanction, _ name: String, _ word: String, _ more: String = "") {
        let subject = subjects[name]!
        let until = day(subject.sanctions[sanction.id]!.until)
        let totals = totals(subject).enumerated().map {
            policy.rules[$0].dimension == sanction.dimension ? $1 : 0
        }
        emit(name, "\(word) \(sanction.id) until \(until)\(more)\(because(totals))")
    }

    /// `: RULE POINTS, …`, largest first.
    private func because(_ points: [Int64]) -> String {
        let reasons = points.enumerated().filter { $0.element != 0 }
            .sorted { ($1.element.magnitude, $0.offset) < ($0.element.magnitude, $1.offset) }
            .map { "\(policy.rules[$0.offset].id) \($0.element)" }
        return reasons.isEmpty ? "" : ": " + reasons.joined(separator: ", ")
    }
}
