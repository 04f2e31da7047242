import Foundation
import Policy
import Replay
import Testing

/// Public rule books, written down as policies with cases: licence points of several countries, standards of sellers and hosts,
/// tiers of loyalty programmes, fines of libraries, credit files, court lists.
///
/// What cannot be said: points that come back after so long without an offence (France, Italy, Spain); business days; a term in
/// matches or lessons instead of days; a standard that is looked at once a quarter only.
@Suite struct RuleBookTests {
    private static let folder = URL(filePath: #filePath).appending(path: "../../RuleBooks").standardized

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") && !$0.hasSuffix("-cases.yaml") }.map { String($0.dropLast(5)) }
            .sorted()
    }()

    private static func text(_ file: String) throws -> String {
        try String(contentsOf: folder.appending(path: file), encoding: .utf8)
    }

    @Test func thereAreTwenty() { #expect(Self.names.count == 20) }

    @Test(arguments: names) func aRuleBookDoesWhatItSays(name: String) throws {
        let policy = try Self.text("\(name).yaml")
        #expect(try PolicyFormat.formatted(policy, file: name) == policy)
        let file = try PolicyCaseFile(yaml: Self.text("\(name)-cases.yaml"), file: "\(name)-cases.yaml") { path in
            #expect(path == "\(name).yaml")
            return try ScoringPolicy(yaml: policy, file: path)
        }
        #expect(file.policy.id == name)
        #expect(!PolicyExplanation(file.policy).text.isEmpty)
        let runner = PolicyCaseRunner(policy: file.policy)
        for example in file.cases {
            let result = runner.run(example)
            #expect(result.hasPassed, "\(result.name)\n\(result.difference.joined(separator: "\n"))")
        }
    }
}
