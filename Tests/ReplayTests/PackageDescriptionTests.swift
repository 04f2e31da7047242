import Foundation
import Testing

/// `Package.swift` lists for each target only what its files import. The build refuses an import that is not listed.
@Suite struct PackageDescriptionTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardized

    /// The other module of a product, which a target may import instead.
    private static let inner = ["Yams": "CYaml"]

    /// The constants of `Package.swift` that are products of other packages, with the module of each.
    private func products(in description: String) -> [String: String] {
        var modules: [String: String] = [:]
        for match in description.matches(of: /let (\w+) = Target\.Dependency\.product\(name: "(\w+)"/) {
            modules[String(match.1)] = String(match.2)
        }
        return modules
    }

    /// By target with Swift files, the modules that it lists.
    private func listed(in description: String) -> [String: [String]] {
        let products = products(in: description)
        var targets: [String: [String]] = [:]
        let lists = /(?:(?:room|tests)\(|name:)\s*"(\w+)",\s*(?:dependencies: )?\[([^\]]*)\]/
        for match in description.matches(of: lists) {
            targets[String(match.1)] = match.2.split(separator: ",").map { item in
                let name = item.trimmingCharacters(in: .whitespacesAndNewlines.union(["\""]))
                return products[name] ?? name
            }.filter { !$0.isEmpty }
        }
        return targets
    }

    /// The modules that Swift files below a folder import.
    private func imported(below folder: URL) throws -> Set<String> {
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var modules: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            modules.formUnion(imports(in: try String(contentsOf: file, encoding: .utf8)))
        }
        return modules
    }

    private func imports(in code: String) -> [String] {
        code.matches(of: /(?m)^ *(?:@\w+ )?(?:\w+ )?import (?:struct |class |enum |protocol |func )?(\w+)/)
            .map { String($0.1) }
    }

    @Test func everyListedDependencyIsImported() throws {
        let description = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        let targets = listed(in: description)
        #expect(targets["standing"]?.contains("ArgumentParser") == true, "the description is read as it is meant")
        #expect(targets.count > 45)
        for (target, modules) in targets.sorted(by: { $0.key < $1.key }) {
            let parent = target.hasSuffix("Tests") ? "Tests" : "Sources"
            let imported = try imported(below: Self.root.appending(path: "\(parent)/\(target)"))
            let unused = modules.filter { !imported.contains($0) && !imported.contains(Self.inner[$0] ?? $0) }
            #expect(unused == [], "\(target) imports them nowhere")
        }
    }

    @Test func everyProductIsADependencyOfATarget() throws {
        let description = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        let products = products(in: description)
        #expect(products.count > 10)
        let used = Set(listed(in: description).values.joined())
        let unused = products.values.filter { !used.contains($0) }
        #expect(unused == [])
        for match in description.matches(of: /\.package\(url: "[^"]*\/([\w.-]+)"/) {
            #expect(description.contains(#"package: "\#(match.1)")"#), "no product of \(match.1) is used")
        }
    }

    @Test func aDescriptionIsReadAsItIsMeant() {
        let description = """
            let yams = Target.Dependency.product(name: "Yams", package: "Yams")
            room("Simulation"),
            room(
                "Policy",
                [
                    "Events", yams,
                ]),
            .executableTarget(
                name: "standing",
                dependencies: ["Policy"],
            """
        #expect(listed(in: description) == ["Policy": ["Events", "Yams"], "standing": ["Policy"]])
        let code = """
            import Foundation
            public import Events
            #if os(Linux)
                internal import struct CLZ4.Frame
            #endif
            @testable import Policy
            // Without import Ledger
            """
        #expect(imports(in: code) == ["Foundation", "Events", "CLZ4", "Policy"])
    }
}
