import Access
import Audit
import Events
import HTTP
import Hummingbird
import Pipeline
import Scoring

/// Answers about subjects: from this member if it owns the ledger partition, otherwise from the owner.
extension QueryServer {
    private static let notFolded = "the subject's ledger partition is not folded here yet: ask again"

    /// Answers from the archive of the subject's partition: the owner's, or, if that is not available, a standby's on
    /// this member. `looks`: the member `looks` of the answer, as JSON; nil if it has none.
    func lookUp(
        _ call: RouteCall, looks: [UInt8]? = nil,
        _ body: @escaping @Sendable (_ asStandby: Bool) throws -> PipelineService.FileLookup
    ) async throws -> Response {
        func response(_ found: PipelineService.FileLookup) -> Response? {
            switch found {
            case .found(let json, let freshness):
                guard json != Array("null".utf8) else {
                    return Response.error("not enrolled", status: .notFound, code: "not-enrolled").stamped(freshness)
                }
                guard let looks else { return Response.json(json).stamped(freshness) }
                let whole = json.dropLast() + Array(",\"looks\":".utf8) + looks + Array("}".utf8)
                // Looks are no part of the ledger's state.
                return Response.json(whole).stamped(freshness, keepsTag: true)
            case .notOwned: return nil
            case .notReady: return .retryLater(Self.notFolded)
            case .noArchive:
                return .error(
                    "this member keeps no archive: start it with --data", status: .notImplemented, code: "no-archive")
            }
        }
        do {
            let found = try await historyWork.run { try body(false) }
            guard case .notOwned(let partition) = found else { return response(found) ?? .ownerAway(nil) }
            return try await answerElsewhere(partition, call) {
                response(try await historyWork.run { try body(true) })
            }
        } catch let failure as HistoryFailure {
            switch failure.kind {
            case .beyond: return .error(failure.description, status: .badRequest)
            case .notNow: return .retryLater(failure.description)
            case .archive, .tooMany: return .error(failure.description, status: .internalServerError)
            }
        }
    }

    /// Who has looked at a subject, as JSON; nil if this member does not follow the audit.
    func looks(at subject: [UInt8]) -> [UInt8]? {
        guard let index = desk?.index else { return nil }
        var writer = JSONWriter()
        index.write(looksAt: String(decoding: subject, as: UTF8.self), to: &writer)
        return writer.take()
    }

    func standingOfNow(_ subject: [UInt8], _ call: RouteCall) async throws -> Response {
        func response(_ found: PipelineService.Lookup) -> Response? {
            if case .notReady = found { return .retryLater(Self.notFolded) }
            return Answer(found).map { Response($0) }
        }
        let found: PipelineService.Lookup
        if let atOnce = service.standingAtOnce(of: subject) {
            found = atOnce
        } else {
            found = try await standingWork.run { self.service.standing(of: subject) }
        }
        guard case .notOwned(let partition) = found else { return response(found) ?? .ownerAway(nil) }
        return try await answerElsewhere(partition, call) {
            response(try await standingWork.run { self.service.standing(of: subject, asStandby: true) })
        }
    }

    /// Answers about a partition that this member does not own.
    func answerElsewhere(
        _ partition: Int, _ call: RouteCall, asStandby: () async throws -> Response?
    ) async throws -> Response {
        var route = AnswerRoute(
            isForwarded: call.isForwarded, owner: service.address(ofOwner: partition))
        while true {
            switch route {
            case .owner(let address): if let answer = await ask(address, about: partition, call) { return answer }
            case .standby: if let answer = try await asStandby() { return answer }
            case .nobody: return .ownerAway(partition)
            }
            route = route.next
        }
    }

    /// Nil if the partition's owner does not answer.
    private func ask(_ address: String, about partition: Int, _ call: RouteCall) async -> Response? {
        guard let address = HTTPAddress(address) else { return nil }
        switch await forwarding.ask(address, about: partition, target: call.target, for: call.caller) {
        case .answer(let response): return response
        case .tooLarge:
            let limit = "greater than \(Forwarding.maximumBytes >> 20) MiB"
            return .error(
                "the answer of the partition's owner is \(limit); ask http://\(address) itself", status: .badGateway)
        case .none: return nil
        }
    }
}
