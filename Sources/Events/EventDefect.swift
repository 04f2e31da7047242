internal import CSimdJSON

/// Why bytes are not an event that Standing can accept: the attribute, and the reason.
public struct EventDefect: Error, Hashable, Sendable, CustomStringConvertible {
    /// The part of the event; the raw value is the first half of a dead letter's reason.
    public enum Attribute: String, Sendable {
        /// The record as a whole.
        case event
        case specversion, id, source, type, subject, time, data, datacontenttype
        case base64 = "data_base64"
        case contentType = "content-type"
        /// The signature of a control event.
        case control
    }

    /// The mistake; the raw value is the second half of a dead letter's reason.
    public enum Reason: String, Sendable {
        case notJSON = "not-json"
        case invalidUTF8 = "invalid-utf-8"
        case notAnObject = "not-an-object"
        case notAString = "not-a-string"
        case duplicateKey = "duplicate-key"
        case tooDeep = "too-deep"
        case tooLarge = "too-large"
        case tooLong = "too-long"
        case numberOutOfRange = "number-out-of-range"
        case missing
        case empty
        case controlCharacter = "control-character"
        case noncharacter
        case wrongVersion = "wrong-version"
        case notATime = "not-a-time"
        case inTheFuture = "in-the-future"
        case nullValue = "null-value"
        case notCloudEvents = "not-cloudevents"
        case unsupported
        case reservedType = "reserved-type"
        case unknownControlType = "unknown-control-type"
        case unknownKind = "unknown-kind"
        case missingMember = "missing-member"
        case wrongMember = "wrong-member"
        case unknownOutcome = "unknown-outcome"
        case invalidPolicy = "invalid-policy"
        /// Outside of what the source topic declares (`DeclaredSources`).
        case notDeclared = "not-declared"
        case tooOld = "too-old"
        case outOfMemory = "out-of-memory"
        /// Not a defect of the event: there is no room for another subject.
        case atMemoryLimit = "at-memory-limit"
        case notSigned = "not-signed"
        case badSignature = "bad-signature"
        case notAllowed = "not-allowed"
    }

    /// The attribute that is defective.
    public let attribute: Attribute
    public let reason: Reason

    public init(_ attribute: Attribute, _ reason: Reason) {
        self.attribute = attribute
        self.reason = reason
    }

    /// `ATTRIBUTE/REASON`, the dead letter's class. There are few values, so it can be a metric label. What a topic does not
    /// declare is of one class, whatever the attribute.
    public var code: String {
        let attribute = reason == .notDeclared ? .source : attribute
        return "\(attribute.rawValue)/\(reason.rawValue)"
    }

    public var description: String {
        switch reason {
        case .notJSON: "\(attribute.rawValue) is not JSON"
        case .invalidUTF8: "\(attribute.rawValue) is not valid UTF-8"
        case .notAnObject: "\(attribute.rawValue) must be a JSON object"
        case .notAString: "\(attribute.rawValue) must be a string"
        case .duplicateKey:
            switch attribute {
            case .event: "the event has an attribute twice, or an extension has the same key twice"
            case .data: "data is there twice, or has the same key twice"
            default: "\(attribute.rawValue) is there twice"
            }
        case .tooDeep: "\(attribute.rawValue) is nested deeper than \(EventDecoder.maximumDepth) levels"
        case .tooLarge: "\(attribute.rawValue) is larger than \(EventDecoder.maximumEventBytes) bytes"
        case .tooLong: "\(attribute.rawValue) is longer than \(EventDecoder.maximumAttributeBytes) bytes"
        case .numberOutOfRange: "\(attribute.rawValue) has a number beyond the range of a double"
        case .missing: "\(attribute.rawValue) is missing"
        case .empty: "\(attribute.rawValue) is empty"
        case .controlCharacter: "\(attribute.rawValue) has a control character"
        case .noncharacter: "\(attribute.rawValue) has a code point that is no character, such as U+FFFE"
        case .wrongVersion: "\(attribute.rawValue) must be \"1.0\""
        case .notATime: "\(attribute.rawValue) is not an RFC 3339 time"
        case .inTheFuture: "\(attribute.rawValue) is later than the reader's clock allows"
        case .nullValue: "the record has no value"
        case .notCloudEvents: "neither a structured (content-type application/cloudevents) nor a binary (ce_) event"
        case .unsupported: "\(attribute.rawValue) is not supported"
        case .reservedType: "types under \"standing.\" are honoured only from the control topic"
        case .unknownControlType: "type is under \"standing.\" but is no control event of this version"
        case .missingMember:
            "data lacks a text that this control event needs (enrolment: kind, terms; void: source, id, reason; appeal: "
                + "sanction, statement; decision: sanction, outcome, reason; policy: policy; source: topic), or has it empty"
        case .wrongMember:
            "data.attributes must be an object, data.reason a string, and data.replaces a policy's SHA-256 in "
                + "\(PolicyHash.digits) digits of 0-9 and a-f"
        case .unknownOutcome: "data.outcome must be upheld or rejected"
        case .unknownKind: "data.kind must be individual, business or official"
        case .invalidPolicy: "data.policy is no policy that `standing policy check` passes"
        case .notDeclared:
            attribute == .source
                ? "source begins with nothing that this topic declares, or with what another topic declares"
                : "\(attribute.rawValue) is none that this topic declares"
        case .tooOld: "time is further back than this topic declares that its events last"
        case .outOfMemory: "no memory to decode \(attribute.rawValue)"
        case .notSigned: "the control event is not signed by a key of --control-keys"
        case .badSignature: "the signature of the control event is not the one that its key gives"
        case .notAllowed: "the key that signed the control event may not sign this act"
        case .atMemoryLimit: "the process is at its memory limit and takes no enrolment; redrive it when there is room"
        }
    }

    init(_ status: standing_json_status, at attribute: standing_attribute) {
        let defective: Attribute =
            switch attribute {
            case STANDING_ATTRIBUTE_SPECVERSION: .specversion
            case STANDING_ATTRIBUTE_ID: .id
            case STANDING_ATTRIBUTE_SOURCE: .source
            case STANDING_ATTRIBUTE_TYPE: .type
            case STANDING_ATTRIBUTE_SUBJECT: .subject
            case STANDING_ATTRIBUTE_TIME: .time
            case STANDING_ATTRIBUTE_DATA: .data
            case STANDING_ATTRIBUTE_DATACONTENTTYPE: .datacontenttype
            case STANDING_ATTRIBUTE_DATA_BASE64: .base64
            default: .event
            }
        switch status {
        case STANDING_JSON_INVALID_UTF8: self.init(.event, .invalidUTF8)
        case STANDING_JSON_NOT_AN_OBJECT: self.init(defective, .notAnObject)
        case STANDING_JSON_NOT_A_STRING: self.init(defective, .notAString)
        case STANDING_JSON_DUPLICATE_KEY: self.init(defective, .duplicateKey)
        case STANDING_JSON_TOO_DEEP: self.init(defective, .tooDeep)
        case STANDING_JSON_NUMBER_OUT_OF_RANGE: self.init(defective, .numberOutOfRange)
        case STANDING_JSON_OUT_OF_MEMORY: self.init(.event, .outOfMemory)
        default: self.init(.event, .notJSON)
        }
    }
}
