import Foundation
import Policy
import Replay
import Testing

/// The cases of the sample policies pass: they are the documentation of what the samples do.
@Suite struct PolicyCaseSamplesTests {
    private static let policies = URL(filePath: #filePath).appending(path: "../../../deploy/policies").standardized

    @Test(arguments: ["town", "loyalty", "licence", "drive", "market", "credit"])
    func everyCasePasses(name: String) throws {
        let folder = Self.policies.appending(path: "\(name)/cases")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        var count = 0
        for file in files {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            #expect(PolicyCaseFile.Content(of: text) == .cases)
            let cases = try PolicyCaseFile(yaml: text, file: "\(name)/cases/\(file)") { path in
                let policy = folder.appending(path: path).standardized
                return try ScoringPolicy(yaml: String(contentsOf: policy, encoding: .utf8), file: policy.path)
            }
            #expect(cases.policy.id == name)
            let runner = PolicyCaseRunner(policy: cases.policy)
            for example in cases.cases {
                let result = runner.run(example)
                #expect(
                    result.hasPassed,
                    "\(result.file):\(result.line): \(result.name)\n\(result.difference.joined(separator: "\n"))")
                count += 1
            }
        }
        #expect(count >= 8)
    }

    /// Each rule, perk and sanction of a sample has a case in which it does something.
    @Test(arguments: ["town", "loyalty", "licence", "drive", "market", "credit"])
    func everyPartIsInACase(name: String) throws {
        let folder = Self.policies.appending(path: name)
        let text = try String(contentsOf: folder.appending(path: "\(name).yaml"), encoding: .utf8)
        let policy = try ScoringPolicy(yaml: text, file: "\(name).yaml")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "cases").path)
        let all = try files.map { try String(contentsOf: folder.appending(path: "cases/\($0)"), encoding: .utf8) }
            .joined()
        func isThere(_ text: String) -> Bool { all.contains(text) }
        for rule in policy.rules where !rule.isOverMeasures {
            #expect(rule.events.contains { isThere("event: \($0.stem)\($0.isPrefix ? "" : ",")") }, "\(rule.id)")
        }
        for rule in policy.rules { #expect(isThere("\(rule.id) +") || isThere("\(rule.id) -"), "\(rule.id)") }
        for perk in policy.perks { #expect(isThere("perk: \(perk.id), state: granted"), "\(perk.id)") }
        for sanction in policy.sanctions {
            #expect(isThere("sanction: \(sanction.id), state: lifted"), "\(sanction.id)")
        }
    }
}
