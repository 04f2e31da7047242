import Foundation
import Testing
import Yams

/// The files of `deploy/` that a company deploys, read as what reads them reads them.
enum DeployFolder {
    static let root = Package.root.appending(path: "deploy")
    /// Policies have tests of their own, and the others are programs.
    private static let left: Set = [
        "install", "install-standing", "newcomer", "package", "policies", "quickstart", "test",
    ]

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).standardized.path)
    }

    /// Every file that is deployed, by its path below `deploy/`.
    static func files() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root.path).sorted().filter { path in
            guard let first = path.split(separator: "/").first, !left.contains(String(first)) else { return false }
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: root.appending(path: path).path, isDirectory: &isFolder)
            return !isFolder.boolValue
        }
    }

    /// The documents of a YAML file.
    static func documents(_ path: String) throws -> [Document] {
        try Yams.load_all(yaml: try text(path)).map { Document($0) }.filter { !$0.isMissing }
    }

    static func document(_ path: String) throws -> Document { try #require(try documents(path).first) }

    static let units = ["standing", "standing-perks", "standing-blacklist", "standing-lag"].map {
        "systemd/\($0).service"
    }
    static let dashboards = ["overview", "lag", "ledger", "people"].map { "monitoring/grafana/dashboards/\($0).json" }
    static let manifests = ["topics", "members", "perks", "blacklist", "lag", "network", "namespace"]
        .map { "kubernetes/base/\($0).yaml" }
}

/// A value of YAML or JSON; what is not there is missing, at any depth.
struct Document {
    let value: Any?

    init(_ value: Any?) { self.value = value is NSNull ? nil : value }

    subscript(key: String) -> Document { Document((value as? [String: Any])?[key]) }
    subscript(index: Int) -> Document { Document(items.indices.contains(index) ? items[index].value : nil) }

    var isMissing: Bool { value == nil }
    var items: [Document] { (value as? [Any] ?? []).map { Document($0) } }
    var keys: [String] { (value as? [String: Any] ?? [:]).keys.sorted() }
    var number: Int? { value as? Int }
    var flag: Bool? { value as? Bool }
    /// A text, or a number as it is written.
    var text: String? { value as? String ?? number.map { "\($0)" } }
    var texts: [String] { items.compactMap(\.text) }

    /// Every mapping in it, itself among them.
    var mappings: [Document] {
        if let mapping = value as? [String: Any] { return [self] + mapping.values.flatMap { Document($0).mappings } }
        return items.flatMap(\.mappings)
    }
}

/// What `--experimental-dump-help` tells of the program.
struct ProgramHelp: Decodable {
    struct Command: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                let kind: String
                let name: String
            }
            let names: [Name]?
        }
        let commandName: String
        let arguments: [Argument]?
        let subcommands: [Command]?

        var flags: Set<String> {
            Set((arguments ?? []).flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map { "--" + $0.name })
        }
        var everyFlag: Set<String> { (subcommands ?? []).reduce(into: flags) { $0.formUnion($1.everyFlag) } }
    }
    let command: Command

    static func read() async throws -> ProgramHelp {
        try JSONDecoder().decode(
            ProgramHelp.self, from: Data(try await standing("--experimental-dump-help").output.utf8))
    }

    /// What is wrong with the words after `standing`; nil if the program would know its command and flags.
    func mistake(in words: [String]) -> String? {
        var command = command
        var rest = words[...]
        while let name = rest.first, let next = command.subcommands?.first(where: { $0.commandName == name }) {
            (command, rest) = (next, rest.dropFirst())
        }
        if command.subcommands?.isEmpty == false, let name = rest.first, !name.hasPrefix("-") {
            return "no command is called \(name)"
        }
        for word in rest where word.hasPrefix("--") {
            let flag = String(word.prefix { $0 != "=" })
            if !command.flags.contains(flag), flag != "--version" { return "\(command.commandName) has no \(flag)" }
        }
        return nil
    }
}
