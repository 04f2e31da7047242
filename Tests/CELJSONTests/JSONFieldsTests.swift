import Testing

@testable import CEL
@testable import CELJSON

#if canImport(CAllocationCounter)
    import CAllocationCounter
#endif

/// Reads into slots of its own and says what is in them.
private func read(_ bytes: [UInt8], _ fields: JSONFields, slots count: Int) -> [String] {
    // A copy of just this size, for tools that watch the heap's ends.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    copy.copyBytes(from: bytes)
    let slots = UnsafeMutablePointer<Value>.allocate(capacity: count)
    slots.initialize(repeating: .string(Text("what was there before")), count: count)
    defer {
        slots.deinitialize(count: count)
        slots.deallocate()
        copy.deallocate()
    }
    fields.read(UnsafeRawBufferPointer(copy), into: slots)
    return (0..<count).map { shown(slots[$0]) }
}

private func read(
    _ text: String, _ names: [String], whole: Bool = false,
    isExcluded: (@Sendable (UnsafeRawBufferPointer) -> Bool)? = nil
) -> [String] {
    let fields = JSONFields(
        fields: names.enumerated().map { ($1, $0) }, whole: whole ? names.count : nil, isExcluded: isExcluded)
    return read(Array(text.utf8), fields, slots: names.count + (whole ? 1 : 0))
}

private let missing = "error \(EvaluationError.noSuchField.rawValue)"
private let malformed = "error \(EvaluationError.malformedData.rawValue)"

@Suite struct JSONFieldsTests {
    private static var isOptimised: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    private let bill = "{\"billed\":48210,\"paid\":2000,\"months\":2}"

    @Test func picksMembers() {
        #expect(read(bill, ["billed", "months"]) == ["48210", "2"])
        #expect(read(bill, ["paid"]) == ["2000"])
        #expect(read(bill, ["months", "paid", "billed"]) == ["2", "2000", "48210"])
        #expect(read(bill, ["bill", "billed_", "Paid", ""]) == [missing, missing, missing, missing])
        #expect(read("{\"\":1}", [""]) == ["1"])
        #expect(read(" { \"a\" : 1 , \"b\" : [ 2 , 3 ] } ", ["b", "a"]) == ["[2,3]", "1"])
    }

    @Test func namesOfAnyLength() {
        for count in 0...40 {
            let name = String("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz".prefix(count))
            let text = "{\"\(name)x\":1,\"\(name)\":2,\"\(name)y\":3}"
            #expect(read(text, [name, name + "y", name + "z"]) == ["2", "3", missing])
            #expect(read("{\"\(name)\":\"\(name)\"}", [name]) == ["\"\(name)\""])
            #expect(read("{\"x\(name)\":\"\\\(name)\"}", [name]) == [count == 0 ? malformed : missing])
        }
    }

    @Test func allKindsOfValues() {
        let text = """
            {"a":null,"b":true,"c":false,"d":-12,"e":1.5,"f":"text","g":"esc\\u0061ped","h":[1,"x"],"i":{"k":{"l":[]}},
            "j":12345678901234567890,"k":123456789012345678,"l":-1234567,"m":0,"n":-0.0,"o":1e3}
            """
        let names = "abcdefghijklmno".map { String($0) }
        #expect(
            read(text, names) == [
                "null", "true", "false", "-12", "double \(1.5.bitPattern)", "\"text\"", "\"escaped\"", "[1,\"x\"]",
                "{\"k\":{\"l\":[]}}", "double \(12_345_678_901_234_567_890.0.bitPattern)", "123456789012345678",
                "-1234567",
                "0", "double \((-0.0).bitPattern)", "double \(1000.0.bitPattern)",
            ])
        // Each alone, and the others skipped.
        let all = read(text, names)
        for (index, name) in names.enumerated() { #expect(read(text, [name, "zz"]) == [all[index], missing]) }
    }

    @Test func keysWithEscapes() {
        #expect(read("{\"p\\u0061id\":1,\"x\":2}", ["paid", "x"]) == ["1", "2"])
        #expect(read("{\"a\\\"b\":1}", ["a\"b", "a\\\"b"]) == ["1", missing])
        #expect(read("{\"\\ud83d\":1,\"b\":2}", ["b"]) == ["2"])
    }

    @Test func theWhole() {
        #expect(read(bill, ["paid"], whole: true) == ["2000", bill])
        #expect(read("{}", ["a"], whole: true) == [missing, "{}"])
        #expect(read("", ["a"], whole: true) == [missing, "{}"])
        #expect(read("{\"a\":1}x", ["a"], whole: true) == [malformed, malformed])
        #expect(read("{\"a\":1,\"b\":}", ["a"], whole: true) == [malformed, malformed])
        #expect(read("[1]", [], whole: true) == [malformed])
    }

    @Test func excludedMembers() {
        let text = "{\"race\":1,\"a\":{\"r\\u0061ce\":[2],\"b\":[{\"race\":\"x\",\"c\":3}]},\"racer\":4}"
        let isRace: @Sendable (UnsafeRawBufferPointer) -> Bool = { $0.elementsEqual("race".utf8) }
        #expect(
            read(text, ["a", "race", "racer"], whole: true, isExcluded: isRace)
                == ["{\"b\":[{\"c\":3}]}", missing, "4", "{\"a\":{\"b\":[{\"c\":3}]},\"racer\":4}"])
        #expect(read("", ["race"], isExcluded: isRace) == [missing])
        #expect(read("{", ["race", "a"], isExcluded: isRace) == [malformed, malformed])
    }

    @Test func aNameTwiceAndManyNames() {
        #expect(read(bill, ["paid", "billed", "paid", "no", "no"]) == ["2000", "48210", "2000", missing, missing])
        let names = (0..<200).map { "name\($0)" }
        let text = "{" + names.reversed().map { "\"\($0)\":\"\($0)\"" }.joined(separator: ",") + "}"
        #expect(read(text, names + ["other"]) == names.map { "\"\($0)\"" } + [missing])
        #expect(read(String(text.dropLast()), names + ["other"]) == Array(repeating: malformed, count: 201))
    }

    @Test(arguments: [
        "x", "{", "}", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,\"", "{\"a\":1 2}",
        "{\"b\":}",
        "{\"b\"}", "{\"b\":\"", "{\"b\":\"\\", "{\"b\":\"\\\"", "{\"b\":[", "{\"b\":{\"c\":1}", "{\"a\":01,\"b\":1}",
        "{\"a\":-}",
        "{\"a\":1.}", "{\"a\":tru}", "{\"a\":\"\\x\"}", "{\"a\":[1,]}", "{\"a\":\"\u{01}\"}", "{\"a\":\"\n\"}", "[]",
        " ",
        "{\"a\":1}}", "{\"b\":1}{", "{,}", "{\"b\":1,}",
    ])
    func refuses(_ text: String) {
        #expect(read(text, ["a", "zz"]) == [malformed, malformed])
    }

    @Test func nestingHasALimit() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(read("{\"a\":\(deep)", ["a"]) == [malformed])
        #expect(read("{\"b\":\(deep)", ["a"]) == [malformed])
        let fitting = String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
        #expect(read("{\"a\":\(fitting)}", ["a"]) == [fitting])
        #expect(read("{\"a\":[\(fitting)]}", ["a"]) == [malformed])
    }

    /// Each member of a random object as the strict reader shows it, whichever are wanted.
    @Test(arguments: [401, 402] as [UInt64])
    func agreesWithTheStrictReader(_ seed: UInt64) throws {
        var source = RandomJSON(seed)
        for _ in 0..<1000 {
            let (text, members) = source.object(3, count: Int.random(in: 0...6, using: &source.random))
            var names: [String] = []
            var expected: [String] = []
            for member in members where Bool.random(using: &source.random) {
                let bytes = Array(member.key.utf8)
                guard case .string(let key)? = bytes.withUnsafeBytes({ JSONReader.value(of: $0) }) else { continue }
                names.append(String(decoding: key.bytes, as: UTF8.self))
                expected.append(try #require(json(member.value)))
            }
            names.append("no such name")
            expected.append(missing)
            let indices = names.indices.shuffled(using: &source.random)
            #expect(read(text, indices.map { names[$0] }) == indices.map { expected[$0] }, "\(text)")
            let whole = try #require(json(text))
            #expect(read(text, ["no such name"], whole: true) == [missing, whole], "\(text)")
        }
    }

    /// Cut anywhere and with bytes changed: every slot has a value, and nothing outside the text is read.
    @Test(arguments: [411, 412] as [UInt64])
    func changedBytesDoNoHarm(_ seed: UInt64) {
        var source = RandomJSON(seed)
        let simple = JSONFields(fields: [("a", 0), ("b", 1), ("12345678", 2)], whole: nil, isExcluded: nil)
        let whole = JSONFields(fields: [("a", 0), ("b", 1)], whole: 2, isExcluded: { $0.count == 3 })
        for _ in 0..<1500 {
            let text = Array(source.object(3, count: 4).text.utf8)
            var bytes = text
            for _ in 0..<Int.random(in: 0...3, using: &source.random) {
                let index = Int.random(in: 0..<bytes.count, using: &source.random)
                bytes[index] =
                    Bool.random(using: &source.random)
                    ? bytes[index] ^ (1 << UInt8.random(in: 0...7, using: &source.random))
                    : Array("{}[]\",:\\u0-.eE".utf8).randomElement(using: &source.random)!
            }
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &source.random))
            for fields in [simple, whole] {
                let slots = read(bytes, fields, slots: 3)
                #expect(!slots.contains("\"what was there before\""))
            }
        }
    }

    @Test func everyCutOfAnObject() {
        let text = Array("{\"billed\":48210,\"paid\":\"a\\u0041\",\"list\":[1,{\"x\":\"y\"}],\"months\":-2.5e3}".utf8)
        for end in 0...text.count {
            let slots = read(
                Array(text[..<end]), JSONFields(fields: [("months", 0), ("paid", 1)], whole: nil, isExcluded: nil),
                slots: 2)
            let expected =
                end == 0
                ? [missing, missing]
                : end < text.count ? [malformed, malformed] : ["double \((-2500.0).bitPattern)", "\"aA\""]
            // A number may be cut, but then nothing follows it; without the last bracket all is there.
            #expect(slots == expected, "\(end) bytes")
        }
    }

    #if canImport(CAllocationCounter)
        @Test(.enabled(if: isOptimised, "allocations are counted in release builds"))
        func scalarsDoNotAllocate() {
            let text = Array(
                "{\"billed\":48210,\"name\":\"a text\",\"rate\":12.75,\"late\":true,\"other\":[1,2,{}]}".utf8)
            let fields = JSONFields(
                fields: [("billed", 0), ("name", 1), ("rate", 2), ("late", 3), ("no", 4)], whole: nil, isExcluded: nil)
            let slots = UnsafeMutablePointer<Value>.allocate(capacity: 5)
            slots.initialize(repeating: .null, count: 5)
            text.withUnsafeBytes { text in
                fields.read(text, into: slots)
                let before = standing_allocations()
                for _ in 0..<1000 { fields.read(text, into: slots) }
                #expect(standing_allocations() == before)
            }
            slots.deinitialize(count: 5)
            slots.deallocate()
        }
    #endif
}
