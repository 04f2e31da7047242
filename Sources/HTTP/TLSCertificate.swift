public import Access
internal import Dispatch
internal import Foundation
public import Logging
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// A server's certificate chain and private key, from files of PEM. They are read again when they change; a new pair with a mistake is
/// logged, and the one from before stays. A connection has the pair that was there when it began.
public final class TLSCertificate: Sendable {
    private struct Pair {
        let context: NIOSSLContext
        let notAfter: Date
    }

    private struct Stamps: Hashable {
        let certificate, key: SettingFile.Stamp?
    }

    private struct State {
        var pair: Pair
        /// Of the files that were read last, good or not.
        var stamps: Stamps
        var nextWarning: Date
    }

    private static let maximumBytes = 1 << 20
    /// The end of a certificate is logged once a day from this time before it on.
    private static let warning: TimeInterval = 14 * day
    private static let day: TimeInterval = 24 * 60 * 60
    private static let watchInterval = Duration.seconds(5)

    private let certificate, key: SettingFile
    private let state: Mutex<State>

    /// The paths of PEM files: the server's certificate and after it those of its issuers, and the private key without a password.
    public init(certificate: String, key: String) throws(AccessMistake) {
        self.certificate = SettingFile(path: certificate, setting: "--tls-certificate", isSecret: false)
        self.key = SettingFile(path: key, setting: "--tls-key", isSecret: true)
        let stamps = Stamps(certificate: self.certificate.stamp, key: self.key.stamp)
        let pair = try Self.read(self.certificate, self.key)
        state = Mutex(State(pair: pair, stamps: stamps, nextWarning: pair.notAfter - Self.warning))
    }

    /// For a new connection.
    var context: NIOSSLContext { state.withLock { $0.pair.context } }

    private static func read(_ certificate: SettingFile, _ key: SettingFile) throws(AccessMistake) -> Pair {
        let (chainBytes, _) = try certificate.read(limit: maximumBytes)
        let (keyBytes, _) = try key.read(limit: maximumBytes)
        let chain = (try? NIOSSLCertificate.fromPEMBytes(chainBytes)) ?? []
        guard let leaf = chain.first else { throw certificate.mistake("has no certificate in PEM; give the chain") }
        let notAfter = Date(timeIntervalSince1970: TimeInterval(leaf.notValidAfter))
        let now = Date()
        guard notAfter > now else {
            throw certificate.mistake("expired at \(notAfter.ISO8601Format()); renew the certificate")
        }
        let notBefore = Date(timeIntervalSince1970: TimeInterval(leaf.notValidBefore))
        guard notBefore <= now else {
            throw certificate.mistake(
                "is not valid before \(notBefore.ISO8601Format()); give another, or set the clock")
        }
        guard let privateKey = try? NIOSSLPrivateKey(bytes: keyBytes, format: .pem) else {
            throw key.mistake("has no private key in PEM without a password; give one")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = .seconds(2)
        // It compares the key with the certificate.
        guard let context = try? NIOSSLContext(configuration: configuration) else {
            throw key.mistake(
                "is not the key of the certificate \(certificate.path); give the two that belong together")
        }
        return Pair(context: context, notAfter: notAfter)
    }

    /// Follows changes of the files, and warns before the certificate ends, until the task is cancelled.
    public func watch(_ logger: Logger) async {
        while !Task.isCancelled {
            // The disk may be slow.
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { [self] in
                    look(logger)
                    continuation.resume()
                }
            }
            try? await Task.sleep(for: Self.watchInterval)
        }
    }

    /// Reads the disk.
    func look(_ logger: Logger) {
        reloadIfChanged(logger)
        let now = Date()
        let ending = state.withLock { state -> Date? in
            guard now >= state.nextWarning else { return nil }
            state.nextWarning = now + Self.day
            return state.pair.notAfter
        }
        if let ending {
            logger.warning(
                "the certificate of --tls-certificate ends soon: renew it",
                metadata: ["end": "\(ending.ISO8601Format())"]
            )
        }
    }

    private func reloadIfChanged(_ logger: Logger) {
        let stamps = Stamps(certificate: certificate.stamp, key: key.stamp)
        // Files that are away for a moment, while they are replaced, change nothing.
        guard stamps.certificate != nil, stamps.key != nil, stamps != state.withLock({ $0.stamps }) else { return }
        do throws(AccessMistake) {
            let pair = try Self.read(certificate, key)
            state.withLock { $0 = State(pair: pair, stamps: stamps, nextWarning: pair.notAfter - Self.warning) }
            logger.notice("the certificate was read again", metadata: ["end": "\(pair.notAfter.ISO8601Format())"])
        } catch {
            state.withLock { $0.stamps = stamps }
            logger.error("the certificate from before stays: \(error)")
        }
    }
}
