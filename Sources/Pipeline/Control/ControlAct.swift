public import Events
internal import Foundation
public import Backtests
internal import Replay

/// An act of a person on a programme.
public enum ControlAct: Sendable, Equatable {
    /// The acts by their names in routes, keys and the audit.
    public enum Kind: String, CaseIterable, Sendable {
        case enrol, withdraw, void
        case fileAppeal = "file-appeal"
        case decideAppeal = "decide-appeal"
        case acknowledgeSource = "acknowledge-source"
        case withdrawSource = "withdraw-source"
        case restoreSource = "restore-source"
        case activate, rollback
        case startShadow = "start-shadow"
        case stopShadow = "stop-shadow"
        case redrive

        /// Whether the act is about one subject.
        public var isOfSubject: Bool {
            switch self {
            case .enrol, .withdraw, .void, .fileAppeal, .decideAppeal: true
            case .acknowledgeSource, .withdrawSource, .restoreSource, .activate, .rollback, .startShadow, .stopShadow,
                .redrive:
                false
            }
        }

        /// Whether the act changes if a source counts.
        var isOfSource: Bool { self == .withdrawSource || self == .restoreSource }
    }

    public enum Outcome: String, Sendable { case upheld, rejected }

    case enrol(kind: SubjectKind, terms: String, attributes: String?)
    case withdraw
    case void(source: String, id: String)
    case fileAppeal(sanction: String, statement: String)
    case decideAppeal(sanction: String, outcome: Outcome)
    case acknowledgeSource(topic: String)
    case withdrawSource(topic: String)
    case restoreSource(topic: String)
    case activate(PolicyProposal)
    /// `to`: NAME/VERSION, or a version of the active name; nil for the policy before the active one.
    case rollback(to: String?)
    case startShadow(policy: String)
    case stopShadow
    /// `repaired`: the bytes of an event that replace those of the one letter; nil if its own bytes are sent.
    case redrive(letters: [DeadLetter.Position], allowsControl: Bool, repaired: String? = nil)

    public var kind: Kind {
        switch self {
        case .enrol: .enrol
        case .withdraw: .withdraw
        case .void: .void
        case .fileAppeal: .fileAppeal
        case .decideAppeal: .decideAppeal
        case .acknowledgeSource: .acknowledgeSource
        case .withdrawSource: .withdrawSource
        case .restoreSource: .restoreSource
        case .activate: .activate
        case .rollback: .rollback
        case .startShadow: .startShadow
        case .stopShadow: .stopShadow
        case .redrive: .redrive
        }
    }

    public static let maximumReasonBytes = 1024
    static let maximumStatementBytes = 20_000
    static let maximumLetters = 1000
    private static let maximumPolicyBytes = EventDecoder.maximumEventBytes / 2
}

/// A request for an act.
public struct ControlRequest: Sendable {
    public let act: ControlAct
    /// Nil if the act is not about one subject.
    public let subject: String?
    /// The person who requests the act.
    public let actor: String
    /// The person who approved it; nil if no approval was needed.
    public let approver: String?
    /// The reason, without control characters.
    public let reason: String?
    /// Identifies the act: the second of two requests of one actor with the same key has no effect.
    public let key: String
    /// SHA-256 of the request, 64 hexadecimal digits. A request with the same key and another digest is refused.
    let digest: String

    public static let maximumKeyBytes = 255

    /// Reads a request's body, a JSON object. Each act has the member `reason`, and also
    ///
    /// - `enrol`: `kind`, `terms`, `attributes` (optional)
    /// - `void`: `source`, `id`
    /// - `file-appeal`: `sanction`, `statement`; `decide-appeal`: `sanction`, `outcome` (`upheld` or `rejected`)
    /// - `acknowledge-source`, `withdraw-source`, `restore-source`: `topic`
    /// - `activate`: `proposal`, the document that `standing policy propose` writes
    /// - `rollback`: `to` (optional)
    /// - `start-shadow`: `policy`, the text; `stop-shadow`: nothing
    /// - `redrive`: `letters`, a list of PARTITION:OFFSET; `allowControl` and `repaired`, the text of the one letter's
    ///   event (both optional)
    ///
    /// `reason` is optional in acts that decide about no subject: `enrol`, `withdraw`, `file-appeal` and the shadow.
    /// Any other member is refused. An empty body is an empty object. `key`: if it is nil, a new one is made.
    public init(
        _ kind: ControlAct.Kind, subject: [UInt8]?, body: [UInt8], actor: String, approver: String? = nil, key: String?
    ) throws(ControlRefusal) {
        self.actor = try Self.actor(actor)
        self.approver = try approver.map { name throws(ControlRefusal) in try Self.actor(name) }
        self.key = try Self.key(key)
        self.subject = try kind.isOfSubject ? Self.subject(subject) : nil
        var object = try StrictObject(body.isEmpty ? Array("{}".utf8) : body)
        act = try ControlAct(kind, &object)
        reason = try Self.reason(kind, &object)
        try object.end()
        digest = PolicyHash.of(
            [kind.rawValue, self.subject ?? "", String(decoding: body, as: UTF8.self)].joined(separator: "\n"))
    }

    /// The string of a body that has this one member.
    public static func member(_ name: String, of body: [UInt8]) throws(ControlRefusal) -> String {
        var object = try StrictObject(body)
        let text = try object.string(name)
        try object.end()
        return text
    }

    /// The event's id. It is always the same for the same actor and key.
    var eventID: String { "api-" + PolicyHash.of("\(actor)\n\(key)").prefix(Self.idDigits) }

    private static let idDigits = 40

    private static func isPlain(_ text: String) -> Bool { text.unicodeScalars.allSatisfy { $0.properties.isPlain } }

    private static func actor(_ name: String) throws(ControlRefusal) -> String {
        guard !name.isEmpty, name.utf8.count <= EventDecoder.maximumAttributeBytes, isPlain(name) else {
            throw .invalid("the caller has no name that an event can have")
        }
        return name
    }

    private static func key(_ key: String?) throws(ControlRefusal) -> String {
        guard let key else { return UUID().uuidString.lowercased() }
        guard (1...maximumKeyBytes).contains(key.utf8.count), isPlain(key) else {
            throw ControlRefusal(400, "invalid-key", "an idempotency key has 1 to \(maximumKeyBytes) bytes of text")
        }
        return key
    }

    private static func subject(_ subject: [UInt8]?) throws(ControlRefusal) -> String {
        guard let subject, let text = String(validating: subject, as: UTF8.self), !text.isEmpty,
            subject.count <= EventDecoder.maximumAttributeBytes, isPlain(text)
        else {
            throw .invalid(
                "a subject's id has 1 to \(EventDecoder.maximumAttributeBytes) bytes of UTF-8 without control characters"
            )
        }
        return text
    }

    private static func reason(
        _ kind: ControlAct.Kind, _ object: inout StrictObject
    ) throws(ControlRefusal) -> String? {
        let maximum = ControlAct.maximumReasonBytes
        let reason: String?
        switch kind {
        case .enrol, .withdraw, .fileAppeal, .startShadow, .stopShadow:
            reason = try object.string(ifGiven: "reason", maximum: maximum)
        case .void, .decideAppeal, .acknowledgeSource, .withdrawSource, .restoreSource, .activate, .rollback, .redrive:
            reason = try object.string("reason", maximum: maximum)
        }
        guard let reason, !reason.isEmpty else { return nil }
        guard isPlain(reason) else { throw .invalid("reason has a control character or a line break") }
        return reason
    }
}

extension Unicode.Scalar.Properties {
    /// Whether CloudEvents' type String allows the scalar.
    fileprivate var isPlain: Bool { generalCategory != .control && !isNoncharacterCodePoint }
}

extension ControlAct {
    fileprivate init(_ kind: Kind, _ object: inout StrictObject) throws(ControlRefusal) {
        switch kind {
        case .enrol: self = try Self.enrolment(&object)
        case .withdraw: self = .withdraw
        case .void: self = .void(source: try object.string("source"), id: try object.string("id"))
        case .fileAppeal:
            self = .fileAppeal(
                sanction: try object.string("sanction"),
                statement: try object.string("statement", maximum: Self.maximumStatementBytes))
        case .decideAppeal:
            let sanction = try object.string("sanction")
            guard let outcome = Outcome(rawValue: try object.string("outcome")) else {
                throw .invalid("outcome is upheld or rejected")
            }
            self = .decideAppeal(sanction: sanction, outcome: outcome)
        case .acknowledgeSource: self = .acknowledgeSource(topic: try object.string("topic"))
        case .withdrawSource: self = .withdrawSource(topic: try object.string("topic"))
        case .restoreSource: self = .restoreSource(topic: try object.string("topic"))
        case .activate: self = try Self.activation(&object)
        case .rollback:
            self = .rollback(to: try object.string(ifGiven: "to", maximum: EventDecoder.maximumAttributeBytes))
        case .startShadow: self = .startShadow(policy: try object.string("policy", maximum: Self.maximumPolicyBytes))
        case .stopShadow: self = .stopShadow
        case .redrive: self = try Self.redrive(&object)
        }
    }

    private static func enrolment(_ object: inout StrictObject) throws(ControlRefusal) -> Self {
        let name = try object.string("kind")
        let kind = Array(name.utf8).withUnsafeBytes { SubjectKind($0) }
        guard let kind else { throw .invalid("kind is individual, business or official") }
        return .enrol(
            kind: kind, terms: try object.string("terms"), attributes: try object.object(ifGiven: "attributes"))
    }

    private static func activation(_ object: inout StrictObject) throws(ControlRefusal) -> Self {
        guard let text = try object.object(ifGiven: "proposal") else { throw .invalid("proposal is missing") }
        do {
            return .activate(try PolicyProposal(json: Array(text.utf8)))
        } catch {
            throw .invalid("proposal: \(error)")
        }
    }

    private static func redrive(_ object: inout StrictObject) throws(ControlRefusal) -> Self {
        var letters: [DeadLetter.Position] = []
        for text in try object.strings("letters", maximum: maximumLetters) {
            guard let position = DeadLetter.Position(text) else {
                throw .invalid("letters: \(text.prefix(50)) is not PARTITION:OFFSET")
            }
            letters.append(position)
        }
        let repaired = try object.string(ifGiven: "repaired", maximum: EventDecoder.maximumEventBytes)
        guard repaired == nil || letters.count == 1 else { throw .invalid("repaired is of one letter") }
        return .redrive(letters: letters, allowsControl: try object.flag("allowControl"), repaired: repaired)
    }
}
