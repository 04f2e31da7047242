import Policy
import Testing

struct ProtectedAttributeTests {
    private static func contains(_ name: String) -> Bool {
        Array(name.utf8).withUnsafeBytes { ProtectedAttribute.contains($0) }
    }

    @Test(arguments: ProtectedAttribute.names)
    func everySpellingOfANameIsFoundByItsBytes(_ name: String) {
        let words = name.split(separator: "_").map(String.init)
        let capitalized = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        let spellings = [
            name, name.uppercased(), words.joined(), words.joined(separator: "-"), capitalized,
            "_" + name, name + "_", "-" + name.uppercased(), name.map { "\($0)-" }.joined(),
        ]
        for spelling in spellings { #expect(Self.contains(spelling), "\(spelling)") }
    }

    @Test(arguments: ProtectedAttribute.names)
    func aNearNameIsAnother(_ name: String) {
        let near = [String(name.dropLast()), String(name.dropFirst()), name + "s", "x" + name, "é" + name, name + "é"]
        for other in near { #expect(!Self.contains(other), "\(other)") }
    }

    @Test func bytesAndTextHaveOneAnswer() {
        for first in UInt8(0x20)..<0x7F {
            for second in UInt8(0x20)..<0x7F {
                for rest in ["", "x", "ce", "alth", "nder", "e"] {
                    let name = String(decoding: [first, second], as: UTF8.self) + rest
                    #expect(Self.contains(name) == ProtectedAttribute.contains(name), "\(name)")
                }
            }
        }
    }
}
