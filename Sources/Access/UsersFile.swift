/// A person who logs in with a password.
public struct User: Hashable, Sendable {
    public var name: String
    public var roles: Set<Role>
    /// The own subject of a user with the role `subject`; nil if there is none.
    public var subject: [UInt8]?
    public var password: PasswordHash

    public init(name: String, roles: Set<Role>, subject: [UInt8]? = nil, password: PasswordHash) {
        (self.name, self.roles, self.subject, self.password) = (name, roles, subject, password)
    }

    public static let maximumNameBytes = 64

    /// 1 to 64 letters, digits, `.`, `_`, `@`, `+` and `-`.
    public static func isName(_ text: some StringProtocol) -> Bool {
        (1...maximumNameBytes).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "@"),
                    UInt8(ascii: "+"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// The users of a small team, one per line: name, roles with commas between them, subject or `-`, and the password's
/// hash, with spaces or tabs between them. In a subject's id each byte other than letters, digits and `._:~-` is
/// percent-encoded. Empty lines and lines that begin with `#` are comments.
///
///     anna reviewer,operator - $scrypt$ln=15,r=8,p=3$…$…
public struct UsersFile: Sendable {
    public static let maximumBytes = 1 << 20

    private enum Line: Sendable {
        case remark(String)
        case user(User)
    }

    private var lines: [Line] = []

    /// A file without users.
    public init() { lines = [.remark("# name roles subject password; change it with `standing access users`")] }

    /// Throws the first mistake, with the file and the line.
    public init(_ bytes: [UInt8], path: String) throws(AccessMistake) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw AccessMistake("\(path): error: not UTF-8: save the file as UTF-8")
        }
        var names: Set<String> = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let prefix = "\(path):\(index + 1): error: "
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
            guard let first = words.first, !first.hasPrefix("#") else {
                lines.append(.remark(String(line)))
                continue
            }
            guard words.count == 4 else {
                throw AccessMistake(
                    prefix + "a user has four words: NAME ROLE[,ROLE…] SUBJECT PASSWORD, - for no subject")
            }
            let user = try Self.user(words, prefix)
            guard names.insert(user.name).inserted else {
                throw AccessMistake(prefix + "there are two users of this name; remove one of them")
            }
            lines.append(.user(user))
        }
        if case .remark("")? = lines.last { lines.removeLast() }
    }

    private static func user(_ words: [Substring], _ prefix: String) throws(AccessMistake) -> User {
        guard User.isName(words[0]) else {
            throw AccessMistake(
                prefix + "a name has 1 to \(User.maximumNameBytes) letters, digits, '.', '_', '@', '+' and '-'")
        }
        let roles = words[1].split(separator: ",", omittingEmptySubsequences: false).map { Role(rawValue: String($0)) }
        guard !roles.contains(nil) else {
            throw AccessMistake(prefix + "the roles are \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard let subject = words[2] == "-" ? [] : PercentText.bytes(words[2]), words[2] == "-" || !subject.isEmpty
        else {
            throw AccessMistake(prefix + "the subject's id is not percent-encoded; - is none")
        }
        // The password itself may be there by mistake, so it is not quoted.
        guard let password = PasswordHash(words[3]) else {
            throw AccessMistake(
                prefix + "the last word is no hash of a password; set it with `standing access users password`")
        }
        return User(
            name: String(words[0]), roles: Set(roles.compactMap { $0 }), subject: subject.isEmpty ? nil : subject,
            password: password)
    }

    /// In the order of the file.
    public var users: [User] {
        lines.compactMap { line in
            if case .user(let user) = line { user } else { nil }
        }
    }

    /// Nil if there is none.
    public subscript(name: String) -> User? { users.first { $0.name == name } }

    /// Adds a user at the end, or replaces the user of that name.
    public mutating func put(_ user: User) {
        if let index = index(of: user.name) { lines[index] = .user(user) } else { lines.append(.user(user)) }
    }

    /// Returns false if there is no user of that name.
    public mutating func remove(_ name: String) -> Bool {
        guard let index = index(of: name) else { return false }
        lines.remove(at: index)
        return true
    }

    private func index(of name: String) -> Int? {
        lines.firstIndex { line in
            if case .user(let user) = line { user.name == name } else { false }
        }
    }

    /// The text of the file.
    public var text: String {
        lines.map { line in
            switch line {
            case .remark(let text): return text + "\n"
            case .user(let user):
                let roles = Role.allCases.filter(user.roles.contains).map(\.rawValue).joined(separator: ",")
                let subject = user.subject.map(PercentText.text) ?? "-"
                return "\(user.name) \(roles) \(subject) \(user.password)\n"
            }
        }.joined()
    }
}
