internal import Events
internal import Foundation
public import Logging

/// Structured logs on standard error, one line each: text for people or JSON for collectors. Lines that cannot be
/// written are lost and counted (`StandardError`): logging never ends or blocks the process.
public struct LineLogHandler: LogHandler {
    public enum Format: String, Sendable { case text, json }

    public let label: String
    public let format: Format
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]

    public init(label: String, format: Format, logLevel: Logger.Level) {
        self.label = label
        self.format = format
        self.logLevel = logLevel
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        StandardError.write(line(event.level, "\(event.message)", merged)) { lost in
            line(.warning, "log lines were lost", [("lines", "\(lost)")])
        }
    }

    private func line(
        _ level: Logger.Level, _ message: String, _ metadata: [(key: String, value: Logger.MetadataValue)]
    ) -> [UInt8] {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let time = Timestamp(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
        let text: String
        switch format {
        case .text: text = "\(time) \(level.rawValue) \(message)" + metadata.map { " \($0)=\($1)" }.joined()
        case .json:
            var writer = JSONWriter()
            writer.open()
            writer.member("time", time)
            writer.member("level", level.rawValue)
            writer.member("logger", label)
            writer.member("message", message)
            for (key, value) in metadata { writer.member(key, "\(value)") }
            writer.close()
            text = writer.text
        }
        // Unprintable characters that remain in a JSON string have the same escapes there.
        return Array((text.printable() + "\n").utf8)
    }
}
