import Access
import ArgumentParser
import Foundation
import Ledger
import Options
import Terminal

/// The key that signs checkpoints and records of the audit, and the accepted keys.
struct KeyOptions: ParsableArguments {
    @Option(help: Setting.help("signing-key"), completion: .file())
    var signingKey: String?

    @Option(help: Setting.help("trusted-keys"), completion: .file())
    var trustedKeys: String?

    func keyring(_ settings: inout Settings) throws -> Keyring {
        try Keyring.read(
            signing: settings.text("signing-key", flag: signingKey),
            trusted: settings.text("trusted-keys", flag: trustedKeys))
    }
}

extension Keyring {
    private static let maximumBytes = 1 << 20

    /// Ends the command if a file is no file of keys, or if every user of the machine may read the private key.
    static func read(signing: String? = nil, trusted: String?) throws -> Keyring {
        do {
            if let signing {
                _ = try SettingFile(path: signing, setting: "--signing-key", isSecret: true).read(
                    limit: maximumBytes)
            }
            return try Keyring(signing: signing, trusted: trusted)
        } catch let mistake as AccessMistake {
            throw fail("error: \(mistake)", Exit.usage)
        } catch let failure as Keyring.Failure {
            throw fail(failure.description, Exit.usage)
        } catch let error as FileError {
            throw fail("error: \(error)", Exit.usage)
        }
    }
}

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make a key that checkpoints and records of the audit are signed with.",
        discussion: """
            Writes the private key to FILE, which only its owner may read, and the public key to FILE.pub: collect those of all \
            members in one file and give it to each with --trusted-keys.

            Examples:
              standing key /etc/standing/member-1.key
              cat keys/*.pub > /etc/standing/members.pub
            """)

    @Argument(
        help: "Where the private key goes; the public key goes to FILE.pub. Neither may be there yet.",
        completion: .file())
    var file: String

    func run() throws {
        let key = Keyring.generate()
        for (path, text, mode) in [(file, key.privateFile, 0o600), (file + ".pub", key.publicFile, 0o644)] {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, mode_t(mode))
            guard descriptor >= 0 else { throw fail("\(path): error: \(String(cString: strerror(errno)))") }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }
        print(key.id)
    }
}
