internal import JWTKit

/// How a token is signed (RFC 7518 and RFC 8037). There is no `none`.
public enum SignatureAlgorithm: String, CaseIterable, Sendable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case eddsa = "EdDSA"
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"

    /// The kind of key. Each algorithm has keys of one kind: a public key cannot serve as a shared secret.
    enum Family { case rsa, pss, ecdsa, eddsa, shared }

    var family: Family {
        switch self {
        case .rs256, .rs384, .rs512: .rsa
        case .ps256, .ps384, .ps512: .pss
        case .es256, .es384, .es512: .ecdsa
        case .eddsa: .eddsa
        case .hs256, .hs384, .hs512: .shared
        }
    }

    var digest: DigestAlgorithm {
        switch self {
        case .rs384, .ps384, .es384, .hs384: .sha384
        case .rs512, .ps512, .es512, .hs512: .sha512
        default: .sha256
        }
    }

    /// The curve of the algorithm's keys (`crv`); nil if its keys have none.
    var curve: String? {
        switch self {
        case .es256: "P-256"
        case .es384: "P-384"
        case .es512: "P-521"
        case .eddsa: "Ed25519"
        default: nil
        }
    }

    /// The length of a shared secret is at least that of the hash.
    var minimumSecretBytes: Int {
        switch self {
        case .hs384: 48
        case .hs512: 64
        default: 32
        }
    }
}
