import Foundation
import Testing

@testable import Access

/// The vectors of Project Wycheproof for JSON Web Signatures: 401 cases.
struct WycheproofTests {
    private struct Vectors: Decodable {
        let numberOfTests: Int
        let testGroups: [Group]
    }

    private struct Group: Decodable {
        let `private`: [String: Value]
        let `public`: [String: Value]?
        let tests: [Case]
    }

    private struct Case: Decodable {
        let tcId: Int
        let comment: String
        let jws: String
        let result: String
    }

    /// A member of a key: a text or a list of texts.
    private enum Value: Codable {
        case text(String)
        case list([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let text = try? container.decode(String.self)
            self = try text.map { .text($0) } ?? .list(try container.decode([String].self))
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .list(let list): try container.encode(list)
            }
        }
    }

    private static let file = URL(filePath: #filePath)
        .appending(path: "../../../../shared/vectors/json_web_signature_test.json").standardized

    /// Valid cases whose key is for another algorithm than that of the token: `PS256` for `PS384`, and `ES521`, which does not exist. A key
    /// serves its own algorithm alone. Without its `alg` it verifies them.
    private static let ofAnotherAlgorithm: Set = [346, 347, 350, 351]
    /// Cases that are called valid, with a `?` in their base64url. RFC 7515 has no such character in it.
    private static let notBase64: Set = [372, 373]
    /// Cases that are called invalid, and are byte for byte the valid case 357: what was wrong with their padding is not in the file.
    private static let likeAValidOne: Set = [367, 370]

    private func isAccepted(_ jws: String, _ key: [String: Value]?) async -> Bool {
        guard let key, let json = try? JSONEncoder().encode(key),
            let keys = try? await TokenKeys(Array(json), for: SignatureAlgorithm.allCases, isPublic: false),
            let token = try? SignedToken(jws)
        else { return false }
        return (try? token.verify(by: keys)) != nil
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: file.path), "shared/ is not here"))
    func eachValidSignatureIsAcceptedAndEachInvalidOneRefused() async throws {
        let vectors = try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: Self.file))
        var count = 0
        for group in vectors.testGroups {
            // A shared secret has no public part.
            let key = group.public ?? group.private
            for test in group.tests {
                count += 1
                let accepted = await isAccepted(test.jws, key)
                if Self.ofAnotherAlgorithm.contains(test.tcId) {
                    #expect(!accepted, "\(test.tcId)")
                    #expect(await isAccepted(test.jws, key.filter { $0.key != "alg" }), "\(test.tcId)")
                } else if Self.notBase64.contains(test.tcId) {
                    #expect(!accepted, "\(test.tcId)")
                } else if Self.likeAValidOne.contains(test.tcId) {
                    #expect(
                        accepted && group.tests.contains { $0.result == "valid" && $0.jws == test.jws }, "\(test.tcId)")
                } else {
                    #expect(accepted == (test.result == "valid"), "\(test.tcId): \(test.comment)")
                }
            }
        }
        #expect(count == vectors.numberOfTests && count == 401)
    }
}
