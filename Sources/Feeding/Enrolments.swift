internal import Events
internal import Foundation
internal import Mapping
internal import Synchronization
public import Terminal

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The subjects of a file that are not enrolled, according to a list or a member of Standing.
public final class Enrolments {
    /// The number of subjects that a member is asked about. The enrolment of further ones is unknown.
    static let maximumAsked = 1_000_000
    private static let maximumNames = 10
    /// The number of subjects in one request.
    private static let batch = 500

    private enum Knowledge {
        case list(FingerprintCounts)
        case member(MemberSubjects)
    }

    private let knowledge: Knowledge
    private let output: OutputFile?
    private var waiting: [[UInt8]] = []
    private var asked: Int64 = 0
    private var missing: Int64 = 0
    private var unanswered: Int64 = 0
    /// The first subjects that are not enrolled.
    private var names: [String] = []

    /// A list: one subject per line, or JSON lines with `subject`, as `standing replay` prints them. `output`: gets all
    /// subjects that are not enrolled, one per line.
    public init(list path: String, output: OutputFile?) throws {
        self.output = output
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw fail("\(path): error: cannot be read", Exit.usage)
        }
        var known = FingerprintCounts()
        let decoder = EventDecoder()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line).withUnsafeBytes { line in
                let isObject = line.first == UInt8(ascii: "{")
                let subject = isObject ? decoder.string("subject", of: line) : line
                if let subject { _ = known.add(subject.fingerprint(seed: 0)) }
            }
        }
        knowledge = .list(known)
    }

    /// `member`: `http://HOST:PORT`.
    public init(member: String, token: String?, output: OutputFile?) throws {
        self.output = output
        knowledge = .member(try MemberSubjects(member, token: token))
    }

    /// Notes a subject that was not noted before.
    public func note(_ subject: UnsafeRawBufferPointer) throws {
        switch knowledge {
        case .list(let known):
            asked += 1
            if !known.contains(subject.fingerprint(seed: 0)) { try noteMissing(Array(subject)) }
        case .member:
            guard asked + Int64(waiting.count) < Self.maximumAsked else {
                unanswered += 1
                return
            }
            waiting.append(Array(subject))
            if waiting.count == Self.batch { try finish() }
        }
    }

    /// Asks about the remaining subjects.
    public func finish() throws {
        guard case .member(let member) = knowledge, !waiting.isEmpty else { return }
        for (subject, answer) in zip(waiting, try member.ask(waiting)) {
            asked += 1
            switch answer {
            case .enrolled: break
            case .notEnrolled: try noteMissing(subject)
            case .silent: unanswered += 1
            }
        }
        waiting.removeAll()
    }

    public func close() throws {
        try finish()
        try output?.close()
    }

    private func noteMissing(_ subject: [UInt8]) throws {
        missing += 1
        if names.count < Self.maximumNames { names.append(String(decoding: subject, as: UTF8.self)) }
        try subject.withUnsafeBytes { try output?.write(line: $0) }
    }

    public var text: String {
        let list = names.joined(separator: ", ") + (missing > names.count ? ", …" : "")
        let silent = unanswered > 0 ? "; of \(unanswered) it is not known" : ""
        return "not enrolled: \(missing) of \(asked)\(names.isEmpty ? "" : " (\(list))")\(silent)"
    }

    /// `{"asked","missing","unanswered","examples":[…]}`
    public var json: String {
        JSONWriter.object { json in
            json.member("asked", asked)
            json.member("missing", missing)
            json.member("unanswered", unanswered)
            json.member("examples", names)
        }
    }
}

/// Asks a member over HTTP which subjects are enrolled (`POST /subjects/standings`). The calls block.
private final class MemberSubjects {
    enum Answer { case enrolled, notEnrolled, silent }

    private struct Question: Encodable {
        let subjects: [String]
    }

    private struct Standings: Decodable {
        struct Item: Decodable {
            let outcome: String
        }
        let standings: [Item]
    }

    private static let seconds = 30.0

    private let url: URL
    private let address: String
    private let token: String?
    private let session: URLSession

    init(_ address: String, token: String?) throws {
        guard let base = URL(string: address), ["http", "https"].contains(base.scheme), base.host != nil else {
            throw fail("error: --server: \"\(address)\" is no address such as http://127.0.0.1:8080", Exit.usage)
        }
        url = base.appending(path: "subjects/standings")
        self.address = address
        self.token = token
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Self.seconds
        configuration.httpShouldSetCookies = false
        session = URLSession(configuration: configuration)
    }

    deinit { session.invalidateAndCancel() }

    /// One answer for each, in order. Ends the command if there is none.
    func ask(_ subjects: [[UInt8]]) throws -> [Answer] {
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        request.httpMethod = "POST"
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.setValue("import", forHTTPHeaderField: "Standing-Purpose")
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        request.httpBody = try JSONEncoder().encode(
            Question(subjects: subjects.map { String(decoding: $0, as: UTF8.self) }))
        let answered = Mutex<(status: Int?, body: Data?)>((nil, nil))
        let isDone = DispatchSemaphore(value: 0)
        session.dataTask(with: request) { body, response, _ in
            answered.withLock { $0 = ((response as? HTTPURLResponse)?.statusCode, body) }
            isDone.signal()
        }.resume()
        isDone.wait()
        let (status, body) = answered.withLock { $0 }
        guard let status else { throw fail("error: --server: \(address) does not answer") }
        guard status == 200, let body, let found = try? JSONDecoder().decode(Standings.self, from: body),
            found.standings.count == subjects.count
        else { throw fail("error: --server: \(address) answers with status \(status) and no standings") }
        return found.standings.map { item in
            switch item.outcome {
            case "found": .enrolled
            case "not-enrolled": .notEnrolled
            default: .silent
            }
        }
    }
}
