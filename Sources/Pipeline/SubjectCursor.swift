internal import Events
internal import Foundation

/// The position of the next page of a search, as an opaque text: URL-safe base64 without padding of
///
///     1  version, 1
///     8  fingerprint of the search that it belongs to, without limit
///     …  the id after which the page begins
///     4  lower half of the fingerprint of all before
///
/// It has no secret: it is only a position, so a forged one shows nothing that a search does not show. If ids are
/// masked, it is sealed (`SubjectNaming`), because it has an id.
struct SubjectCursor: Equatable {
    private static let version: UInt8 = 1
    private static let headBytes = 9
    private static let checkBytes = 4
    /// The greatest length in characters.
    static let maximumText = (headBytes + EventDecoder.maximumAttributeBytes + checkBytes) * 4 / 3 + 2

    let last: [UInt8]
    private let search: UInt64

    init(after last: [UInt8], of search: SubjectSearch) {
        self.last = last
        self.search = Self.fingerprint(of: search)
    }

    /// Throws if the text is not a cursor, or one of another search.
    init(_ text: String, of search: SubjectSearch) throws(SubjectSearch.Problem) {
        guard let bytes = Self.bytes(text), bytes.count > Self.headBytes + Self.checkBytes, bytes[0] == Self.version,
            Array(bytes.suffix(Self.checkBytes)) == Self.check(bytes.dropLast(Self.checkBytes))
        else { throw SubjectSearch.Problem("cursor: it is none that a page gave") }
        let fingerprint = bytes[1..<Self.headBytes].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard fingerprint == Self.fingerprint(of: search) else {
            throw SubjectSearch.Problem("cursor: it is that of another search; begin with the first page")
        }
        self.search = fingerprint
        last = Array(bytes[Self.headBytes...].dropLast(Self.checkBytes))
    }

    var text: String {
        var bytes = [Self.version]
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: search >> shift)) }
        bytes += last
        return Self.text(bytes + Self.check(bytes[...]))
    }

    private static func check(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let sum = bytes.withUnsafeBytes { $0.fingerprint(seed: UInt64(Self.version)) }
        return stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: sum >> UInt64($0)) }
    }

    private static func fingerprint(of search: SubjectSearch) -> UInt64 {
        search.restrictions.reduce(1) { sum, item in
            let named = Array(item.name.utf8).withUnsafeBytes { $0.fingerprint(seed: sum) }
            return item.value.withUnsafeBytes { $0.fingerprint(seed: named) }
        }
    }

    // MARK: Text

    /// URL-safe base64 without padding.
    static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// Nil if `text` cannot have written it.
    static func bytes(_ text: String) -> [UInt8]? {
        guard !text.isEmpty, text.utf8.count <= maximumText else { return nil }
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: standard + padding) else { return nil }
        return Self.text(Array(data)) == text ? Array(data) : nil
    }
}
