internal import Events

/// Writes objects and lists in sequence. Keys are in the order of the calls.
struct JSONWriter: ~Copyable {
    private var bytes = ByteWriter(capacity: 4096)
    /// Whether a comma is needed before the next key or item of the open object or list.
    private var needsComma = false

    var text: String { String(decoding: bytes.bytes, as: UTF8.self) }

    /// Returns what is written, and clears it.
    mutating func take() -> [UInt8] {
        defer { bytes.removeAll() }
        return Array(bytes.bytes)
    }

    /// The bytes that are written and not taken.
    var count: Int { bytes.count }

    mutating func open() {
        bytes.append("{")
        needsComma = false
    }

    mutating func close() {
        bytes.append("}")
        needsComma = true
    }

    mutating func key(_ name: StaticString) {
        separate()
        bytes.append("\"")
        bytes.append(name)
        bytes.append("\":")
        needsComma = false
    }

    mutating func key(_ name: String) {
        separate()
        bytes.append(jsonString: name)
        bytes.append(":")
        needsComma = false
    }

    mutating func openList() {
        bytes.append("[")
        needsComma = false
    }

    mutating func item(_ write: (inout JSONWriter) -> Void) {
        separate()
        write(&self)
        needsComma = true
    }

    mutating func closeList() {
        bytes.append("]")
        needsComma = true
    }

    mutating func list<Item>(_ items: some Sequence<Item>, _ write: (inout JSONWriter, Item) -> Void) {
        openList()
        for value in items { item { write(&$0, value) } }
        closeList()
    }

    mutating func flag(_ name: StaticString, _ value: Bool) {
        key(name)
        if value { bytes.append("true") } else { bytes.append("false") }
        needsComma = true
    }

    mutating func bounds(_ name: StaticString, _ count: CountBounds?) {
        key(name)
        guard let count else { return null() }
        open()
        whole("atLeast", count.atLeast)
        whole("atMost", count.atMost)
        flag("exact", count.exact != nil)
        close()
    }

    mutating func string(_ text: String) {
        bytes.append(jsonString: text)
        needsComma = true
    }

    mutating func null() {
        bytes.append("null")
        needsComma = true
    }

    mutating func text(_ name: StaticString, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    mutating func whole(_ name: StaticString, _ value: Int64?) {
        key(name)
        self.value(value)
    }

    mutating func value(_ number: Int64?) {
        guard let number else { return null() }
        bytes.append(decimal: number)
        needsComma = true
    }

    /// Rounded to thousandths, without a fraction if it is whole.
    mutating func number(_ name: StaticString, _ value: Double?) {
        key(name)
        guard let value, value.isFinite, abs(value) < 9e15 else { return null() }
        let rounded = (value * 1000).rounded() / 1000
        if rounded == rounded.rounded() {
            bytes.append(decimal: Int64(rounded))
        } else {
            bytes.append(rounded.description)
        }
        needsComma = true
    }

    mutating func trend(_ trend: LagEvaluation.Trend) {
        text("trend", trend == .unknown ? nil : trend.rawValue)
    }

    mutating func catchUp(_ value: LagEvaluation.CatchUp) {
        switch value {
        case .unknown: number("catchUp", nil)
        case .never: text("catchUp", "never")
        case .seconds(let seconds): number("catchUp", seconds)
        }
    }

    private mutating func separate() {
        if needsComma { bytes.append(",") }
        needsComma = false
    }
}
