internal import Foundation
internal import Logging
internal import Synchronization

/// The keys of the issuer, from a file or a URL. A file is read again when it changes. A URL is requested again at an
/// interval and when a token names an unknown key. While the source is unavailable or wrong, the last good keys are
/// used.
final class KeySource: Sendable {
    enum Location: Sendable {
        case file(SettingFile)
        case url(URL)
    }

    /// The interval of requests to a URL, in nanoseconds.
    static let interval: Int64 = 300_000_000_000
    /// The minimum interval of requests to a URL because of tokens, in nanoseconds.
    static let minimumInterval: Int64 = 30_000_000_000

    private struct State {
        var keys: TokenKeys?
        /// A number that changes with the keys.
        var generation = 0
        /// The stamp of the file that was read last, good or not.
        var stamp: SettingFile.Stamp?
        /// The time of the last request to the URL; nil before the first.
        var asked: Int64?
        var asking: Task<Void, Never>?
    }

    private let location: Location
    private let algorithms: [SignatureAlgorithm]
    private let download: KeyDownload?
    private let clock: AccessClock
    private let logger: Logger
    private let state = Mutex(State())

    init(_ location: Location, _ algorithms: [SignatureAlgorithm], clock: AccessClock, logger: Logger) {
        (self.location, self.algorithms, self.clock, self.logger) = (location, algorithms, clock, logger)
        download = if case .url(let url) = location { KeyDownload(url) } else { nil }
    }

    /// Nil before the keys could be read for the first time.
    var current: (keys: TokenKeys, generation: Int)? {
        state.withLock { state in state.keys.map { ($0, state.generation) } }
    }

    /// Reads the keys for the first time. A mistake in a file ends the start. A URL that does not answer is requested
    /// again later, and until then no token is accepted.
    func start() async throws(AccessMistake) {
        switch location {
        case .file(let file): try await read(file)
        case .url: await ask()
        }
    }

    /// Called about once a second.
    func refresh() async {
        switch location {
        case .file(let file):
            // A file that is missing for a moment, while an editor replaces it, changes nothing.
            guard let stamp = file.stamp, stamp != state.withLock({ $0.stamp }) else { return }
            do throws(AccessMistake) {
                try await read(file)
                logger.notice("the issuer's keys were read again")
            } catch {
                state.withLock { $0.stamp = stamp }
                logger.error("the issuer's keys from before stay: \(error)")
            }
        case .url:
            let interval = state.withLock { $0.keys == nil } ? Self.minimumInterval : Self.interval
            if isDue(after: interval) { await ask() }
        }
    }

    /// Requests the URL because of a token, unless it was requested within the minimum interval.
    func askForUnknownKey() async {
        guard case .url = location else { return }
        if let asking = state.withLock({ $0.asking }) { return await asking.value }
        if isDue(after: Self.minimumInterval) { await ask() }
    }

    private func isDue(after interval: Int64) -> Bool {
        state.withLock { state in state.asked.map { clock.steady() - $0 >= interval } ?? true }
    }

    private func read(_ file: SettingFile) async throws(AccessMistake) {
        let (bytes, stamp) = try file.read(limit: TokenKeys.maximumBytes)
        let keys: TokenKeys
        do throws(AccessMistake) {
            keys = try await TokenKeys(bytes, for: algorithms, isPublic: false)
        } catch {
            throw AccessMistake("\(file.setting) \(file.path): \(error)")
        }
        if keys.hasSecret {
            // A reader of the secret could sign tokens.
            _ = try SettingFile(path: file.path, setting: file.setting, isSecret: true).read(
                limit: TokenKeys.maximumBytes)
        }
        set(keys, stamp)
    }

    private func set(_ keys: TokenKeys, _ stamp: SettingFile.Stamp? = nil) {
        state.withLock { state in
            (state.keys, state.stamp) = (keys, stamp)
            state.generation += 1
        }
    }

    /// Requests the URL. Callers that come meanwhile wait for the same request.
    private func ask() async {
        let asking: Task<Void, Never> = state.withLock { state in
            if let asking = state.asking { return asking }
            state.asked = clock.steady()
            let asking = Task { [self] in
                await askOnce()
                self.state.withLock { $0.asking = nil }
            }
            state.asking = asking
            return asking
        }
        await asking.value
    }

    private func askOnce() async {
        guard let download else { return }
        do throws(AccessMistake) {
            set(try await TokenKeys(try await download.get(), for: algorithms, isPublic: true))
        } catch {
            let consequence =
                current == nil ? "no token is accepted until they can be read" : "the keys from before are used"
            logger.error("the issuer's keys cannot be read from --access-keys; \(consequence): \(error)")
        }
    }
}
