public import Events
public import Policy

/// The meaning of a ledger's entries. A ledger partition begins under the version that its first entry names. It moves
/// to a newer one at an entry for that purpose (`standing.ledger.upgraded`), so that all members change at the same
/// entry.
public enum FoldVersion: UInt32, Comparable, CaseIterable, Sendable {
    /// A behaviour event before the enrolment never counts, a void before its event is lost, and a withdrawal has no
    /// score fact. Facts do not name their ledger, and their sequence number is a JSON number. The first entry names no
    /// version.
    case second = 2
    /// Early events wait for their subject's enrolment and voids for their event (SPEC section 2). A withdrawal has a
    /// score fact. Facts name their ledger, and their sequence number is a string.
    case third = 3

    /// An entry whose time is outside 1970 to 2200, or too far beyond the clock, contributes nothing and moves nothing
    /// (`EntryTime`). The expressions of one event may cost `Limit.stepCost` together.
    case fourth = 4

    /// An activation names the policy against which it was approved. It changes nothing if another one is active
    /// (`Fold.admitActivation`).
    case fifth = 5

    /// A policy may have constants, attributes, measures, windows, rules that fade, and prefixes of event types. In
    /// older versions the activation of such a policy changes nothing (`ScoringPolicy.foldVersion`), because members
    /// that do not know these parts could not follow. The rules over measures, levels and perks of one step have a
    /// limit of cost too.
    case sixth = 6

    /// The fingerprints of events are keyed by the salt in the ledger's first entry. A ledger that began under an older
    /// version has no salt, and its fingerprints do not change.
    case seventh = 7

    /// A source can be withdrawn and restored (`ControlType.sourceWithdrawn`). In older versions these entries change
    /// nothing.
    case eighth = 8

    /// The points of each rule saturate before they are added to those of its dimension (SPEC section 4). In a ledger
    /// that began under an older version only the sum of a dimension does (`Fold.ruleSumsSaturate`).
    case ninth = 9

    /// The newest version, which new ledgers have.
    public static let newest = FoldVersion.ninth

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The fold versions that a program knows, which is all of them. A simulation runs programs of two releases together.
public struct KnownFoldVersions: Hashable, Sendable {
    public var newest = FoldVersion.newest
    /// False plants a bug: a ledger that begins under an older version is folded under the newest one without an upgrade.
    public var waitsForUpgrade = true
    /// False plants a bug: a state that is read from a snapshot forgets which sources are withdrawn.
    public var remembersWithdrawals = true

    public init() {}
}

/// What a ledger states about itself, in its first entry and where it moves to a newer version.
public struct LedgerIdentity: Hashable, Sendable {
    /// The name in every fact's source; nil in a ledger of the second version, which has no name.
    public let name: String?
    public let version: FoldVersion
    /// The key of the fingerprints of its events.
    public private(set) var salt = FingerprintKey.none

    /// A ledger of the newest version.
    public init(name: String) { (self.name, version) = (name, .newest) }

    /// Nil if ledgers of this version have no name, or if `name` is not a valid one. An empty name is not valid.
    public init?(name: String, version: FoldVersion) {
        guard version == .second ? name.isEmpty : Self.isName(name) else { return nil }
        (self.name, self.version) = (name.isEmpty ? nil : name, version)
    }

    /// A ledger that begins under the newest version that a program knows, with this salt if that version has one.
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

    /// A ledger that began before ledgers had names.
    public static let unnamed = LedgerIdentity()

    /// The name of a ledger that was started without one, and of a replay of files.
    public static let defaultName = "default"
    /// The limit of a name's length in bytes.
    public static let maximumNameBytes = 128

    /// Whether a text is a valid name of a ledger. The rule is that of a topic's name, so that the name needs no
    /// escaping in a URI.
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

    /// The members of an entry's data that have these values.
    public static let nameMember: StaticString = "ledger"
    public static let versionMember: StaticString = "fold-version"
    public static let saltMember: StaticString = "salt"

    /// Reads a ledger's identity from an entry's data. Throws `Unknown` if it names a version that this program does
    /// not know, or has an invalid name.
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
