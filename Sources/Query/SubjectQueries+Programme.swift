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
        let question = Array(showsSubjects ? "true".utf8 : "false".utf8)
        let announced = service.idleMembers
        let idle = idleMembers.asked(of: announced, at: .now)
        async let idleReplies = each(idle, atOnce: PipelineService.maximumIdleMembers) {
            await askIdle($0, Self.overviewPath, question)
        }
        let owners = owners(of: own.missing).compactMap(\.address)
        for case let answer? in await each(owners, { await ask($0, Self.overviewPath, question) }) {
            overview.merge(answer)
        }
        var heard: Set<String> = []
        for (address, reply) in zip(idle, await idleReplies) {
            if case .json(let answer) = reply, overview.merge(answer) {
                idleMembers.noteAnswer(of: address)
                heard.insert(address)
            } else if reply.wasAsked {
                idleMembers.noteSilence(of: address, at: .now)
            }
        }
        overview.noteUnheard(announced.filter { !heard.contains($0) })
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
