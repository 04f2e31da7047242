public import Events
public import Policy

/// What a ledger's entries mean. A ledger partition begins under the version that its first entry names, and moves to a newer
/// one at an entry of its own (`standing.ledger.upgraded`), so that all members change at the same place.
public enum FoldVersion: UInt32, Comparable, CaseIterable, Sendable {
    /// A behaviour event before the enrolment never counts, a void before its event is lost, and a withdrawal is no fact of
    /// the score. Facts do not name their ledger, and their sequence number is a JSON number. Its first entry names no version.
    case second = 2
    /// Early events wait for their subject's enrolment and voids for their event (SPEC section 2); a withdrawal is a fact of
    /// the score; facts name their ledger, and their sequence number is a string.
    case third = 3

    /// An entry whose time lies outside 1970 to 2200, or too far beyond the clock, contributes nothing and moves nothing
    /// (`EntryTime`). The expressions of one event may cost `Limit.stepCost` together.
    case fourth = 4

    /// An activation that names the policy it was approved against changes nothing where another one is active
    /// (`Fold.admitActivation`).
    case fifth = 5

    /// A policy may have constants, attributes, measures, windows, rules that fade, and prefixes of event types. Before, the
    /// activation of a policy with such parts changes nothing (`ScoringPolicy.foldVersion`), as members that do not know them
    /// could not follow. What rules over measures, levels and perks may cost together in one step has a limit too.
    case sixth = 6

    /// The fingerprints by which events are known are keyed by the salt in the ledger's first entry. A ledger that began under
    /// an older version has none, and goes on as it was.
    case seventh = 7

    public static let newest = FoldVersion.seventh

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The fold versions that a program knows: all of them. A simulation runs programs of two releases side by side.
public struct KnownFoldVersions: Hashable, Sendable {
    public var newest = FoldVersion.newest
    /// False is a planted bug: a ledger that begins under an older version is folded under the newest from there on.
    public var waitsForUpgrade = true

    public init() {}
}

/// What a ledger says of itself: in its first entry, and where it moves to a newer version.
public struct LedgerIdentity: Hashable, Sendable {
    /// Stands in every fact's source; nil in a ledger of the second version, which has none.
    public let name: String?
    public let version: FoldVersion
    /// What the fingerprints of its events are keyed by.
    public private(set) var salt = FingerprintKey.none

    /// A ledger of today's version.
    public init(name: String) { (self.name, version) = (name, .newest) }

    /// Nil: ledgers of this version have no name, or `name` is none. An empty name is no name.
    public init?(name: String, version: FoldVersion) {
        guard version == .second ? name.isEmpty : Self.isName(name) else { return nil }
        (self.name, self.version) = (name.isEmpty ? nil : name, version)
    }

    /// A ledger that begins under the newest version that a program knows; with this salt, if that version has one.
    public init(name: String, _ known: KnownFoldVersions, salt: FingerprintKey) {
        self = (Self(name: name, version: known.newest) ?? .unnamed).salted(salt)
    }

    /// The same ledger with this salt, if its version has one.
    public func salted(_ salt: FingerprintKey) -> Self {
        var copy = self
        if version >= .seventh { copy.salt = salt }
        return copy
    }

    private init() { (name, version) = (nil, .second) }

    /// A ledger that was begun before ledgers had names.
    public static let unnamed = LedgerIdentity()

    /// The name of a ledger that nobody named, and of a replay of files.
    public static let defaultName = "default"
    /// A name has at most this many bytes.
    public static let maximumNameBytes = 128

    /// Whether a text can be a ledger's name: what a topic's name can be, so that it needs no escaping in a URI.
    public static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= maximumNameBytes
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                }
            }
    }

    /// The members of an entry's data that say this.
    public static let nameMember: StaticString = "ledger"
    public static let versionMember: StaticString = "fold-version"
    public static let saltMember: StaticString = "salt"

    /// What an entry's data says of its ledger. Throws `Unknown` where it names a version that this program does not know, or a
    /// name that is none.
    public init(
        in data: UnsafeRawBufferPointer, _ decoder: EventDecoder, _ known: KnownFoldVersions = KnownFoldVersions()
    ) throws(Unknown) {
        guard let number = decoder.integer(Self.versionMember, of: data) else {
            guard !decoder.hasMember(Self.versionMember, of: data) else {
                throw Unknown(description: "a fold version that is no whole number of 64 bits")
            }
            self = .unnamed
            return
        }
        guard let version = UInt32(exactly: number).flatMap({ FoldVersion(rawValue: $0) }), version <= known.newest
        else {
            throw Unknown(
                description: "fold version \(number); this program knows none above \(known.newest.rawValue)")
        }
        let name = decoder.string(Self.nameMember, of: data).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let identity = LedgerIdentity(name: name, version: version) else {
            throw Unknown(description: "fold version \(number), and \"\(name.prefix(80))\" is no name of a ledger")
        }
        guard version >= .seventh, decoder.hasMember(Self.saltMember, of: data) else {
            self = identity
            return
        }
        guard let text = decoder.string(Self.saltMember, of: data), let salt = FingerprintKey(hexadecimal: text) else {
            throw Unknown(description: "a salt that is not \(FingerprintKey.bytes) bytes in hexadecimal digits")
        }
        self = identity.salted(salt)
    }

    /// A ledger that this program cannot fold.
    public struct Unknown: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }
}

extension ScoringPolicy {
    /// The first fold version under which a ledger takes this policy's activation.
    public var foldVersion: FoldVersion {
        let isOld =
            constants.isEmpty && attributes.isEmpty && measures.isEmpty
            && rules.allSatisfy { $0.within == nil && $0.fading == nil && !$0.isOverMeasures }
            && !eventPatterns.contains(where: \.isPrefix) && !namesUndeclaredAttributes
        return isOld ? .second : .sixth
    }
}
