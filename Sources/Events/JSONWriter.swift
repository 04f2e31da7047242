/// Writes JSON from its beginning to its end, without white space. Keys are in the order of the calls, and commas are written where
/// they are needed. A value that is nil is written as `null`. Text must be UTF-8.
public struct JSONWriter: ~Copyable {
    private var buffer: ByteWriter
    /// Whether a comma is needed before the next key or value.
    private var needsComma = false

    public init(capacity: Int = 256) { buffer = ByteWriter(capacity: capacity) }

    // MARK: What is written

    /// What was written, as a string.
    public var text: String { String(decoding: buffer.bytes, as: UTF8.self) }

    /// Valid until the next change.
    public var bytes: UnsafeRawBufferPointer { buffer.bytes }

    public var count: Int { buffer.count }

    /// Returns what is written, and clears it.
    public mutating func take() -> [UInt8] {
        defer { removeAll() }
        return Array(buffer.bytes)
    }

    public mutating func removeAll() {
        buffer.removeAll()
        needsComma = false
    }

    /// The text of an object; `write` writes its members.
    public static func object(_ write: (inout JSONWriter) throws -> Void) rethrows -> String {
        var writer = JSONWriter()
        writer.open()
        try write(&writer)
        writer.close()
        return writer.text
    }

    // MARK: Objects and lists

    /// Begins an object.
    public mutating func open() {
        begin()
        buffer.append("{")
        needsComma = false
    }

    public mutating func open(_ name: String) {
        key(name)
        open()
    }

    public mutating func close() {
        buffer.append("}")
        needsComma = true
    }

    public mutating func openList() {
        begin()
        buffer.append("[")
        needsComma = false
    }

    public mutating func openList(_ name: String) {
        key(name)
        openList()
    }

    public mutating func closeList() {
        buffer.append("]")
        needsComma = true
    }

    /// A list; `write` writes one value for each item.
    public mutating func list<Items: Sequence>(
        _ items: Items, _ write: (inout JSONWriter, Items.Element) throws -> Void
    ) rethrows {
        openList()
        for item in items { try write(&self, item) }
        closeList()
    }

    public mutating func list<Items: Sequence>(
        _ name: String, _ items: Items, _ write: (inout JSONWriter, Items.Element) throws -> Void
    ) rethrows {
        key(name)
        try list(items, write)
    }

    /// Ends a line of a file with one document on each line.
    public mutating func endLine() {
        buffer.append("\n")
        needsComma = false
    }

    // MARK: Values

    /// The key of the next value.
    public mutating func key(_ name: String) {
        begin()
        buffer.append(jsonString: name)
        buffer.append(":")
        needsComma = false
    }

    public mutating func null() {
        begin()
        buffer.append("null")
    }

    public mutating func value(_ text: String?) {
        guard let text else { return null() }
        begin()
        buffer.append(jsonString: text)
    }

    public mutating func value(utf8: [UInt8]?) {
        guard let utf8 else { return null() }
        begin()
        utf8.withUnsafeBytes { buffer.append(jsonString: $0) }
    }

    public mutating func value(_ isTrue: Bool?) {
        guard let isTrue else { return null() }
        begin()
        if isTrue { buffer.append("true") } else { buffer.append("false") }
    }

    public mutating func value(_ number: (some FixedWidthInteger)?) {
        guard let number else { return null() }
        begin()
        if let number = Int64(exactly: number) {
            buffer.append(decimal: number)
        } else {
            buffer.append("\(number)")
        }
    }

    /// RFC 3339 in UTC.
    public mutating func value(_ time: Timestamp?) {
        guard let time else { return null() }
        begin()
        buffer.append("\"")
        buffer.append(time)
        buffer.append("\"")
    }

    public mutating func value(_ texts: [String]?) {
        guard let texts else { return null() }
        list(texts) { $0.value($1) }
    }

    public mutating func value(_ numbers: [some FixedWidthInteger]?) {
        guard let numbers else { return null() }
        list(numbers) { $0.value($1) }
    }

    /// Rounded to thousandths, without a fraction if it is whole.
    public mutating func value(thousandths number: Double?) {
        guard let number, number.isFinite, abs(number) < 9e15 else { return null() }
        let rounded = (number * 1000).rounded() / 1000
        guard rounded != rounded.rounded() else { return value(Int64(rounded)) }
        value(json: rounded.description)
    }

    /// `json`: the text of a JSON value.
    public mutating func value(json: String?) {
        guard let json else { return null() }
        begin()
        buffer.append(json)
    }

    public mutating func value(json: [UInt8]?) {
        guard let json else { return null() }
        begin()
        buffer.append(json)
    }

    /// `write`: writes the bytes of one JSON value.
    public mutating func value(_ write: (inout ByteWriter) throws -> Void) rethrows {
        begin()
        try write(&buffer)
    }

    private mutating func begin() {
        if needsComma { buffer.append(",") }
        needsComma = true
    }
}

extension JSONWriter {
    public mutating func member(_ name: String, _ text: String?) {
        key(name)
        value(text)
    }

    public mutating func member(_ name: String, utf8: [UInt8]?) {
        key(name)
        value(utf8: utf8)
    }

    public mutating func member(_ name: String, _ isTrue: Bool?) {
        key(name)
        value(isTrue)
    }

    public mutating func member(_ name: String, _ number: (some FixedWidthInteger)?) {
        key(name)
        value(number)
    }

    public mutating func member(_ name: String, _ time: Timestamp?) {
        key(name)
        value(time)
    }

    public mutating func member(_ name: String, _ texts: [String]?) {
        key(name)
        value(texts)
    }

    public mutating func member(_ name: String, _ numbers: [some FixedWidthInteger]?) {
        key(name)
        value(numbers)
    }

    public mutating func member(_ name: String, thousandths number: Double?) {
        key(name)
        value(thousandths: number)
    }

    public mutating func member(_ name: String, json: String?) {
        key(name)
        value(json: json)
    }

    public mutating func member(_ name: String, json: [UInt8]?) {
        key(name)
        value(json: json)
    }
}
