extension MemberSecret {
    /// Reads a file that `--member-secret` names.
    public init(file path: String) throws(AccessMistake) {
        let file = SettingFile(path: path, setting: "--member-secret", isSecret: true)
        let bytes = try file.read(limit: Self.maximumBytes).bytes
        guard let secret = MemberSecret(bytes), Set(bytes).count > Self.minimumBytes / 4 else {
            throw file.mistake(
                "is no secret: it has at least \(Self.minimumBytes) random bytes; write it with "
                    + "`(umask 077; openssl rand -base64 48 > \(path))`")
        }
        self = secret
    }
}

extension MemberSecret {
    /// The mask that all members with this secret have.
    public var mask: SubjectMask {
        // The code has `SubjectMask.secretBytes` bytes.
        SubjectMask(secret: code(of: [], for: "standing-mask")) ?? SubjectMask()
    }
}
