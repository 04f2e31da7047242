internal import ArgumentParser
internal import Events
public import Foundation
public import HTTP
internal import Kafka
internal import Policy
internal import Terminal
internal import Topics

/// The values of the settings that one command reads, each with its origin. The precedence is: flag, environment, file,
/// default.
public struct Settings {
    public struct Origin: Equatable, Sendable {
        public let text: String
        public static let flag = Origin(text: "flag")
        public static let environment = Origin(text: "environment")
        public static let standard = Origin(text: "default")
    }

    private var file: [String: (value: String, location: String)] = [:]
    private var fileKafka: [String: (value: String, location: String)] = [:]
    private let environment: [String: String]
    private var origins: [String: Origin] = [:]
    public private(set) var shown: [(name: String, value: String, origin: String)] = []

    /// Reads the configuration file. Ends the command with every mistake in it, and with every unknown variable of the
    /// environment that has our prefix. The readers of the settings check their values.
    public init(config path: String?, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        self.environment = environment
        try Self.checkVariables(environment)
        guard let path = path ?? environment["STANDING_CONFIG"] else { return }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw fail("\(path): error: cannot be read", Exit.usage)
        }
        let text: String
        do throws(YAMLMistakes) {
            text = try YAMLReader.text(of: bytes, file: path)
        } catch {
            throw fail(error.description, Exit.usage)
        }
        let reader = YAMLReader(text)
        if let root = reader.root,
            let mapping = reader.mapping(root, what: "the configuration", known: Setting.fileKeys)
        {
            for (name, _, value) in mapping.names { read(value, as: name, by: reader, of: path) }
        }
        guard reader.mistakes.isEmpty else {
            throw fail(YAMLMistakes(file: path, mistakes: reader.mistakes).description, Exit.usage)
        }
    }

    private static func checkVariables(_ environment: [String: String]) throws {
        let unknown = environment.filter {
            $0.key.hasPrefix(Setting.prefix) && !Setting.isKnown(variable: $0.key, value: $0.value)
        }
        guard !unknown.isEmpty else { return }
        let lines = unknown.keys.sorted().map { name in
            let nearest = YAMLReader.nearest(to: name, in: Setting.variables)
            let hint = nearest.map { "did you mean \($0)?" } ?? "`standing settings` lists those that there are"
            return "\(name) (environment): error: no setting has this name; \(hint)"
        }
        throw fail(lines.joined(separator: "\n"), Exit.usage)
    }

    /// A key at the top of the file.
    private mutating func read(_ value: YAMLReader.Value, as name: String, by reader: YAMLReader, of path: String) {
        func location(_ value: YAMLReader.Value) -> String { "\(path):\(value.line):\(value.column)" }
        let keys = Setting.fileKeys(under: name)
        if name == "kafka" {
            for item in reader.mapping(value, what: name, known: nil)?.names ?? [] {
                guard let text = reader.string(item.value, what: item.name) else { continue }
                fileKafka[item.name] = (text, location(item.value))
            }
        } else if !keys.isEmpty {
            for item in reader.mapping(value, what: name, known: keys)?.names ?? [] {
                guard let text = reader.string(item.value, what: item.name) else { continue }
                file["\(name).\(item.name)"] = (text, location(item.value))
            }
        } else if let text = reader.string(value, what: name) {
            file[name] = (text, location(value))
        }
    }

    /// A setting's value. `standard` replaces the table's default. Nil if no value is given and there is no default.
    public mutating func value(_ name: String, flag: String?, default standard: String? = nil) -> (
        value: String, origin: Origin
    )? {
        let setting = Setting.named(name)
        let found: (String, Origin)? =
            if let flag { (flag, .flag) } else if let text = environment[setting.variable] {
                (text, .environment)
            } else if let entry = file[name] {
                (entry.value, Origin(text: entry.location))
            } else if let standard = standard ?? setting.standard { (standard, .standard) } else { nil }
        guard let found else { return nil }
        origins[name] = found.1
        shown.append((name, setting.isSecret ? "(secret)" : found.0, found.1.text))
        return (value: found.0, origin: found.1)
    }

    /// Whether a setting that was read has a given value.
    public func isGiven(_ name: String) -> Bool { origins[name].map { $0 != .standard } ?? false }

    /// Whether a setting that was read is from a flag, and so for this process only. The environment and the file may
    /// also be for other processes.
    public func isFlag(_ name: String) -> Bool { origins[name] == .flag }

    /// A setting's text. Ends the command if it is empty.
    public mutating func text(_ name: String, flag: String?, default standard: String? = nil) throws -> String? {
        guard let (text, origin) = value(name, flag: flag, default: standard) else { return nil }
        guard !text.isEmpty else { throw fail("\(name) (\(origin.text)): error: the value is empty", Exit.usage) }
        return text
    }

    /// The parsed value of a setting; nil if it has no value. Ends the command, naming the origin, if it cannot be
    /// parsed.
    public mutating func parseIfGiven<Value>(
        _ name: String, flag: String?, default standard: String? = nil, expected: String, _ body: (String) -> Value?
    ) throws -> Value? {
        guard let (text, origin) = value(name, flag: flag, default: standard) else { return nil }
        guard let value = body(text) else {
            throw fail("\(name) (\(origin.text)): error: \"\(text)\" is not \(expected)", Exit.usage)
        }
        return value
    }

    /// The parsed value of a setting with a default.
    public mutating func parse<Value>(
        _ name: String, flag: String?, default standard: String? = nil, expected: String, _ body: (String) -> Value?
    ) throws -> Value {
        guard let value = try parseIfGiven(name, flag: flag, default: standard, expected: expected, body) else {
            preconditionFailure("\(name) has no default")
        }
        return value
    }

    /// The value of a setting that is true or false. Its flag can only make it true.
    public mutating func flag(_ name: String, _ isGiven: Bool) throws -> Bool {
        try parse(name, flag: isGiven ? "true" : nil, expected: "true or false") { Bool($0) }
    }

    /// The address of an HTTP server: the settings `http-host` and `http-port`, under a prefix such as `perks.`.
    public mutating func address(_ prefix: String, host: String?, port: String?) throws -> HTTPAddress {
        let host = try parse(prefix + "http-host", flag: host, expected: "an address") { $0.isEmpty ? nil : $0 }
        let port = try parse(prefix + "http-port", flag: port, expected: "a port from 0 to 65535") {
            Int($0).flatMap { (0...65535).contains($0) ? $0 : nil }
        }
        return HTTPAddress(host: host, port: port)
    }

    /// The librdkafka properties: of the file, then of `STANDING_KAFKA` (NAME=VALUE[,NAME=VALUE…]), then of flags.
    mutating func kafkaProperties(flags: [String]) throws -> [String: String] {
        let setting = Setting.named("kafka")
        var properties = fileKafka.mapValues(\.value)
        var origins = fileKafka.mapValues(\.location)
        let fromEnvironment = environment[setting.variable]?.split(separator: ",").map(String.init) ?? []
        let given = fromEnvironment.map { ($0, Origin.environment.text) } + flags.map { ($0, Origin.flag.text) }
        // `hidden`: by name, the number of the item in the environment.
        var (isBehindSecret, hidden) = (false, [String: Int]())
        for (index, (text, origin)) in given.enumerated() {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                // It may be a password, so it is not shown.
                let number = origin == Origin.flag.text ? index - fromEnvironment.count : index
                throw fail("kafka (\(origin)): error: item \(number + 1) is not NAME=VALUE", Exit.usage)
            }
            let name = String(text[..<equals])
            // An item after a secret may be the rest of it, after a comma.
            if origin == Origin.environment.text {
                if isBehindSecret { hidden[name] = index + 1 }
                isBehindSecret = isBehindSecret || KafkaConfiguration.isSecret(name)
            }
            properties[name] = String(text[text.index(after: equals)...])
            origins[name] = origin
        }
        do {
            try KafkaConfiguration.check(properties)
        } catch {
            if let item = hidden[error.target], origins[error.target] == Origin.environment.text {
                throw fail(
                    "kafka (\(Origin.environment.text)): error: item \(item) is no property that librdkafka takes; a value with a "
                        + "comma goes under kafka: in the configuration file", Exit.usage)
            }
            throw fail("kafka.\(error.target) (\(origins[error.target] ?? "")): error: \(error.message)", Exit.usage)
        }
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            let isSecret = setting.isSecret && KafkaConfiguration.isSecret(name)
            shown.append(("kafka.\(name)", isSecret ? "(secret)" : value, origins[name] ?? ""))
        }
        return properties
    }

    /// Prints the settings that were read, one per line, for `--show-config`.
    public func show() {
        for (name, value, origin) in shown { print("\(name): \(value)    # \(origin)".printable()) }
    }

    /// `512M`, `4G`: with K, M or G for powers of 1024.
    public static func bytes(_ text: String) -> Int64? {
        for (suffix, unit) in [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)] as [(String, Int64)]
        where text.hasSuffix(suffix) {
            guard let number = Int64(text.dropLast()), (1...Int64(1 << 30)).contains(number) else { return nil }
            return number * unit
        }
        return nil
    }

    /// A duration such as `10s`, `500ms`, `5m`, `2h`, in microseconds.
    public static func duration(_ text: String) -> Int64? {
        for (suffix, unit) in [("ms", 1000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)]
            as [(String, Int64)]
        where text.hasSuffix(suffix) {
            guard let number = Double(text.dropLast(suffix.count)), number >= 0, number < 1e6 else { continue }
            return Int64(number * Double(unit))
        }
        return nil
    }
}
