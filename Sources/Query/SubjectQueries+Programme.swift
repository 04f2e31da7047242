internal import Foundation
internal import HTTP
internal import Pipeline

// What all members together know of the programme: the overview, and the appeals that wait.
extension SubjectQueries {
    /// Where members ask each other.
    static let overviewPath = "/members/overview"
    static let appealsPath = "/members/appeals"

    /// Adds the overviews of the members that own what `own` misses, and of those that own nothing.
    func overview(_ own: ProgrammeOverview, showsSubjects: Bool) async -> ProgrammeOverview {
        var overview = own
        let idle = idleMembers.asked(of: service.idleMembers, at: .now)
        let addresses = owners(of: own.missing).compactMap(\.address) + idle
        let question = Array(showsSubjects ? "true".utf8 : "false".utf8)
        let answers = await each(addresses) { await ask($0, Self.overviewPath, question) }
        for (address, answer) in zip(addresses, answers) {
            if let answer {
                overview.merge(answer)
            } else if idle.contains(address) {
                idleMembers.noteSilence(of: address, at: .now)
            }
        }
        overview.noteMissing()
        return overview
    }

    /// Whether another member's question wants subjects' ids; nil for a body that is no question.
    static func showsSubjects(asked body: [UInt8]) -> Bool? { try? JSONDecoder().decode(Bool.self, from: Data(body)) }

    /// A page of the appeals that wait at all members. Throws `BlockingWork.Busy`.
    func appeals(limit: Int, after position: AppealsQueue.Position?, withStatements: Bool) async throws -> AppealsQueue
    {
        var queue = try await work.run { service.openAppeals(limit: limit, after: position) }
        let asked = owners(of: queue.missing)
        let answers = await each(asked) { [queue] owner -> [UInt8]? in
            guard let address = owner.address else { return nil }
            let question = queue.question(of: owner.partitions, service, statements: withStatements)
            return await ask(address, Self.appealsPath, question.json)
        }
        for (owner, answer) in zip(asked, answers) {
            if let answer { queue.merge(answer, of: owner.partitions) }
        }
        guard withStatements else { return queue }
        return try await work.run { [queue] in
            var queue = queue
            service.addStatements(to: &queue)
            return queue
        }
    }
}
