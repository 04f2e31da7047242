public import ArgumentParser
internal import Events
internal import Foundation
public import Mapping
internal import Replay

/// A table in a file: its format, and its rows as JSON.
public struct TableInput {
    public enum Format: String, EnumerableFlag {
        case csv, jsonl, sqlite

        public static func help(for value: Format) -> ArgumentHelp? {
            switch value {
            case .csv:
                "Comma-separated values (RFC 4180); the first row names the columns. Default: by the file's name."
            case .jsonl: "JSON lines, plain or .gz."
            case .sqlite: "A database of SQLite: --table or --query."
            }
        }

        /// The format by the file's name; nil if it is unknown.
        public init?(path: String) {
            let name = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
            switch URL(filePath: name).pathExtension.lowercased() {
            case "csv", "tsv", "txt": self = .csv
            case "jsonl", "ndjson", "json": self = .jsonl
            case "sqlite", "sqlite3", "db": self = .sqlite
            default: return nil
            }
        }
    }

    public enum Row {
        /// The names of the columns, before the first row, if the table has them.
        case columns([String])
        /// Valid during the call.
        case row(line: Int, json: UnsafeRawBufferPointer)
        /// This row cannot be read, but the next can.
        case refused(line: Int, message: String)
    }

    /// The rest of the table cannot be read.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    let file: String
    let format: Format
    public var delimiter = UInt8(ascii: ",")
    public var encoding = CSVEncoding.utf8
    /// The query of an SQLite file.
    public var query = ""

    public init(file: String, format: Format) { (self.file, self.format) = (file, format) }

    /// All options that decide about the rows, beside the file's content.
    var manner: String { "\(format.rawValue) \(delimiter) \(encoding.rawValue) \(query)" }

    /// Calls `body` with the rows in their order. Throws `Failure` and the errors of `body`.
    func forEachRow(_ body: (Row) throws -> Void) throws {
        switch format {
        case .csv: try forEachRowOfCSV(body)
        case .jsonl: try forEachLine(body)
        case .sqlite: try forEachRowOfSQLite(body)
        }
    }

    private func forEachRowOfCSV(_ body: (Row) throws -> Void) throws {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(errno) }
        defer { close(descriptor) }
        do {
            let reader = try CSVReader(delimiter: delimiter, encoding: encoding) { buffer in
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                guard count >= 0 else { throw unreadable(errno) }
                return count
            }
            try body(.columns(reader.columns))
            var json = ByteWriter()
            while true {
                let row: Row
                do {
                    guard let line = try reader.next(into: &json) else { return }
                    row = .row(line: line, json: json.bytes)
                } catch let failure as CSVReader.Failure where failure.isOneRow {
                    row = .refused(line: failure.line, message: failure.message)
                }
                try body(row)
            }
        } catch let failure as CSVReader.Failure {
            throw Failure(description: "\(file):\(failure.line): error: \(failure.message)")
        }
    }

    private func unreadable(_ code: Int32) -> Failure {
        Failure(description: "\(file): error: cannot be read: \(String(cString: strerror(code)))")
    }

    private func forEachLine(_ body: (Row) throws -> Void) throws {
        do {
            let lines = try LineReader(file, maximumBytes: EventDecoder.maximumEventBytes)
            while true {
                let row: Row
                do {
                    guard let line = try lines.next() else { return }
                    guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) else { continue }
                    row = .row(line: lines.line, json: line)
                } catch let failure as LineReader.Failure where failure.isOneLine {
                    row = .refused(line: lines.line, message: failure.message)
                }
                try body(row)
            }
        } catch let failure as LineReader.Failure {
            throw Failure(description: failure.description)
        }
    }
}
