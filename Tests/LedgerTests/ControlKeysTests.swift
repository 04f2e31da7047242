import Events
import Foundation
import Testing

@testable import Ledger

@Suite struct ControlKeysTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "control-keys-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    private func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
        let path = folder.appending(path: name).path
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    /// A signer, and the keys that believe it.
    private func pair(_ name: String, _ acts: [String]) throws -> (signer: ControlSigner, publicLine: String) {
        let key = try ControlSigner.generate(name: name, acts: acts)
        return (try ControlSigner(file: try write(key.privateFile, to: "\(name).key")), key.publicFile)
    }

    private static func statement(
        _ type: ControlType = .enrolled, subject: String? = "ada", data: String = #"{"kind":"individual","terms":"1"}"#,
        actor: String? = "nora", reason: String? = nil
    ) -> ControlStatement {
        Array(data.utf8).withUnsafeBytes {
            ControlStatement(
                type: type.name.description, source: "/desk", id: "1", subject: subject,
                time: Timestamp("2026-01-02T03:04:05.12Z") ?? .distantPast, actor: actor, reason: reason, data: $0)
        }
    }

    @Test func theBytesThatAreSignedAreThoseOfTheSchema() throws {
        let bytes = try #require(Self.statement(reason: "asked for").canonical(key: "desk"))
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                standing control event 1
                desk
                standing.subject.enrolled
                /desk
                1
                ada
                2026-01-02T03:04:05.12Z
                nora

                asked for
                \(PolicyHash.of(#"{"kind":"individual","terms":"1"}"#))
                """)
        // A line feed would make one attribute pass for two.
        #expect(Self.statement(reason: "a\nb").canonical(key: "desk") == nil)
    }

    @Test func aKeySignsItsActsAndNoOthers() throws {
        let (desk, line) = try pair("desk", ["enrol", "withdraw"])
        let keys = try ControlKeys(file: try write("# who may\n\(line)\n", to: "control.pub"))
        #expect(keys.names == ["desk"] && keys.has(desk))
        let statement = Self.statement()
        let signature = try #require(desk.sign(statement))
        func objection(
            _ statement: ControlStatement, _ signature: String?, of type: ControlType = .enrolled, key: String? = "desk"
        ) -> ControlKeys.Objection? {
            keys.objection(to: statement, of: type, key: key, signature: signature)
        }
        #expect(objection(statement, signature) == nil)
        #expect(objection(statement, nil) == .notSigned)
        #expect(objection(statement, signature, key: nil) == .notSigned)
        #expect(objection(statement, signature, key: "other") == .notSigned)
        for changed in [
            Self.statement(subject: "bob"), Self.statement(data: #"{"kind":"official","terms":"1"}"#),
            Self.statement(actor: "mark"), Self.statement(.withdrawn), Self.statement(reason: "x"),
        ] {
            #expect(objection(changed, signature) == .badSignature)
        }
        #expect(objection(statement, String(signature.dropLast()) + "g") == .badSignature)
        let void = Self.statement(.eventVoided)
        #expect(objection(void, desk.sign(void), of: .eventVoided) == .notAllowed)
        // Another key under the same name.
        let (other, _) = try pair("desk", ["all"])
        #expect(!keys.has(other))
        #expect(objection(statement, other.sign(statement)) == .badSignature)
    }

    @Test(arguments: [
        ("", "no line standing-control-key"), ("standing-control-key desk 00 enrol", ":1: error: not"),
        ("standing-public-key 00", ":1: error: not"),
        ("\nstanding-control-key de/sk \(String(repeating: "0", count: 64)) all", ":2: error: de/sk is no name"),
        ("standing-control-key desk \(String(repeating: "0", count: 64)) enrol,judge", "judge is no act"),
        ("standing-control-key desk \(String(repeating: "0", count: 64)) ", ":1: error: not"),
    ])
    func aFileThatIsWrongIsRefusedWithItsLine(text: String, message: String) throws {
        let path = try write(text, to: "bad.pub")
        let failure = #expect(throws: ControlKeys.Failure.self) { try ControlKeys(file: path) }
        #expect(failure?.description.contains(message) == true, "\(failure?.description ?? "")")
    }

    @Test func aNameHasOneKey() throws {
        let (line, other) = (try pair("desk", ["all"]).publicLine, try pair("desk", ["enrol"]).publicLine)
        let path = try write(line + other, to: "two.pub")
        let failure = #expect(throws: ControlKeys.Failure.self) { try ControlKeys(file: path) }
        #expect(failure?.description.contains("has a key already") == true)
    }

    @Test(arguments: [0o640, 0o604, 0o644]) func aPrivateKeyThatOthersMayReadIsRefused(mode: Int) throws {
        let key = try ControlSigner.generate(name: "desk", acts: ["all"])
        let path = try write(key.privateFile, to: "open.key", mode: mode)
        let failure = #expect(throws: ControlKeys.Failure.self) { try ControlSigner(file: path) }
        #expect(failure?.description.contains("others may read") == true)
    }

    @Test func aPublicKeyIsNoPrivateOne() throws {
        let key = try ControlSigner.generate(name: "desk", acts: ["all"])
        let path = try write(key.publicFile, to: "desk.pub")
        #expect(throws: ControlKeys.Failure.self) { try ControlSigner(file: path) }
        #expect(throws: ControlKeys.Failure.self) { try ControlSigner.generate(name: "de sk", acts: ["all"]) }
        #expect(throws: ControlKeys.Failure.self) { try ControlSigner.generate(name: "desk", acts: ["judge"]) }
    }
}
