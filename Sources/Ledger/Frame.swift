public import Events

/// # The frame: one Kafka record of the ledger
///
/// All integers are little-endian. `varint` is LEB128, `signed` is zigzag LEB128.
///
///     offset  size  field
///          0     4  magic "SLF1"
///          4     1  version, 1
///          5     3  zero
///          8     8  appender session: random, never 0
///         16     8  frame number: 0, 1, 2 … within the session and the ledger partition
///         24     4  number of entries
///         28     4  CRC-32C of bytes 0..<28 followed by the payload
///         32     …  payload: the entries, one after the other
///
///     entry   = kind (1 byte) time
///               [ origin event ]        kinds `event` and `system`
///     kind    = 0 event (from a source topic), 1 tick, 2 system (written by Standing itself: no origin)
///     time    = signed: microseconds since 1970, as the difference to the entry before (first: to 0);
///               the reserved value Int64.min, "does not move the clock", is written as kind + 0x80 and no time
///     origin  = text (topic), varint partition, signed offset (difference to the origin before; first: to 0)
///               kind `event` only
///     event   = text (source) text (type) bytes (subject) bytes (id) bytes (data: JSON text)
///     bytes   = varint length, bytes
///     text    = varint k: k > 0 is the k-th text of this frame's dictionary; k = 0 is followed by `bytes`, which
///               become the dictionary's next text while it has fewer than 255
///
/// Kinds `event` and `tick` always have a time. A subject is empty only where an event concerns everyone
/// (`ControlType.concernsEveryone`).
///
/// A reader refuses what it does not know: another magic or version, a wrong checksum, an entry that does not end
/// where its lengths say. Kafka's limit on a record bounds a frame. A builder fills a frame up to `maximumBytes`.
public enum Frame {
    /// `SLF1`, little-endian.
    public static let magic: UInt32 = 0x3146_4C53
    /// The format's number. A reader refuses another one.
    public static let version: UInt8 = 1
    /// `FORMATS.md` documents the header.
    public static let headerBytes = 32
    /// A builder closes a frame at this size; its last entry may exceed it.
    public static let maximumBytes = 512 * 1024
    /// A builder closes a frame with so many entries.
    public static let maximumEntries = 4096
    /// A reader refuses a longer frame. This is room for the greatest frame and the greatest event.
    public static let readerMaximumBytes = 4 * 1024 * 1024
    static let dictionaryLimit = 255
    /// No source or ledger partition has a greater offset, and no session a greater frame number. `maximumPartition`
    /// bounds the number of a source partition.
    public static let maximumOffset: Int64 = 1 << 52
    public static let maximumPartition: Int32 = 1_000_000
}

/// The kind of an entry; the raw value is in its first byte (`FORMATS.md`). A system entry is Standing's own, such as
/// the one with which a partition begins.
public enum EntryKind: UInt8, Sendable {
    case event = 0
    case tick = 1
    case system = 2
}

/// An event's position in Kafka.
public struct Origin {
    /// The topic's name, UTF-8.
    public var topic: UnsafeRawBufferPointer
    /// The topic's number in the frame's dictionary; -1 if the dictionary was full.
    public var topicNumber: Int
    public var partition: Int32
    public var offset: Int64
}

/// One entry of a frame, borrowed from the frame.
public struct Entry {
    public var kind: EntryKind
    public var origin: Origin
    public var event: EventView
    /// The number of the event's type in the frame's dictionary; -1 if the dictionary was full.
    public var typeNumber: Int
}

/// Why bytes are not a frame.
public struct FrameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first check that failed; the raw value is its text.
    public enum Code: String, Sendable {
        case tooShort = "shorter than a header"
        case tooLong = "longer than a frame may be"
        case wrongMagic = "no frame: wrong magic"
        case unknownVersion = "a frame version that this program does not know"
        case wrongChecksum = "the checksum does not match"
        case malformed = "an entry is malformed"
        case withoutTime = "an event or a tick without a time"
        case withoutSubject = "an event without a subject that does not concern everyone"
        case outOfBounds = "a number that no frame of Standing's has"
    }

    public let code: Code
    /// The byte of the frame at which the error shows.
    public let byte: Int

    public var description: String { "\(code.rawValue) (at byte \(byte))" }
}
