internal import Access

extension Setting {
    /// Access over HTTP.
    public static let access: [Setting] = [
        Setting(
            "access-users", .serve,
            "File of users who log in with a password (`standing access users`). Not every user of the machine may read it.",
            otherwise: "none, and nobody logs in"),
        Setting(
            "access-issuer", .serve, "The issuer (iss) whose tokens are accepted.",
            otherwise: "none, and no token is accepted"),
        Setting("access-audience", .serve, "What tokens must be made for (aud).", otherwise: "none"),
        Setting(
            "access-keys", .serve,
            """
            The issuer's public keys: a JSON Web Key Set or PEM, as a file, or as a https URL, which is asked every five minutes \
            and when a token names another key.
            """, otherwise: "none"),
        Setting(
            "access-algorithms", .serve,
            """
            The algorithms that tokens may be signed with, with commas between them: RS256, RS384, RS512, PS256, PS384, PS512, ES256, \
            ES384, ES512, EdDSA; HS256, HS384 and HS512 with a secret in a file.
            """,
            standard: "RS256,ES256"),
        Setting(
            "access-roles-claim", .serve,
            """
            The claim with the caller's roles, or the path to it, such as realm_access.roles: subject, viewer, analyst, reviewer, \
            operator, auditor, service.
            """,
            standard: "roles"),
        Setting(
            "access-subject-claim", .serve,
            "The claim with the id of the subject that a caller with the role subject is.",
            otherwise: "none, and no token is of a subject"),
        Setting(
            "session-key", .serve,
            "File with the secret of sessions, at least 32 random bytes. Members with the same accept each other's sessions.",
            otherwise: "a random one, and sessions are of one member until it ends"),
        Setting(
            "rate-limit", .serve, "Requests a second of each caller; 0 for no limit.",
            otherwise:
                "\(Int(AccessConfiguration.standardRequestsPerSecond)), or none where neither users nor an issuer are given"
        ),
        Setting(
            "tls-certificate", .serve,
            "File with the server's certificate in PEM, and after it those of its issuers: HTTP is spoken over TLS.",
            otherwise: "none, and HTTP is not encrypted",
            others: "those that ask members"),
        Setting(
            "tls-key", .serve,
            "File with the certificate's private key in PEM. Not every user of the machine may read it.",
            otherwise: "none"),
    ]
}
