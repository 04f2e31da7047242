internal import Foundation

/// A JSON Web Signature in its compact form (RFC 7515): header, payload and signature in base64url, with dots between them. The JSON
/// forms are refused.
struct SignedToken {
    /// A token's first part. It is not trusted before the signature is verified, and it refers to a key only by its id.
    private struct Header: Decodable {
        let alg: String
        let kid: String?
        let typ: String?
        let crit: [String]?
    }

    /// A longer token is refused before it is decoded.
    static let maximumBytes = 8 << 10
    /// No key has a longer `kid`.
    private static let maximumIDBytes = 256

    let algorithm: SignatureAlgorithm
    let keyID: String?
    /// The `typ`; nil if the token has none.
    let type: String?
    let payload: [UInt8]
    private let signed: [UInt8]
    private let signature: [UInt8]

    init(_ text: String) throws(TokenRefusal) {
        guard text.utf8.count <= Self.maximumBytes else { throw .tooLong }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64.bytes(parts[0]), let payload = Base64.bytes(parts[1]),
            let signature = Base64.bytes(parts[2]),
            let header = try? JSONDecoder().decode(Header.self, from: Data(head)),
            header.kid?.utf8.count ?? 0 <= Self.maximumIDBytes
        else { throw .malformed }
        // Extensions in `crit` must be supported, and none is.
        guard header.crit == nil else { throw .malformed }
        guard let algorithm = SignatureAlgorithm(rawValue: header.alg) else { throw .wrongAlgorithm }
        (self.algorithm, keyID, type) = (algorithm, header.kid, header.typ)
        (self.payload, self.signature) = (payload, signature)
        signed = Array(text.utf8.prefix(parts[0].count + 1 + parts[1].count))
    }

    func verify(by keys: TokenKeys) throws(TokenRefusal) {
        let candidates = keys.candidates(id: keyID, algorithm: algorithm)
        guard !candidates.isEmpty else {
            throw keys.keys.contains { $0.algorithm == algorithm } ? .unknownKey : .wrongAlgorithm
        }
        guard candidates.contains(where: { $0.signs(signed, with: signature) }) else { throw .badSignature }
    }
}
