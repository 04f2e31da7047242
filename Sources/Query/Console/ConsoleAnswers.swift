internal import Access
internal import Console
internal import Events
internal import Foundation
internal import HTTP
internal import HTTPTypes
internal import Pipeline
internal import Policy

/// The data and acts of the console. Data about a subject is requested from the server's own routes, so that the pages
/// have the routes' checks, their audit, and the answers of other members.
struct ConsoleAnswers: ConsoleData {
    /// The routes without those of the console.
    let table: RouteTable
    let service: PipelineService
    let watch: OverviewWatch
    let lagWatch: MemberLag?
    let mask: SubjectMask
    let access: AccessControl
    /// Records log-ins.
    let audit: (any AuditLog)?
    /// Nil if acts cannot be recorded, and so cannot be done.
    let desk: ControlDesk?
    let programme: ProgrammeAnswers
    /// Reads the state of folds.
    let overviewWork: BlockingWork

    // MARK: Asking the routes

    /// The JSON of a route, decoded as `Form`.
    func ask<Form: Decodable>(
        _ form: Form.Type, _ target: String, for caller: Caller, purpose: String? = nil, isRecorded: Bool = true
    ) async throws(ProblemView) -> Form {
        try await askStamped(form, target, for: caller, purpose: purpose, isRecorded: isRecorded).found
    }

    /// `change`: the value of `HTTPField.Name.policySwitch`; nil if the answer has none.
    func askStamped<Form: Decodable>(
        _ form: Form.Type, _ target: String, for caller: Caller, purpose: String? = nil, isRecorded: Bool = true
    ) async throws(ProblemView) -> (found: Form, change: String?) {
        let asked = await table.ask(target, for: caller, purpose: purpose, isRecorded: isRecorded)
        guard asked.isFound else { throw problem(asked, for: caller) }
        guard let found = try? JSONDecoder().decode(form, from: Data(asked.body)) else {
            throw ProblemView(
                status: 502, title: "The answer cannot be read",
                detail: "The member that owns this part of the ledger answers in another form: it may be of another "
                    + "release.",
                next: [ProblemView.Step("Overview", path: "/console")])
        }
        return (found, asked.fields[.policySwitch])
    }

    private struct ProblemForm: Decodable {
        var detail: String?
        var code: String?
    }

    /// The page for a route's refusal.
    private func problem(_ asked: RouteTable.Asked, for caller: Caller) -> ProblemView {
        let form = try? JSONDecoder().decode(ProblemForm.self, from: Data(asked.body))
        let detail = (form?.detail).map { Self.sentence($0) } ?? "The server does not say why."
        let retryAfter = asked.fields[.retryAfter].flatMap { Int($0) }
        switch (asked.status, form?.code) {
        case (403, _):
            return ProblemView(
                status: 403, title: "Your role does not open this page",
                detail: "You are signed in as \(caller.name). \(detail)",
                next: [ProblemView.Step("Back to the start", path: "/console")])
        case (501, "no-archive"): return Self.noArchive
        case (503, _):
            let isEmpty = service.activePolicyIsUnknown && service.isCurrent
            if isEmpty { return .emptyLedger }
            return ProblemView(
                status: 503, title: "Not now", detail: detail,
                next: [
                    ProblemView.Step("Load this page again in a few seconds."),
                    ProblemView.Step("See who owns what", path: "/console"),
                ], retryAfter: retryAfter ?? 5)
        case (429, _): return .tooMany(retryAfter: retryAfter ?? 1)
        default:
            return ProblemView(
                status: asked.status, title: "This cannot be shown", detail: detail,
                next: [ProblemView.Step("Back to the start", path: "/console")])
        }
    }

    static let noArchive = ProblemView(
        status: 501, title: "This member has no archive",
        detail: "A subject's file and history are read from the archive, which a member has if it is started with "
            + "--data FOLDER. Standings are known all the same.",
        next: [ProblemView.Step("Back to the start", path: "/console")])

    /// With a capital letter and a full stop.
    static func sentence(_ text: String) -> String {
        let capital = text.prefix(1).uppercased() + text.dropFirst()
        return capital.hasSuffix(".") || capital.isEmpty ? capital : capital + "."
    }

    // MARK: Looking

    /// Runs a read of the cluster.
    func read<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws(ProblemView) -> Value {
        do {
            return try await programme.read(body)
        } catch let problem as Problem {
            throw ProblemView(
                status: problem.status.code, title: "Not now", detail: Self.sentence(problem.detail),
                next: [ProblemView.Step("Load this page again in a few seconds.")], retryAfter: 5)
        } catch {
            throw Self.unreadable(error)
        }
    }

    private static func unreadable(_ error: any Error) -> ProblemView {
        if error is BlockingWork.Busy { return .tooMany(retryAfter: 1) }
        return ProblemView(
            status: 503, title: "Not now", detail: "What this page shows cannot be read now.",
            next: [ProblemView.Step("Load this page again in a few seconds.")], retryAfter: 5)
    }

    /// Runs work that waits for folds.
    func run<Value: Sendable>(
        on work: BlockingWork, _ body: @escaping @Sendable () throws -> Value
    ) async throws(ProblemView) -> Value {
        do { return try await work.run(body) } catch { throw Self.unreadable(error) }
    }

    /// The overview of all members.
    func programme(showsSubjects: Bool) async throws(ProblemView) -> ProgrammeOverview {
        do { return try await watch.overview(showsSubjects: showsSubjects) } catch { throw Self.unreadable(error) }
    }

    /// Nil on an empty ledger, and if no partition is folded here.
    func activePolicy() async throws(ProblemView) -> ScoringPolicy? {
        try await run(on: overviewWork) { [service] in service.activePolicy }
    }

    /// A subject's id in a list, masked if the caller may not read it.
    func id(_ subject: String, for caller: Caller) -> SubjectID {
        caller.may(.readIdentities)
            ? SubjectID(subject)
            : SubjectID(mask(subject.utf8), isMasked: true)
    }
}

extension PipelineService {
    /// Whether no ledger partition that is folded here has had a policy.
    fileprivate var activePolicyIsUnknown: Bool { partitions.allSatisfy { $0.policy == nil } }
}
