extension Setting {
    /// Authentication between members.
    public static let members: [Setting] = [
        Setting(
            "member-secret", .serve,
            """
            File with a secret that all members have, at least 32 random bytes: it proves who sends a request on, and for whom, and who \
            announces an address. Not every user of the machine may read it.
            """, otherwise: "none, and with access configured no request is sent on",
            others: "those that ask members"),
        Setting(
            "member-ca", .serve,
            """
            File with the authorities in PEM that sign the members' certificates: where HTTP is spoken over TLS, only these are trusted when a \
            member asks another one.
            """, otherwise: "those of the machine", others: "those that ask members"),
    ]
}
