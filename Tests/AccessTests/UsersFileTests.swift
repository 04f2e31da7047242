import Foundation
import Logging
import Testing

@testable import Access

struct UsersFileTests {
    /// The hash of `correct horse battery`, with the least cost that a file may have.
    static let hash = "$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$\(known)"
    private static let known = "6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8"

    private func parse(_ text: String) throws -> UsersFile { try UsersFile(Array(text.utf8), path: "users") }

    @Test func aFileIsReadAndWrittenWithoutLoss() throws {
        let text = """
            # the team

            anna reviewer,operator - \(Self.hash)
            bert@example.org subject %C3%BC%20/1 \(Self.hash)

            """.replacingOccurrences(of: "/1", with: "%2F1")
        var file = try parse(text)
        #expect(file.text == text)
        #expect(file["anna"]?.roles == [.reviewer, .operator])
        #expect(file["bert@example.org"]?.subject == Array("ü /1".utf8))
        let hash = try #require(PasswordHash(Self.hash))
        file.put(User(name: "anna", roles: [.auditor], subject: Array("-".utf8), password: hash))
        file.put(User(name: "cora", roles: [.viewer], password: hash))
        let removed = [file.remove("bert@example.org"), file.remove("bert@example.org")]
        #expect(removed == [true, false])
        let again = try parse(file.text)
        #expect(again.users == file.users && again.users.map(\.name) == ["anna", "cora"])
        #expect(again["anna"]?.subject == Array("-".utf8))
        #expect(again.text.hasPrefix("# the team\n\nanna auditor %2D $scrypt$"))
    }

    @Test func aMistakeNamesItsLineAndNeverQuotesAPassword() throws {
        let cases = [
            ("anna reviewer -", "users:1: error: a user has four words"),
            ("anna reviewer - my secret", "users:1: error: a user has four words"),
            ("\nanna reviewer - secret", "users:2: error: the last word is no hash of a password"),
            ("an/na reviewer - \(Self.hash)", "users:1: error: a name has 1 to 64 letters"),
            ("anna admin - \(Self.hash)", "users:1: error: the roles are subject, viewer"),
            ("anna reviewer, - \(Self.hash)", "users:1: error: the roles are subject, viewer"),
            ("anna subject a%4 \(Self.hash)", "users:1: error: the subject's id is not percent-encoded"),
            (
                "anna viewer - \(Self.hash)\nanna viewer - \(Self.hash)",
                "users:2: error: there are two users of this name"
            ),
        ]
        for (text, message) in cases {
            #expect(throws: AccessMistake.self, "\(text)") { try parse(text) }
            do { _ = try parse(text) } catch {
                #expect("\(error)".hasPrefix(message) && !"\(error)".contains("secret"), "\(error)")
            }
        }
        #expect(throws: AccessMistake("users: error: not UTF-8: save the file as UTF-8")) {
            try UsersFile([0x61, 0xFF], path: "users")
        }
    }

    @Test func aPasswordIsKnownByItsHashAlone() throws {
        let hash = try PasswordHash(of: "correct horse battery")
        #expect(hash.isHash(of: "correct horse battery"))
        #expect(!hash.isHash(of: "correct horse batterz"))
        #expect(!hash.isHash(of: ""))
        let read = try #require(PasswordHash("\(hash)"))
        #expect(read == hash && "\(hash)".hasPrefix("$scrypt$ln=15,r=8,p=3$"))
        // Another salt, another hash.
        #expect(try PasswordHash(of: "correct horse battery") != hash)
    }

    /// Computed by Python's hashlib.scrypt.
    @Test func theHashIsThatOfOtherPrograms() throws {
        let hash = try #require(PasswordHash(Self.hash))
        #expect(hash.isHash(of: "correct horse battery"))
        // é as one character and as two.
        let accent = try PasswordHash(of: "caf\u{E9} caf\u{E9} caf\u{E9}")
        #expect(accent.isHash(of: "cafe\u{301} cafe\u{301} cafe\u{301}"))
    }

    @Test func aPasswordThatIsTooShortOrTooLongIsRefused() {
        for password in ["", "elevenbytes", String(repeating: "x", count: 1025)] {
            #expect(throws: PasswordHash.Unusable.self) { try PasswordHash(of: password) }
        }
    }

    @Test func aHashWithACostOutOfBoundsIsRefused() {
        for cost in [
            "ln=13,r=8,p=1", "ln=19,r=8,p=1", "ln=18,r=16,p=1", "ln=14,r=7,p=1", "ln=14,r=8,p=0", "ln=14,r=8,p=9",
        ] {
            #expect(PasswordHash("$scrypt$\(cost)$AAECAwQFBgcICQoLDA0ODw$\(Self.known)") == nil, "\(cost)")
        }
        for text in [
            "", "$scrypt$ln=14,r=8,p=1$AA$\(Self.known)", Self.hash + "A", "$2b$" + Self.hash, " " + Self.hash,
        ] {
            #expect(PasswordHash(text) == nil, "\(text)")
        }
    }

    @Test func aChangedFileIsReadAgainAndABrokenOneIsNot() throws {
        let folder = try TestFiles()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = try UserStore(try folder.write("anna reviewer - \(Self.hash)\n", to: "users"))
        #expect(store["anna"]?.roles == [.reviewer] && store["bert"] == nil)
        try folder.write("anna auditor - \(Self.hash)\nbert viewer - \(Self.hash)\n", to: "users")
        store.reloadIfChanged(logger)
        #expect(store["anna"]?.roles == [.auditor] && store["bert"] != nil)
        try folder.write("anna\n", to: "users")
        store.reloadIfChanged(logger)
        #expect(store["bert"] != nil)
        try folder.write("anna viewer - \(Self.hash)\n", to: "users", mode: 0o644)
        store.reloadIfChanged(logger)
        #expect(store["bert"] != nil, "a file that every user of the machine may read is not believed")
        try folder.write("# nobody\n", to: "users")
        store.reloadIfChanged(logger)
        #expect(store.count == 0)
    }
}
