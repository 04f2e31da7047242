internal import Access
internal import Events
internal import HTTP
internal import HTTPTypes
internal import Pipeline

/// Questions about subjects of several members: lists of subjects, and many standings. Each member answers for the
/// partitions that it owns. If an owner does not answer, a standby on this member does.
///
/// Memory is bounded: a page of at most 500 subjects from each member, or 1,000 standings.
public struct SubjectQueries: Sendable {
    /// Posts a body to a path of a member and returns the body of its answer if that is 200 and JSON, nil otherwise.
    /// Its time and the size of the answer are limited.
    public typealias Ask = @Sendable (_ address: String, _ path: String, _ body: [UInt8]) async -> [UInt8]?

    /// The path of members' questions. Only members may ask.
    public static let searchPath = "/members/subjects"
    public static let standingsPath = "/members/standings"
    /// The number of members that are asked at the same time.
    private static let atOnce = 8

    let service: PipelineService
    let work: BlockingWork
    let ask: Ask
    /// The same, of a member that may have ended.
    let askIdle: @Sendable (_ address: String, _ path: String, _ body: [UInt8]) async -> Forwarding.Reply
    let idleMembers = IdleMembers()

    /// `work`: waits for folds. `idle`: asks members that own no ledger partition.
    init(_ service: PipelineService, work: BlockingWork, ask: @escaping Ask, idle: Forwarding) {
        (self.service, self.work, self.ask) = (service, work, ask)
        askIdle = { await idle.reply(of: $0, path: $1, body: $2, for: QueryServer.asMember) }
    }

    /// Partitions by the address of the member that owns them, under nil if no owner is known.
    func owners(of partitions: [Int32]) -> [(address: String?, partitions: [Int32])] {
        Dictionary(grouping: partitions) { service.address(ofOwner: Int($0)) }
            .map { (address: $0.key, partitions: $0.value.sorted()) }
            .sorted { $0.partitions[0] < $1.partitions[0] }
    }

    /// Asks members at the same time, at most `atOnce` of them. The answers are in the order of the questions.
    func each<Question: Sendable, Answer: Sendable>(
        _ questions: [Question], atOnce: Int = atOnce, _ body: @escaping @Sendable (Question) async -> Answer
    ) async -> [Answer] {
        await withTaskGroup(of: (Int, Answer).self) { group in
            var answers = [Answer?](repeating: nil, count: questions.count)
            for (index, question) in questions.enumerated() {
                if index >= atOnce, let (done, answer) = await group.next() { answers[done] = answer }
                group.addTask { (index, await body(question)) }
            }
            for await (done, answer) in group { answers[done] = answer }
            return answers.compactMap(\.self)
        }
    }

    // MARK: Search

    /// A page from all members. Throws `SubjectSearch.Problem` and `BlockingWork.Busy`.
    func page(_ search: SubjectSearch) async throws -> SubjectPage {
        let own = try await work.run { try self.service.search(search) }
        guard !own.missing.isEmpty else { return own }
        let others = await each(owners(of: own.missing)) { owner in
            if let address = owner.address,
                let json = await ask(address, Self.searchPath, search.question(partitions: owner.partitions)),
                let page = SubjectPage(json: json, search: search, partitions: owner.partitions)
            {
                return await withStandbys(page, search)
            }
            return await withStandbys(SubjectPage(missing: owner.partitions), search)
        }
        var found = own
        found.missing = []
        return SubjectPage(merging: [found] + others, limit: search.limit)
    }

    /// Adds the partitions that are missing from a page, as far as standbys on this member have folded them.
    private func withStandbys(_ page: SubjectPage, _ search: SubjectSearch) async -> SubjectPage {
        let missing = page.missing
        guard !missing.isEmpty,
            let standby = try? await work.run({ try service.search(search, partitions: missing, asStandby: true) })
        else { return page }
        var rest = page
        rest.missing = []
        return SubjectPage(merging: [rest, standby], limit: search.limit)
    }

    /// The answer to another member's question, or to a `GET /subjects` that asks for this member's partitions only.
    func ownPage(asked body: [UInt8]) async throws -> Answer {
        let (search, partitions) = try SubjectSearch.asked(body)
        let page = try await work.run { try service.search(search, partitions: partitions) }
        return Self.answer(page, search)
    }

    /// `mask`: for a caller who may not read ids; nil if they are shown.
    static func answer(_ page: SubjectPage, _ search: SubjectSearch, mask: SubjectMask? = nil) -> Answer {
        var answer = Answer.json {
            page.write(to: &$0, search: search, naming: mask.map { SubjectNaming($0) } ?? .plain)
        }
        answer.fields.append(HTTPField(name: .eTag, value: page.entityTag))
        return answer
    }

    /// The answer to `GET /subjects?…`. `parameters`: decoded. `mask`: for a caller who may not read ids. Such a caller
    /// may not search by the beginning of an id, which would reveal ids, nor use a cursor that the mask has not sealed.
    func list(_ parameters: [(name: String, value: String)], mask: SubjectMask?) async throws -> Answer {
        var search: SubjectSearch
        do {
            search = try SubjectSearch(try Self.opened(parameters, mask))
        } catch let problem as SubjectSearch.Problem {
            return .error(problem.description, status: .badRequest)
        } catch let refusal as MaskRefusal {
            return .error(refusal.description, status: refusal.isForbidden ? .forbidden : .badRequest)
        }
        do {
            return Self.answer(try await page(search), search, mask: mask)
        } catch let problem as SubjectSearch.Problem {
            return .error(problem.description, status: .badRequest)
        }
    }

    /// Why a search by a caller who may not read ids is refused.
    struct MaskRefusal: Error, CustomStringConvertible {
        let isForbidden: Bool
        let description: String
    }

    /// The parameters with the opened cursor.
    static func opened(
        _ parameters: [(name: String, value: String)], _ mask: SubjectMask?
    ) throws -> [(name: String, value: String)] {
        guard let mask else { return parameters }
        return try parameters.map { name, value in
            if name == "prefix" {
                throw MaskRefusal(
                    isForbidden: true, description: "prefix: who does not see ids cannot search by them")
            }
            guard name == "cursor" else { return (name, value) }
            guard let text = mask.opened(value) else {
                throw MaskRefusal(
                    isForbidden: false,
                    description: "cursor: no page gave it, or one of another member; begin with the first page")
            }
            return (name, text)
        }
    }
}

extension SubjectNaming {
    init(_ mask: SubjectMask) {
        // A cursor that cannot be sealed is not shown.
        self.init(name: { mask.masked($0) }, cursor: { mask.sealed($0) ?? "" })
    }
}

extension SubjectPage {
    /// Equal as long as every partition is at the same offset, and the same ones are missing.
    fileprivate var entityTag: String {
        var tag = EntityTag()
        for part in parts {
            tag.add(Int64(part.partition))
            tag.add(part.offset)
            tag.add(part.clock?.microseconds ?? .min)
        }
        for partition in missing { tag.add(-1 - Int64(partition)) }
        return tag.text
    }
}
