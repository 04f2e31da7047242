internal import Events
internal import CEL
internal import CELJSON
internal import Policy

/// The sets of attributes that subjects have. Equal sets are stored once, under a number from 1, while a subject has
/// them; 0 is the empty set.
///
/// The bytes of a set have one byte for each declared attribute: 0 if it is absent, otherwise 1 and then the value. An
/// int or a double takes 8 bytes little-endian, a bool one, a timestamp 8 for its seconds and 4 for its nanoseconds,
/// and a string 4 bytes of length and then its bytes.
struct AttributeTable {
    private let types: [ScoringPolicy.AttributeType]
    private let names: [[UInt8]]
    private(set) var sets = TermsTable()
    /// The values by attribute, at index number - 1; empty if the number is free.
    private var values: [[Value]] = []

    init(_ policy: ScoringPolicy) {
        types = policy.attributes.map(\.type)
        names = policy.attributes.map { Array($0.name.utf8) }
    }

    var isEmpty: Bool { types.isEmpty }

    /// Adds one use of the set that an enrolment's data give. Returns its number.
    mutating func add(from data: UnsafeRawBufferPointer) -> UInt32 {
        guard !types.isEmpty, case .map(let members)? = JSONReader.value(of: data) else { return 0 }
        let attributes = members.entries.first { Self.key($0.key, is: "attributes") }
        guard case .map(let given)? = attributes?.value else { return 0 }
        let found = types.indices.map { attribute in
            let member = given.entries.first { Self.key($0.key, is: names[attribute]) }
            return member.flatMap { Self.typed($0.value, types[attribute]) }
        }
        guard found.contains(where: { $0 != nil }) else { return 0 }
        return add(Self.encode(found))
    }

    private mutating func add(_ bytes: [UInt8]) -> UInt32 {
        let number = Int(bytes.withUnsafeBytes { sets.add($0) })
        if number == values.count { values.append([]) }
        if values[number].isEmpty { values[number] = decode(bytes) ?? [] }
        return UInt32(number + 1)
    }

    mutating func remove(_ number: UInt32) {
        guard number > 0 else { return }
        sets.remove(number - 1)
        if !sets.isUsed(number - 1) { values[Int(number - 1)] = [] }
    }

    /// A subject's attribute; `.error(.noSuchField)` if it is absent.
    @inline(__always) func value(_ attribute: Int, of number: UInt32) -> Value {
        number == 0 ? .error(.noSuchField) : values[Int(number - 1)][attribute]
    }

    /// Whether a set has an attribute.
    @inline(__always) func has(_ attribute: Int, in number: UInt32) -> Bool {
        guard number > 0 else { return false }
        if case .error = values[Int(number - 1)][attribute] { return false }
        return true
    }

    /// The bytes of a set. Different sets have different bytes.
    func bytes(of number: UInt32) -> [UInt8] { number == 0 ? [] : sets[number - 1] }

    func isUsed(_ number: UInt32) -> Bool { number == 0 || sets.isUsed(number - 1) }

    /// Takes the sets of a snapshot. Returns false if they are not of this policy.
    mutating func restore(_ sets: TermsTable) -> Bool {
        self.sets = sets
        values = []
        for (number, bytes) in sets.texts.enumerated() {
            guard sets.isUsed(UInt32(number)) else {
                values.append([])
                continue
            }
            guard let decoded = decode(bytes), !decoded.isEmpty else { return false }
            values.append(decoded)
        }
        return true
    }

    // MARK: Types

    private static func key(_ value: Value, is name: some Sequence<UInt8>) -> Bool {
        if case .string(let text) = value { text.bytes.elementsEqual(name) } else { false }
    }

    private static func key(_ value: Value, is name: StaticString) -> Bool {
        if case .string(let text) = value { text.bytes.equals(name) } else { false }
    }

    /// A JSON value as the declared type; nil if it is of another type, which makes the attribute absent.
    private static func typed(_ value: Value, _ type: ScoringPolicy.AttributeType) -> Value? {
        switch (type, value) {
        case (.int, .int), (.double, .double), (.string, .string), (.bool, .bool): value
        case (.double, .int(let number)): .double(Double(number))
        case (.timestamp, .string(let text)): Moment(timestamp: text.bytes).map { .timestamp($0) }
        default: nil
        }
    }

    private static func encode(_ values: [Value?]) -> [UInt8] {
        var writer = ByteWriter()
        for value in values {
            writer.append(byte: value == nil ? 0 : 1)
            switch value {
            case .int(let number): writer.append(littleEndian: number)
            case .double(let number): writer.append(littleEndian: number.bitPattern)
            case .bool(let isTrue): writer.append(byte: isTrue ? 1 : 0)
            case .string(let text):
                writer.append(littleEndian: UInt32(text.bytes.count))
                writer.append(text.bytes)
            case .timestamp(let moment):
                writer.append(littleEndian: moment.seconds)
                writer.append(littleEndian: moment.nanoseconds)
            default: break
            }
        }
        return Array(writer.bytes)
    }

    /// Nil if the bytes are not a set of these attributes.
    private func decode(_ bytes: [UInt8]) -> [Value]? {
        bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            do throws(ByteReader.Failure) {
                var values: [Value] = []
                for type in types { values.append(try Self.value(type, &reader)) }
                return reader.isAtEnd ? values : nil
            } catch {
                return nil
            }
        }
    }

    private static func value(
        _ type: ScoringPolicy.AttributeType, _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> Value {
        guard try reader.integer(UInt8.self) == 1 else { return .error(.noSuchField) }
        switch type {
        case .int: return .int(try reader.integer())
        case .double: return .double(Double(bitPattern: try reader.integer()))
        case .bool: return .bool(try reader.integer(UInt8.self) == 1)
        case .string: return .string(Text(copying: try reader.take(Int(try reader.integer(UInt32.self)))))
        case .timestamp:
            let moment = Moment(seconds: try reader.integer(), nanoseconds: try reader.integer())
            guard Moment.timestampSeconds.contains(moment.seconds), 0..<1_000_000_000 ~= moment.nanoseconds else {
                throw reader.failure
            }
            return .timestamp(moment)
        }
    }
}
