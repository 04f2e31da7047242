/// A media type, `type "/" subtype`, borrowed from its text (RFC 9110, section 8.3.1).
///
/// Letter case, parameters, and white space around the two do not matter. Parameters are not read: JSON is UTF-8
/// whatever its `charset` is (RFC 8259, section 8.1).
public struct MediaType {
    private let type: UnsafeRawBufferPointer
    private let subtype: UnsafeRawBufferPointer

    /// Nil if the text is not a media type.
    public init?(_ text: UnsafeRawBufferPointer) {
        let name = UnsafeRawBufferPointer(rebasing: text.prefix { $0 != UInt8(ascii: ";") }).withoutOuterWhiteSpace
        guard let slash = name.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        type = UnsafeRawBufferPointer(rebasing: name[..<slash])
        subtype = UnsafeRawBufferPointer(rebasing: name[(slash + 1)...])
        guard type.isToken, subtype.isToken else { return nil }
    }

    /// Whether the data is JSON text by CloudEvents' rule: the subtype is `json` or has the suffix `+json`.
    public var isJSON: Bool {
        if subtype.equalsIgnoringCase("json") { return true }
        return subtype.count > 5
            && UnsafeRawBufferPointer(rebasing: subtype[(subtype.count - 5)...]).equalsIgnoringCase("+json")
    }

    /// Whether the record's value is an event in CloudEvents' JSON format. That is `application/cloudevents+json`, or
    /// `application/cloudevents`, which names no format and is read as the one that every reader supports.
    fileprivate var isEventInJSON: Bool {
        type.equalsIgnoringCase("application")
            && (subtype.equalsIgnoringCase("cloudevents+json") || subtype.equalsIgnoringCase("cloudevents"))
    }
}

/// Where a record's event is (CloudEvents' Kafka binding, section 3).
public enum ContentMode: Sendable {
    /// The value is the event, in JSON.
    case structured
    /// The value is one event or several, in a format that Standing does not read: batches, XML, Avro.
    case unsupported
    /// Headers have the event's attributes, and the value is its data.
    case binary

    /// `contentType` is the record's; nil if it has none.
    ///
    /// A content type that begins with `application/cloudevents` is never binary, whatever other headers the record
    /// has.
    public init(contentType: UnsafeRawBufferPointer?) {
        guard let contentType else {
            self = .binary
            return
        }
        // Nearly every record of structured mode has exactly these bytes.
        let usual: StaticString = "application/cloudevents+json"
        let length = usual.utf8CodeUnitCount
        if contentType.starts(with: usual),
            contentType.count == length || contentType[length] == UInt8(ascii: ";")
        {
            self = .structured
        } else if !contentType.withoutOuterWhiteSpace.startsIgnoringCase("application/cloudevents") {
            self = .binary
        } else {
            self = MediaType(contentType)?.isEventInJSON == true ? .structured : .unsupported
        }
    }
}

extension UnsafeRawBufferPointer {
    /// RFC 9110's OWS: spaces and tabs.
    fileprivate var withoutOuterWhiteSpace: UnsafeRawBufferPointer {
        var (start, end) = (startIndex, endIndex)
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while start < end, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[start..<end])
    }

    /// `text` is lower-case ASCII.
    fileprivate func equalsIgnoringCase(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && startsIgnoringCase(text)
    }

    /// `text` is lower-case ASCII.
    fileprivate func startsIgnoringCase(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount {
            let letter = self[index] &- 0x41 < 26 ? self[index] | 0x20 : self[index]
            if letter != text.utf8Start[index] { return false }
        }
        return true
    }

    /// RFC 9110's token: letters, digits and some marks, at least one.
    fileprivate var isToken: Bool {
        !isEmpty
            && allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    true
                // ! # $ % & ' * + - . ^ _ ` | ~
                case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
                default: false
                }
            }
    }
}
