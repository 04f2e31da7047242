internal import Logging
internal import Synchronization

/// The users of a file, which is read again when it changes. If a changed file has a mistake, it is logged, and the
/// earlier users stay.
final class UserStore: Sendable {
    private struct State {
        var users: [String: User]
        /// The stamp of the file that was read last, good or not.
        var stamp: SettingFile.Stamp?
    }

    private let file: SettingFile
    private let state: Mutex<State>

    init(_ path: String) throws(AccessMistake) {
        file = SettingFile(path: path, setting: "--access-users", isSecret: true)
        let (users, stamp) = try Self.read(file)
        guard !users.isEmpty else {
            throw file.mistake("has no user; add one with `standing access users add \(path) NAME --roles ROLES`")
        }
        state = Mutex(State(users: users, stamp: stamp))
    }

    private static func read(_ file: SettingFile) throws(AccessMistake) -> ([String: User], SettingFile.Stamp) {
        let (bytes, stamp) = try file.read(limit: UsersFile.maximumBytes)
        let users = try UsersFile(bytes, path: file.path).users
        return (Dictionary(users.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }), stamp)
    }

    /// Nil if there is none.
    subscript(name: String) -> User? { state.withLock { $0.users[name] } }

    var count: Int { state.withLock { $0.users.count } }

    /// Reads the disk.
    func reloadIfChanged(_ logger: Logger) {
        // A file that is missing for a moment, while an editor replaces it, changes nothing.
        guard let stamp = file.stamp, stamp != state.withLock({ $0.stamp }) else { return }
        do throws(AccessMistake) {
            let (users, stamp) = try Self.read(file)
            state.withLock { $0 = State(users: users, stamp: stamp) }
            logger.notice("the users were read again", metadata: ["users": "\(users.count)"])
        } catch {
            state.withLock { $0.stamp = stamp }
            logger.error("the users from before stay: \(error)")
        }
    }
}
