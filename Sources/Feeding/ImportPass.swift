public import Events
internal import Foundation
public import Mapping
internal import Terminal

/// One reading of a table with a map. Every reading gives the same rows the same ids.
public struct ImportPass {
    /// A row with its result. The buffers are valid during the call.
    public struct Row {
        /// Counted from 0. The map reads it as `offset`.
        public let number: Int64
        public let line: Int
        /// Nil if the row cannot be read.
        public let json: UnsafeRawBufferPointer?
        /// Nil if the row is refused, or is not an event.
        public let event: EventView?
        /// The event in structured mode.
        public let bytes: UnsafeRawBufferPointer
        public let refusal: (code: String, message: String)?
    }

    public let input: TableInput
    public let map: RecordMap
    /// Empty if it is unknown; the table then has no declaration.
    let topic: String
    let declarations: [String: SourceDeclaration]
    /// The greatest time that an event may have.
    let latest: Timestamp

    public init(
        input: TableInput, map: RecordMap, topic: String, declarations: [String: SourceDeclaration], latest: Timestamp
    ) {
        (self.input, self.map, self.topic) = (input, map, topic)
        (self.declarations, self.latest) = (declarations, latest)
    }

    private static let unreadable = "table/unreadable"

    /// `first`: rows before it are read and not passed on. `noteColumns`: is called with the table's columns before the
    /// first row.
    public func run(
        from first: Int64 = 0, noteColumns: ([String]) -> Void = { _ in }, _ body: (Row) throws -> Void
    ) throws {
        let mapper = CheckedMapper(map)
        let identity = RowIdentity()
        let declared = DeclaredSources(declarations)
        declared.setTime(Int64(Date().timeIntervalSince1970 * 1_000_000))
        let declaration = declared.number(of: topic)
        let topic = Array(topic.utf8)
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var number: Int64 = 0
        try input.forEachRow { read in
            if case .columns(let columns) = read { return noteColumns(columns) }
            defer { number += 1 }
            switch read {
            case .columns: break
            case .refused(let line, let message):
                guard number >= first else { return }
                try body(
                    Row(
                        number: number, line: line, json: nil, event: nil, bytes: mapper.bytes,
                        refusal: (Self.unreadable, message)))
            case .row(let line, let json):
                let id = try map.givesID ? nil : self.id(of: json, by: identity, line: line)
                guard number >= first else { return }
                let outcome = topic.withUnsafeBytes { topic in
                    let record = SourceRecord(
                        key: nil, value: json, timestamp: now, topic: topic, partition: 0, offset: number)
                    return mapper.map(record, id: id, latest: latest.microseconds)
                }
                let isEvent = outcome == .event
                let defect =
                    isEvent && !topic.isEmpty ? declared.defect(of: mapper.event, declaration: declaration) : nil
                try body(
                    Row(
                        number: number, line: line, json: json, event: isEvent && defect == nil ? mapper.event : nil,
                        bytes: mapper.bytes,
                        refusal: defect.map { ($0.code, $0.description) } ?? outcome.refusal))
            }
        }
    }

    private func id(
        of row: UnsafeRawBufferPointer, by identity: RowIdentity, line: Int
    ) throws -> UnsafeRawBufferPointer {
        if let id = identity.id(ofRow: row) { return id }
        throw fail(
            "\(input.file):\(line): error: more than \(RowIdentity.maximumRows) different rows without an id: give `id` in the map, "
                + "from the table's key", Exit.limitExceeded)
    }
}
