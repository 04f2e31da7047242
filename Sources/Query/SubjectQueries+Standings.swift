internal import Events
internal import Foundation
internal import HTTP
internal import HTTPTypes
internal import Pipeline

// Many standings at once, each from the member that folds its partition.
extension SubjectQueries {
    /// `{"subjects":[ids]}`
    private struct Question: Codable {
        var subjects: [String]
    }

    /// Why a body is refused. It names no subject.
    struct BodyProblem: Error, CustomStringConvertible {
        let description: String
    }

    /// Bytes of a body with the greatest number of the longest ids, each byte escaped.
    static let maximumBody = PipelineService.maximumStandings * 6 * EventDecoder.maximumAttributeBytes

    static func subjects(asked body: [UInt8]) throws -> [[UInt8]] {
        guard let question = try? JSONDecoder().decode(Question.self, from: Data(body)) else {
            throw BodyProblem(description: "the body is not {\"subjects\":[IDS]}")
        }
        guard (1...PipelineService.maximumStandings).contains(question.subjects.count) else {
            throw BodyProblem(description: "subjects: 1 to \(PipelineService.maximumStandings) of them")
        }
        let subjects = question.subjects.map { Array($0.utf8) }
        guard subjects.allSatisfy({ (1...EventDecoder.maximumAttributeBytes).contains($0.count) }) else {
            throw BodyProblem(description: "subjects: each has 1 to \(EventDecoder.maximumAttributeBytes) bytes")
        }
        return subjects
    }

    /// The answer to `POST /subjects/standings` with the body `{"subjects":[ids]}`: `{"standings":[…]}`, one for each
    /// in the same order, as `StandingItem` writes them. `isForwarded`: the caller is a member, so no other member is
    /// asked.
    func standings(asked body: [UInt8], isForwarded: Bool) async throws -> Answer {
        let subjects: [[UInt8]]
        do { subjects = try Self.subjects(asked: body) } catch {
            return .error("\(error)", status: .badRequest)
        }
        let own = try await work.run { service.standings(of: subjects) }
        var written = own.map { $0.json }
        if !isForwarded {
            // By partition that is folded by another member: the indices of its subjects.
            var indexes: [Int32: [Int]] = [:]
            for (index, item) in own.enumerated() {
                if case .notOwned(let partition) = item.outcome { indexes[Int32(partition), default: []].append(index) }
            }
            let asked = owners(of: indexes.keys.sorted()).map { owner in
                (owner.address, owner.partitions.flatMap { indexes[$0] ?? [] }.sorted())
            }
            let answers = await each(asked) { address, indexes in
                await standings(of: indexes.map { subjects[$0] }, at: address)
            }
            for ((_, indexes), items) in zip(asked, answers) {
                for (index, item) in zip(indexes, items) { written[index] = item }
            }
        }
        return .json { writer in
            writer.open()
            writer.list("standings", written) { $0.value(json: $1) }
            writer.close()
        }
    }

    /// From the member at an address, or else from the standbys on this member.
    private func standings(of subjects: [[UInt8]], at address: String?) async -> [[UInt8]] {
        let question = Question(subjects: subjects.map { String(decoding: $0, as: UTF8.self) })
        if let address, let body = try? JSONEncoder().encode(question),
            let json = await ask(address, Self.standingsPath, Array(body)),
            let items = Self.items(json, of: subjects)
        {
            return items
        }
        let standbys = try? await work.run { service.standings(of: subjects, asStandby: true) }
        return standbys?.map(\.json) ?? subjects.map { StandingItem(subject: $0, outcome: .notReady).json }
    }

    /// The items of another member's answer, as it wrote them. They are not trusted: nil unless the answer is JSON with
    /// one item about each subject, in order.
    static func items(_ json: [UInt8], of subjects: [[UInt8]]) -> [[UInt8]]? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any],
            let items = object["standings"] as? [[String: Any]], items.count == subjects.count,
            zip(items, subjects).allSatisfy({ ($0["subject"] as? String).map { Array($0.utf8) } == $1 })
        else { return nil }
        let pieces = elements(ofFirstArrayIn: json)
        return pieces.count == subjects.count ? pieces : nil
    }

    /// The elements of the first array in a JSON text that is valid.
    static func elements(ofFirstArrayIn json: [UInt8]) -> [[UInt8]] {
        var elements: [[UInt8]] = []
        guard let opening = json.firstIndex(of: UInt8(ascii: "[")) else { return [] }
        var (start, depth, isInString, isEscaped) = (opening + 1, 0, false, false)
        for (index, byte) in json.enumerated().dropFirst(opening + 1) {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]") where depth == 0:
                if index > start { elements.append(Array(json[start..<index])) }
                return elements
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ",") where depth == 0:
                elements.append(Array(json[start..<index]))
                start = index + 1
            default: break
            }
        }
        return []
    }
}

extension StandingItem {
    fileprivate var json: [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        write(to: &writer)
        return Array(writer.bytes)
    }
}
