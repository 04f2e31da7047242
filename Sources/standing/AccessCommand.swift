import Access
import ArgumentParser
import Events
import Foundation
import Terminal

struct AccessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access", abstract: "Who may log in.",
        discussion: """
            Examples:
              standing access users add /etc/standing/users anna --roles reviewer,operator < password
              standing access users list /etc/standing/users
            """,
        subcommands: [AccessUsersCommand.self])
}

struct AccessUsersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "Change a file of users, which `standing serve --access-users` reads.",
        discussion: """
            A running member reads the file again within seconds. A user's new password, or the end of a user, ends all sessions of \
            the user.

            Examples:
              standing access users add /etc/standing/users anna --roles reviewer,operator < password
              standing access users password /etc/standing/users anna < password
              standing access users remove /etc/standing/users anna
              standing access users list /etc/standing/users
            """,
        subcommands: [
            AccessUsersAddCommand.self, AccessUsersPasswordCommand.self, AccessUsersRemoveCommand.self,
            AccessUsersListCommand.self,
        ])
}

struct AccessUsersAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a user, or give one other roles and another password.",
        discussion: """
            The password is one line of standard input, at least \(PasswordHash.minimumBytes) bytes; on a terminal it is asked for and not \
            shown. A file that is not there is made, and only its owner may read it.

            Examples:
              standing access users add /etc/standing/users anna --roles reviewer,operator < password
              standing access users add /etc/standing/users bert --roles subject --subject customer-17 < password
            """)

    @Argument(help: "The file of users.", completion: .file())
    var file: String
    @Argument(help: "The user's name: letters, digits, '.', '_', '@', '+' and '-'.")
    var name: String
    @Option(
        help: "The user's roles, with commas between them: \(Role.allCases.map(\.rawValue).joined(separator: ", ")).",
        completion: .list(Role.allCases.map(\.rawValue)))
    var roles: String
    @Option(help: "The id of the subject that a user with the role subject is.")
    var subject: String?

    private var parsedRoles: [Role?] {
        roles.split(separator: ",", omittingEmptySubsequences: false).map {
            Role(rawValue: $0.trimmingCharacters(in: .whitespaces))
        }
    }

    func validate() throws {
        guard User.isName(name) else {
            throw ValidationError("NAME has 1 to \(User.maximumNameBytes) letters, digits, '.', '_', '@', '+' and '-'")
        }
        guard !parsedRoles.contains(nil) else {
            throw ValidationError("--roles: they are \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard parsedRoles.contains(.subject) == (subject != nil), subject?.isEmpty != true else {
            throw ValidationError("--roles subject and --subject ID belong together")
        }
    }

    func run() throws {
        let store = UsersStore(file)
        try store.change(mayMake: true) { users in
            users.put(
                User(
                    name: name, roles: Set(parsedRoles.compactMap { $0 }), subject: subject.map { Array($0.utf8) },
                    password: try Password.read()))
        }
    }
}

struct AccessUsersPasswordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password", abstract: "Give a user another password, which ends the user's sessions.",
        discussion: """
            The password is one line of standard input, at least \(PasswordHash.minimumBytes) bytes; on a terminal it is asked for and not \
            shown.

            Examples:
              standing access users password /etc/standing/users anna < password
            """)

    @Argument(help: "The file of users.", completion: .file())
    var file: String
    @Argument(help: "The user's name.")
    var name: String

    func run() throws {
        try UsersStore(file).change { users in
            guard var user = users[name] else { throw UsersStore.noUser(name, file) }
            user.password = try Password.read()
            users.put(user)
        }
    }
}

struct AccessUsersRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a user, which ends the user's sessions.",
        discussion: """
            Examples:
              standing access users remove /etc/standing/users anna
            """)

    @Argument(help: "The file of users.", completion: .file())
    var file: String
    @Argument(help: "The user's name.")
    var name: String

    func run() throws {
        try UsersStore(file).change { users in
            guard users.remove(name) else { throw UsersStore.noUser(name, file) }
        }
    }
}

struct AccessUsersListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the users: their names, roles and subjects.",
        discussion: """
            Examples:
              standing access users list /etc/standing/users --output json
            """)

    @Argument(help: "The file of users.", completion: .file())
    var file: String
    @Option(help: "text or json, a line each.")
    var output = TableFormat.text

    func run() throws {
        let users = try UsersStore(file).read().users
        guard output == .text else {
            for user in users { print(user.json) }
            return
        }
        var table = TextTable([.text("name"), .text("roles"), .text("subject")])
        for user in users {
            table.add([
                user.name, user.roleNames.joined(separator: ","),
                user.subject.map { String(decoding: $0, as: UTF8.self).printable() } ?? "",
            ])
        }
        print(table.take(), terminator: "")
    }
}

extension User {
    fileprivate var roleNames: [String] { Role.allCases.filter(roles.contains).map(\.rawValue) }

    /// `{"name","roles","subject"}`; `subject` is null if there is none.
    fileprivate var json: String {
        JSONWriter.object { writer in
            writer.member("name", name)
            writer.member("roles", roleNames)
            writer.member("subject", subject.map { String(decoding: $0, as: UTF8.self) })
        }
    }
}

/// A file of users as the commands change it. The new file replaces the old one atomically, and only its owner may read
/// it.
private struct UsersStore {
    let path: String

    init(_ path: String) { self.path = path }

    static func noUser(_ name: String, _ path: String) -> any Error {
        fail("error: \(path) has no user of this name: \(name); `standing access users list` lists them")
    }

    func read() throws -> UsersFile {
        do throws(AccessMistake) {
            let file = SettingFile(path: path, setting: "the file of users", isSecret: true)
            return try UsersFile(try file.read(limit: UsersFile.maximumBytes).bytes, path: path)
        } catch {
            throw fail(error.description.hasPrefix(path) ? "\(error)" : "error: \(error)")
        }
    }

    /// `mayMake`: whether a missing file is made.
    func change(mayMake: Bool = false, _ body: (inout UsersFile) throws -> Void) throws {
        let old = try? FileManager.default.attributesOfItem(atPath: path)
        var users = old != nil || !mayMake ? try read() : UsersFile()
        try body(&users)
        let partial = "\(path).\(getpid()).partial"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unwritable() }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            // The service may read it by its group.
            if let old, !give(descriptor, asIn: old) { throw unwritable() }
            try handle.write(contentsOf: Data(users.text.utf8))
            try handle.synchronize()
            try handle.close()
            guard rename(partial, path) == 0 else { throw unwritable() }
        } catch {
            unlink(partial)
            throw error
        }
    }

    /// Gives a file the owner, the group and the permissions of another one, without any for others. Returns false and
    /// sets `errno` if it fails.
    private func give(_ descriptor: Int32, asIn old: [FileAttributeKey: Any]) -> Bool {
        func number(_ key: FileAttributeKey) -> UInt32? { (old[key] as? NSNumber)?.uint32Value }
        guard let owner = number(.ownerAccountID), let group = number(.groupOwnerAccountID),
            let permissions = number(.posixPermissions)
        else { return true }
        return fchown(descriptor, owner, group) == 0 && fchmod(descriptor, permissions & 0o770) == 0
    }

    private func unwritable() -> any Error {
        fail(
            "error: \(path) cannot be written (\(String(cString: strerror(errno)))); give this user the file and its folder"
        )
    }
}

/// A new password from standard input.
private enum Password {
    static func read() throws -> PasswordHash {
        guard let line = isatty(STDIN_FILENO) == 1 ? try ask() : readLine() else {
            throw fail("error: standard input has no password; give it as one line")
        }
        do {
            return try PasswordHash(of: line)
        } catch {
            throw fail("error: \(error)")
        }
    }

    /// Asks twice, without echo.
    private static func ask() throws -> String? {
        var before = termios()
        tcgetattr(STDIN_FILENO, &before)
        var quiet = before
        quiet.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
        printMessage("password:")
        let first = readLine()
        printMessage("once more:")
        guard first == readLine() else { throw fail("error: the two passwords differ; try again") }
        return first
    }
}
