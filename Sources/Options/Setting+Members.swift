extension Setting {
    /// Authentication between members.
    public static let members: [Setting] = [
        Setting(
            "member-secret", .serve,
            """
            File with a secret that all members have, at least 32 random bytes: it proves who sends a request on, and for whom, and who \
            announces an address. Not every user of the machine may read it.
            """, otherwise: "none, and with access configured no request is sent on",
            others: "those that ask members about the policy in the shadow")
    ]
}
