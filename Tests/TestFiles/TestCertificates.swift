/// Certificates and keys of tests, made for nothing else. All are of `localhost` and of P-256.
public enum TestCertificates {
    /// From 2020 to 2120.
    public static let first = """
        -----BEGIN CERTIFICATE-----
        MIIBWDCB/6ADAgECAgEDMAoGCCqGSM49BAMCMBAxDjAMBgNVBAMMBWZpcnN0MCAX
        DTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAQMQ4wDAYDVQQDDAVmaXJz
        dDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIVydSX1iR351ov9AvPpFN6BiI6K
        0u1DuxdQxzpAMLLd9PHddf4vf6ymOt3aLF3vTStM33Zw/mpydRux49LZzRGjSDBG
        MBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQW
        BBRoqLIlTzsDOv93O+gWrfGXJ4VtuTAKBggqhkjOPQQDAgNIADBFAiB3tUW4x9k2
        rkbhboabhJLdQAIm7nipfJY2/WJOf867ZAIhAMGd/tToCVUQsoTh3yvOdOerY9is
        0IXm0Ecd1b2TIRpk
        -----END CERTIFICATE-----

        """

    /// Of `first`.
    public static let firstKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgluGKaD8RYCfBqmyg
        kbE1hboYoy6AYj2nVpPrbbB5A8ChRANCAASFcnUl9Ykd+daL/QLz6RTegYiOitLt
        Q7sXUMc6QDCy3fTx3XX+L3+spjrd2ixd700rTN92cP5qcnUbsePS2c0R
        -----END PRIVATE KEY-----

        """

    /// From 2020 to 2120.
    public static let second = """
        -----BEGIN CERTIFICATE-----
        MIIBWzCCAQGgAwIBAgIBBDAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZzZWNvbmQw
        IBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBExDzANBgNVBAMMBnNl
        Y29uZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABG4u2JpVf8UqcjjuRn2JaYtO
        dEtMGsF4KH+64AhtRsbrGOTGlOMtCkRxuLzSoe4Mt39tfFrrdGsOnbl38C76dpij
        SDBGMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAPBgNVHRMBAf8EBTADAQH/MB0GA1Ud
        DgQWBBRllEbuuLvexnSH0k16MN4a7kB+wDAKBggqhkjOPQQDAgNIADBFAiEAyxaO
        Q4wp07WzDszcqSnna80g/oLfrqznSTchGN2SllcCIEQ10/gwt0/sw0MP2IudlXH0
        SPAcPeZYkceg0g22fd5H
        -----END CERTIFICATE-----

        """

    /// Of `second`.
    public static let secondKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg38R0RFZ9kMB1i+oy
        ZpUhtkxgXZUPVweRzcX7O+PsESGhRANCAARuLtiaVX/FKnI47kZ9iWmLTnRLTBrB
        eCh/uuAIbUbG6xjkxpTjLQpEcbi80qHuDLd/bXxa63RrDp25d/Au+naY
        -----END PRIVATE KEY-----

        """

    /// From 2020 to 2021.
    public static let expired = """
        -----BEGIN CERTIFICATE-----
        MIIBCzCBsgIBATAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdleHBpcmVkMB4XDTIw
        MDEwMTAwMDAwMFoXDTIxMDEwMTAwMDAwMFowEjEQMA4GA1UEAwwHZXhwaXJlZDBZ
        MBMGByqGSM49AgEGCCqGSM49AwEHA0IABMdF8fYdtahZ594ZfC81cLqUPs02DnFq
        0An4pRNMRyRJ3HYhMwYs0rlkyfIHrrQjkP2uKAJ3WZ23YPBp5Tv9WWEwCgYIKoZI
        zj0EAwIDSAAwRQIhAInohpXEALvp1cD5JDGviHp5BLZRYZLRbCoBOEgNVVQVAiAU
        woRXI7Ws9yD6jvDWpE+3y+0qIeE+41BxcCDHs24Cmw==
        -----END CERTIFICATE-----

        """

    /// From 2099 on.
    public static let future = """
        -----BEGIN CERTIFICATE-----
        MIIBDTCBtAIBAjAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZmdXR1cmUwIhgPMjA5
        OTAxMDEwMDAwMDBaGA8yMTk5MDEwMTAwMDAwMFowETEPMA0GA1UEAwwGZnV0dXJl
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHFix560n/I5m+f9UazRJ2TMDTGc1
        Sj+kS9bvi5cU1kXjShPrzXEmshcVT1DMaZljuP+71KZpmbxOzz4B5LVDmjAKBggq
        hkjOPQQDAgNIADBFAiBcsC+LTuGcW+VDUYuBLTQb1N8/SIeHwkHTSuIqalL4yQIh
        ALgCl9jq6KVH6ar8PIQMWMf37ZLgaAweYZGwCjF7fmtZ
        -----END CERTIFICATE-----

        """

    /// Of `first`, with a password.
    public static let lockedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjBKexGUYi59AICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHSBBxA2xH217PZj9C0GjYEEgZD5
        7PhEAwFcWqZDl5VDnvRUeWbN3H6dpxEu+8qfL5GOben36Yvx3xYRlRtzAZPHKgEr
        e/FQZEsfR9J9P2x4sxH14gLorxURJlUYML5FYePFHuMSGeIZrxXqJbI3M/l9TwBx
        juX6Qxq4VfGn3jQIfTKVHhLLuwIQhxcGCo5du8s0pOFUah2QBpOXvk8L7oQuCcY=
        -----END ENCRYPTED PRIVATE KEY-----

        """
}
