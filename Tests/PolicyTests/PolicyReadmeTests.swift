import Foundation
import Policy
import Testing

/// The examples of deploy/policies/README.md compile.
@Suite struct PolicyReadmeTests {
    private static let readme = URL(filePath: #filePath).appending(path: "../../../deploy/policies/README.md")
        .standardized

    @Test func everyPolicyIsGood() throws {
        let text = try String(contentsOf: Self.readme, encoding: .utf8)
        let blocks = text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        let policies = blocks.filter { $0.contains("\nscore:") }
        #expect(!policies.isEmpty)
        for policy in policies {
            #expect(try PolicyReview(yaml: policy, file: "README.md").lines() == [])
        }
    }
}
