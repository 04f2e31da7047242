/// A certificate of `localhost` and its key, made for tests and nothing else.
enum TestCertificate {
    /// From 2020 to 2120.
    static let certificate = """
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

    /// Of `certificate`.
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgluGKaD8RYCfBqmyg
        kbE1hboYoy6AYj2nVpPrbbB5A8ChRANCAASFcnUl9Ykd+daL/QLz6RTegYiOitLt
        Q7sXUMc6QDCy3fTx3XX+L3+spjrd2ixd700rTN92cP5qcnUbsePS2c0R
        -----END PRIVATE KEY-----

        """
}
