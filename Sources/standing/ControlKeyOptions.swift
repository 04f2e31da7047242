import ArgumentParser
import Events
import Foundation
import Ledger
import Logging
import Options
import Pipeline
import Terminal

/// The key with which a command signs the control events that it sends.
struct ControlKeyOptions: ParsableArguments {
    @Option(help: Setting.help("control-key"), completion: .file())
    var controlKey: String?

    /// Nil if no key is given; the events are then not signed.
    func signer(_ settings: inout Settings) throws -> ControlSigner? {
        try settings.text("control-key", flag: controlKey).map { path in
            try ControlKeyFile.reading { try ControlSigner(file: path) }
        }
    }
}

/// The settings of `standing serve` for the acts of people: the accepted keys, the member's own key, and the acts that
/// need two people.
struct ControlOptions: ParsableArguments {
    @Option(help: Setting.help("control-keys"), completion: .file())
    var controlKeys: String?

    @OptionGroup var key: ControlKeyOptions

    /// The acts that change everybody's score.
    private static let ofTwoPeople = [ControlAct.Kind.activate, .rollback, .withdrawSource, .restoreSource].map(
        \.rawValue)

    @Option(help: Setting.help("four-eyes"), completion: .list(ControlOptions.ofTwoPeople + ["activate,rollback"]))
    var fourEyes: String?

    /// The acts that need two people.
    func twoPeople(_ settings: inout Settings) throws -> Set<String> {
        let expected = "some of \(Self.ofTwoPeople.joined(separator: ","))"
        let acts = try settings.parseIfGiven("four-eyes", flag: fourEyes, expected: expected) { text -> Set<String>? in
            let names = text.split(separator: ",").map { String($0.trimmingCharacters(in: .whitespaces)) }
            return names.isEmpty || !names.allSatisfy(Self.ofTwoPeople.contains) ? nil : Set(names)
        }
        return acts ?? []
    }

    func keys(_ settings: inout Settings) throws -> ControlKeys? {
        try settings.text("control-keys", flag: controlKeys).map { path in
            try ControlKeyFile.reading { try ControlKeys(file: path) }
        }
    }

    /// Ends the command if the member's own key is not an accepted one.
    static func check(_ signer: ControlSigner?, _ keys: ControlKeys?) throws {
        guard let signer, let keys, !keys.has(signer) else { return }
        throw fail(
            "error: --control-key: --control-keys has no key \(signer.name), or another one under this name: what this member signs "
                + "would be turned away. Add the line of its .pub file", Exit.usage)
    }

    /// Ends the command if proposals need a signature that this member cannot give or check: where control events are
    /// signed, by `signer` or for `keys`, proposals are too.
    static func check(
        _ fourEyes: Set<String>, _ keyring: Keyring?, _ keys: ControlKeys?, _ signer: ControlSigner?
    ) throws {
        guard !fourEyes.isEmpty else { return }
        guard let keyring else {
            guard keys != nil || signer != nil else { return }
            let given = keys == nil ? "--control-key" : "--control-keys"
            throw fail(
                "error: --four-eyes: with \(given) a proposal needs a signature too, for whoever may write the audit topic "
                    + "could propose in another's name. Give each member a --signing-key, and the public keys of all in "
                    + "--trusted-keys", Exit.usage)
        }
        guard keyring.signingKey == nil else { return }
        throw fail(
            "error: --four-eyes: this member trusts keys and has none of its own, so what is proposed here would not count: "
                + "give it a --signing-key that the others trust", Exit.usage)
    }

    /// `trustsGivenKeys`: whether `trusted-keys` is given, so that keys other than the member's own are trusted.
    static func warnOfUnsigned(
        _ configuration: PipelineConfiguration, _ fourEyes: Set<String>, trustsGivenKeys: Bool, _ logger: Logger
    ) {
        if !fourEyes.isEmpty, configuration.checkpoints == nil {
            logger.warning(
                "proposals are not signed: who may write the audit topic can propose in another's name (--signing-key, --trusted-keys)"
            )
        } else if !fourEyes.isEmpty, !trustsGivenKeys {
            logger.warning(
                "this member trusts its own key alone: proposals and decisions of other members do not count here (--trusted-keys)"
            )
        }
        guard configuration.controlKeys == nil, configuration.roles.contains(.intake) else { return }
        logger.warning(
            "control events are not signed: who may write the topic decides who is scored, and by what (--control-keys)",
            metadata: ["control": "\(configuration.topics.control)"])
    }
}

private enum ControlKeyFile {
    /// Ends the command with the mistake in a key's file.
    static func reading<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let failure as ControlKeys.Failure {
            throw fail("error: \(failure)", Exit.usage)
        } catch let error as FileError {
            throw fail("error: \(error)", Exit.usage)
        }
    }
}

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Keys that sign control events.",
        discussion: """
            Examples:
              standing keys new desk.key --name desk --acts enrol,withdraw
            """,
        subcommands: [KeysNewCommand.self])
}

struct KeysNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make a key that control events are signed with.",
        discussion: """
            Writes the private key to FILE, which only its owner may read, and a line for the file of --control-keys to FILE.pub: \
            collect those of all who may write control events in one file and give it to each member with --control-keys. The acts \
            are \(ControlType.acts.joined(separator: ", ")), or all of them.

            Examples:
              standing keys new /etc/standing/desk.key --name desk --acts enrol,withdraw
              cat keys/*.pub > /etc/standing/control.pub
            """)

    @Argument(
        help: "Where the private key goes; the line with the public key goes to FILE.pub. Neither may be there yet.",
        completion: .file())
    var file: String
    @Option(help: "The key's name, which each event says: letters, digits, . _ and -.")
    var name: String
    @Option(help: "ACT[,ACT…] that the key may sign, or all.")
    var acts: String

    func run() throws {
        let key: (privateFile: String, publicFile: String)
        do {
            key = try ControlSigner.generate(
                name: name, acts: acts.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
        } catch {
            throw fail("error: \(error)", Exit.usage)
        }
        for (path, text, mode) in [(file, key.privateFile, 0o600), (file + ".pub", key.publicFile, 0o644)] {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, mode_t(mode))
            guard descriptor >= 0 else { throw fail("\(path): error: \(String(cString: strerror(errno)))") }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }
        print(name)
    }
}
