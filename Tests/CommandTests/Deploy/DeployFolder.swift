import Foundation
import Testing
import Yams

/// The files of `deploy/` that a company deploys, read as what reads them reads them.
enum DeployFolder {
    static let root = Package.root.appending(path: "deploy")
    /// Policies have tests of their own, and the others are programs or pictures.
    private static let left: Set = [
        "install", "install-standing", "man-pages", "newcomer", "package", "pictures", "policies", "quickstart", "test",
        "test-package",
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
