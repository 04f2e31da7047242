internal import Events
internal import Foundation
internal import GRDB

extension TableInput {
    /// The statement for all rows of a table.
    public static func statement(table: String) -> String { "SELECT * FROM \"\(table.replacing("\"", with: "\"\""))\"" }

    /// A row's line is its number, from 1. Integers and reals become numbers, texts become strings, and blobs become
    /// base64.
    func forEachRowOfSQLite(_ body: (TableInput.Row) throws -> Void) throws {
        do {
            guard FileManager.default.isReadableFile(atPath: file) else {
                throw Failure(description: "\(file): error: cannot be read")
            }
            var configuration = Configuration()
            configuration.readonly = true
            let database = try DatabaseQueue(path: file, configuration: configuration)
            try database.read { database in
                let statement = try database.makeStatement(sql: query)
                let columns = statement.columnNames
                guard statement.isReadonly, !columns.isEmpty else { throw Failure(description: noSelect) }
                let cursor = try GRDB.Row.fetchCursor(statement)
                if let twice = columns.indices.first(where: { columns[..<$0].contains(columns[$0]) }) {
                    throw Failure(description: "\(file): error: two columns have the name \"\(columns[twice])\"")
                }
                try body(.columns(columns))
                var json = ByteWriter()
                var number = 0
                while let row = try cursor.next() {
                    number += 1
                    let defect = try Self.write(row, columns, &json)
                    try body(
                        defect.map { .refused(line: number, message: $0) } ?? .row(line: number, json: json.bytes))
                }
            }
        } catch let error as DatabaseError {
            let message = error.message ?? "\(error.resultCode)"
            let isMany = message.hasPrefix("Multiple statements")
            throw Failure(description: isMany ? noSelect : "\(file): error: \(message)")
        }
    }

    private var noSelect: String { "\(file): error: --query is one SELECT" }

    /// Returns why JSON has no such value; nil if it has.
    private static func write(_ row: GRDB.Row, _ columns: [String], _ json: inout ByteWriter) throws -> String? {
        json.removeAll()
        json.append(byte: UInt8(ascii: "{"))
        for (index, name) in columns.enumerated() {
            if index > 0 { json.append(byte: UInt8(ascii: ",")) }
            json.append(jsonString: name)
            json.append(byte: UInt8(ascii: ":"))
            let value: DatabaseValue = row[index]
            switch value.storage {
            case .null: json.append("null")
            case .int64(let number): json.append(decimal: number)
            case .double(let number):
                guard number.isFinite else { return "a number that is infinite" }
                json.append(number.description)
            case .string:
                // The value ends at its first NUL, and has another character for what is not UTF-8.
                let isText = try row.withUnsafeData(atIndex: index) { bytes in
                    guard let bytes, String(validating: bytes, as: UTF8.self) != nil else { return false }
                    bytes.withUnsafeBytes { json.append(jsonString: $0) }
                    return true
                }
                guard isText else { return "column \(name) has a text that is not UTF-8" }
            case .blob(let data): json.append(jsonString: data.base64EncodedString())
            }
        }
        json.append(byte: UInt8(ascii: "}"))
        return nil
    }
}
