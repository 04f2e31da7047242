import Foundation
import Quickstart
import Testing

struct TownPolicyTests {
    private static let file = URL(filePath: #filePath)
        .appending(path: "../../../deploy/policies/town/town.yaml").standardized

    @Test func theProgramCarriesTheShippedPolicy() throws {
        #expect(
            try TownPolicy.text == String(contentsOf: Self.file, encoding: .utf8),
            "deploy/policies/town/town.yaml is not as in Sources/Quickstart/TownPolicy.swift")
    }
}
