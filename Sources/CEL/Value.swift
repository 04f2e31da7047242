/// A CEL value. A scalar, borrowed text included, is copied without access to the heap. Lists, maps and owned text are
/// counted references.
///
/// An error is a value, because CEL's `&&`, `||`, `?:` and macros treat it as one.
public enum Value: @unchecked Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(Text)
    case bytes(Text)
    case list(ValueList)
    case map(ValueMap)
    case timestamp(Moment)
    case duration(Moment)
    case type(TypeName)
    case error(EvaluationError)
}

/// UTF-8 text (or, as `Value.bytes`, any bytes): a view with the owner of the bytes.
///
/// Without an owner the bytes are the caller's, and must outlive the evaluation that reads them.
public struct Text: @unchecked Sendable {
    /// Valid as long as the text, or, without an owner, as long as the caller's bytes.
    public let bytes: UnsafeRawBufferPointer
    @usableFromInline let owner: Storage?

    /// Bytes that are freed with the last text that refers to them.
    @usableFromInline final class Storage {
        let bytes: UnsafeMutableRawBufferPointer

        init(count: Int) { bytes = .allocate(byteCount: count, alignment: 1) }
        deinit { bytes.deallocate() }
    }

    /// Borrows the bytes, which must outlive the text.
    @inlinable public init(borrowing bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        owner = nil
    }

    /// Copies the bytes.
    public init(copying bytes: UnsafeRawBufferPointer) {
        let storage = Storage(count: bytes.count)
        storage.bytes.copyMemory(from: bytes)
        self.init(storage)
    }

    /// Copies the string's UTF-8.
    public init(_ string: String) {
        var copy = string
        self = copy.withUTF8 { Text(copying: UnsafeRawBufferPointer($0)) }
    }

    init(_ storage: Storage) {
        bytes = UnsafeRawBufferPointer(storage.bytes)
        owner = storage
    }
}

/// A point in time since 1970-01-01T00:00:00Z, or a duration: `seconds` + `nanoseconds` / 10^9, with `nanoseconds` in
/// 0..<1,000,000,000.
public struct Moment: Hashable, Comparable, Sendable {
    public var seconds: Int64
    /// 0 to 999,999,999, also before 1970 and in a negative duration.
    public var nanoseconds: Int32

    public init(seconds: Int64, nanoseconds: Int32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    public static func < (a: Self, b: Self) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
}

/// The items of a list, shared by all values that have the list.
public final class ValueList: Sendable {
    public let items: [Value]
    public init(_ items: [Value]) { self.items = items }
}

/// The name of a type, which is itself a value: `int`, `google.protobuf.Timestamp`, … Equality is that of its bytes.
public struct TypeName: Hashable, Sendable {
    /// The name in CEL's specification.
    public let name: String
    public init(_ name: String) { self.name = name }

    public static func == (a: Self, b: Self) -> Bool { a.name.isSame(b.name) }
    public func hash(into hasher: inout Hasher) { hasher.combine(Name(name)) }
}

/// The reason why an evaluation has no value. One machine word, so that an error is as cheap as a number.
public enum EvaluationError: UInt8, Error, Sendable, Hashable {
    case noSuchField, noSuchKey, noSuchOverload, noSuchVariable, noSuchFunction
    case overflow, divisionByZero, indexOutOfRange, duplicateKey, badConversion, badPattern, badTimeZone
    /// A named limit of the evaluation was exceeded.
    case tooExpensive, tooLarge, tooManyPatterns
    /// JSON that the caller should have checked is malformed.
    case malformedData
}

/// Keys (bool, int, uint, string) with their values, in the order of first insertion.
public final class ValueMap: @unchecked Sendable {
    public let entries: [(key: Value, value: Value)]
    /// The result of `sortedIndices` for the entries.
    let order: [UInt32]

    /// The keys must be unique, and of types that a key may have.
    public init(_ entries: [(key: Value, value: Value)]) {
        self.entries = entries
        order = Self.sortedIndices(of: entries)
    }
}
