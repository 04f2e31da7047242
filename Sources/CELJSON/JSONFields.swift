public import CEL

/// Reads named top-level members of a JSON object's text into slots.
///
/// The text has been checked before: syntax, encoding, unique keys in each object, depth. If it is not JSON every slot
/// becomes `.error(.malformedData)`. But once all wanted members are found the rest is not read, and skipped values are
/// not checked.
public final class JSONFields: Sendable {
    /// The limit of members that one pass finds: a bit of a word for each.
    private static let fieldsPerPass = 64

    private let pass: Pass
    /// The passes for the fields beyond those of the first.
    private let more: [Pass]
    /// Slots of names that are excluded.
    private let absent: [Int]
    /// Slots of names that have another slot too.
    private let copies: [(from: Int, to: Int)]
    /// Whether there is only the first pass, and maybe the whole object.
    private let isSimple: Bool
    private let whole: Int?
    private let isExcluded: (@Sendable (UnsafeRawBufferPointer) -> Bool)?

    /// - Parameters:
    ///   - fields: name and slot of each wanted member.
    ///   - whole: the slot for the object as a map; nil if it is not wanted.
    ///   - isExcluded: whether maps omit a member, at any depth, by the unescaped bytes of its key. A field of such a
    ///     name is always missing.
    public init(
        fields: [(name: String, slot: Int)], whole: Int?, isExcluded: (@Sendable (UnsafeRawBufferPointer) -> Bool)?
    ) {
        var found: [(name: [UInt8], slot: Int)] = []
        var absent: [Int] = []
        var copies: [(from: Int, to: Int)] = []
        var slots: [[UInt8]: Int] = [:]
        for (name, slot) in fields {
            let bytes = Array(name.utf8)
            if let isExcluded, bytes.withUnsafeBytes({ isExcluded($0) }) {
                absent.append(slot)
            } else if let first = slots[bytes] {
                copies.append((first, slot))
            } else {
                slots[bytes] = slot
                found.append((bytes, slot))
            }
        }
        pass = Pass(found.prefix(Self.fieldsPerPass), isExcluded)
        more = stride(from: Self.fieldsPerPass, to: found.count, by: Self.fieldsPerPass).map {
            Pass(found[$0..<min($0 + Self.fieldsPerPass, found.count)], isExcluded)
        }
        isSimple = more.isEmpty && absent.isEmpty && copies.isEmpty
        self.absent = absent
        self.copies = copies
        self.whole = whole
        self.isExcluded = isExcluded
    }

    /// Replaces the values of the slots, which are initialized. Members that are missing become `.error(.noSuchField)`.
    /// Strings without escapes are views of `json`; only strings with escapes, arrays and objects allocate. An empty
    /// buffer is an object without members.
    public func read(_ json: UnsafeRawBufferPointer, into slots: UnsafeMutablePointer<Value>) {
        guard json.count > 0, let base = json.baseAddress else { return readEmpty(into: slots) }
        if let whole {
            guard let map = map(json) else { return fill(slots, .error(.malformedData)) }
            slots[whole] = .map(map)
        }
        let text = base.assumingMemoryBound(to: UInt8.self)
        guard pass.fields.count == 0 || pass.pick(from: text, json.count, into: slots) else {
            return fill(slots, .error(.malformedData))
        }
        if !isSimple { readRest(text, json.count, into: slots) }
    }

    private func readEmpty(into slots: UnsafeMutablePointer<Value>) {
        fill(slots, .error(.noSuchField))
        if let whole { slots[whole] = .map(ValueMap([])) }
    }

    private func readRest(_ text: UnsafePointer<UInt8>, _ count: Int, into slots: UnsafeMutablePointer<Value>) {
        for pass in more {
            guard pass.pick(from: text, count, into: slots) else { return fill(slots, .error(.malformedData)) }
        }
        for slot in absent { slots[slot] = .error(.noSuchField) }
        for copy in copies { slots[copy.to] = slots[copy.from] }
    }

    private func fill(_ slots: UnsafeMutablePointer<Value>, _ value: Value) {
        for pass in [pass] + more {
            for field in pass.fields { slots[field.slot] = value }
        }
        for slot in absent { slots[slot] = value }
        for copy in copies { slots[copy.to] = value }
        if let whole { slots[whole] = value }
    }

    private func map(_ json: UnsafeRawBufferPointer) -> ValueMap? {
        var reader = JSONReader(json)
        reader.skipSpace()
        let manner = JSONReader.Manner(borrows: true, checksKeys: false, isExcluded: isExcluded)
        guard let map = reader.map(manner, depth: 1) else { return nil }
        reader.skipSpace()
        return reader.isAtEnd ? map : nil
    }
}

extension JSONFields {
    /// The fields of one pass. They do not change: the pass owns its memory.
    private final class Pass: @unchecked Sendable {
        struct Field {
            /// The first eight bytes of the name, the first lowest, padded with zeros.
            let word: UInt64
            let count: Int
            let name: UnsafeMutablePointer<UInt8>
            let slot: Int
        }

        let fields: UnsafeMutableBufferPointer<Field>
        let isExcluded: (@Sendable (UnsafeRawBufferPointer) -> Bool)?

        init(
            _ wanted: ArraySlice<(name: [UInt8], slot: Int)>,
            _ isExcluded: (@Sendable (UnsafeRawBufferPointer) -> Bool)?
        ) {
            self.isExcluded = isExcluded
            fields = .allocate(capacity: wanted.count)
            for (index, (bytes, slot)) in wanted.enumerated() {
                let name = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
                for (offset, byte) in bytes.enumerated() { (name + offset).initialize(to: byte) }
                let word = bytes.withUnsafeBytes { Self.word(of: $0) }
                fields.initializeElement(at: index, to: Field(word: word, count: bytes.count, name: name, slot: slot))
            }
        }

        deinit {
            for field in fields { field.name.deallocate() }
            fields.deallocate()
        }

        /// Returns false if the text, which is not empty, is not JSON.
        func pick(
            from text: UnsafePointer<UInt8>, _ count: Int, into slots: UnsafeMutablePointer<Value>
        ) -> Bool {
            let fields = UnsafeBufferPointer(fields)
            var missing = UInt64.max &>> UInt64(truncatingIfNeeded: JSONFields.fieldsPerPass &- fields.count)
            var index = JSONReader.space(text, 0, count)
            guard index < count, text[index] == 0x7B else { return false }
            index = JSONReader.space(text, index &+ 1, count)
            guard index < count else { return false }
            if text[index] == 0x7D {
                index &+= 1
            } else {
                while true {
                    guard index < count, text[index] == 0x22 else { return false }
                    let start = index &+ 1
                    let field: Int
                    if let key = JSONReader.shortKey(text, start, count) {
                        field = self.index(of: key.word, text + start, key.count, in: fields)
                        index = key.value
                    } else {
                        guard let key = JSONReader.string(text, start, count) else { return false }
                        let bytes = UnsafeRawBufferPointer(start: text + start, count: key.end &- start)
                        field =
                            key.hasEscapes
                            ? self.index(ofEscaped: bytes)
                            : self.index(of: Self.word(of: bytes), text + start, bytes.count, in: fields)
                        index = JSONReader.space(text, key.end &+ 1, count)
                        guard index < count, text[index] == 0x3A else { return false }
                        index = JSONReader.space(text, index &+ 1, count)
                        guard index < count else { return false }
                    }
                    if field >= 0, missing &>> UInt64(truncatingIfNeeded: field) & 1 == 1 {
                        let slot = slots + fields[field].slot
                        if let number = JSONReader.smallInteger(text, index, count) {
                            slot.pointee = .int(number.value)
                            index = number.end
                        } else if text[index] == 0x22, let string = JSONReader.string(text, index &+ 1, count),
                            !string.hasEscapes
                        {
                            let first = index &+ 1
                            slot.pointee = .string(
                                Text(borrowing: UnsafeRawBufferPointer(start: text + first, count: string.end - first)))
                            index = string.end &+ 1
                        } else {
                            let json = UnsafeRawBufferPointer(start: text, count: count)
                            guard let (value, end) = JSONReader.member(json, at: index, isExcluded) else {
                                return false
                            }
                            slot.pointee = value
                            index = end
                        }
                        guard index < count else { return false }
                        missing &= ~(1 &<< UInt64(truncatingIfNeeded: field))
                        if missing == 0 { return true }
                    } else {
                        index = JSONReader.skip(text, index, count)
                        guard index >= 0 else { return false }
                    }
                    index = JSONReader.space(text, index, count)
                    guard index < count else { return false }
                    let byte = text[index]
                    index &+= 1
                    if byte == 0x7D { break }
                    guard byte == 0x2C else { return false }
                    index = JSONReader.space(text, index, count)
                }
            }
            guard JSONReader.space(text, index, count) == count else { return false }
            while missing != 0 {
                slots[fields[missing.trailingZeroBitCount].slot] = .error(.noSuchField)
                missing &= missing &- 1
            }
            return true
        }

        /// -1 for a key that is not wanted.
        @inline(__always) private func index(
            of word: UInt64, _ key: UnsafePointer<UInt8>, _ count: Int, in fields: UnsafeBufferPointer<Field>
        ) -> Int {
            var index = 0
            while index < fields.count {
                if fields[index].word == word, fields[index].count == count, count <= 8 || hasTail(key, fields[index]) {
                    return index
                }
                index &+= 1
            }
            return -1
        }

        /// The first eight bytes, the first lowest, padded with zeros.
        private static func word(of bytes: UnsafeRawBufferPointer) -> UInt64 {
            if bytes.count >= 8 { return UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) }
            return bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }

        private func hasTail(_ key: UnsafePointer<UInt8>, _ field: Field) -> Bool {
            for offset in 8..<field.count where key[offset] != field.name[offset] { return false }
            return true
        }

        private func index(ofEscaped key: UnsafeRawBufferPointer) -> Int {
            JSONReader.withUnescaped(JSONReader.RawString(bytes: key, hasEscapes: true)) { bytes in
                fields.firstIndex { field in
                    field.count == bytes.count && (0..<bytes.count).allSatisfy { bytes[$0] == field.name[$0] }
                } ?? -1
            } ?? -1
        }
    }
}
