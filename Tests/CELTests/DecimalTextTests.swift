import Randomness
import Testing

@testable import CEL

private func parse(_ text: String) -> Double? { Array(text.utf8).withUnsafeBytes { DecimalText.parse($0) } }
private func integer(_ text: String) -> Int64? { Array(text.utf8).withUnsafeBytes { DecimalText.integer($0) } }
private func unsigned(_ text: String) -> UInt64? { Array(text.utf8).withUnsafeBytes { DecimalText.unsigned($0) } }

@Suite struct DecimalTextTests {
    @Test(
        arguments: [
            ("0", 0), ("-0.0", -0.0), ("123", 123), ("123.456", 123.456), ("-987.654", -987.654), ("1.", 1),
            (".5", 0.5),
            ("+6.02214e23", 6.02214e23), ("1.38E-23", 1.38e-23), ("1_000.5_0e1_0", 1000.5e10),
            ("9007199254740993", 9_007_199_254_740_992),
            ("9007199254740993.0000000000000000000001", 9_007_199_254_740_994),
            ("2.4703282292062327e-324", 0), ("2.4703282292062328e-324", .leastNonzeroMagnitude),
            ("1.7976931348623158e308", .greatestFiniteMagnitude), ("1e-400", 0), ("1e-99999999999999999999", 0),
            ("0e99999999999999999999", 0), ("0x1.8p-3", 0.1875), ("0X_1p4", 16),
            ("-0x1p-1074", -.leastNonzeroMagnitude),
            ("0x1.00000000000008p0", 1), ("0x1.000000000000081p0", 1.0000000000000002), ("0x1p-1075", 0),
            ("inf", .infinity), ("-Infinity", -.infinity), ("+INF", .infinity),
        ] as [(String, Double)])
    func reads(_ text: String, _ value: Double) {
        #expect(parse(text)?.bitPattern == value.bitPattern)
    }

    @Test func notANumber() {
        #expect(parse("NaN")?.isNaN == true)
        #expect(parse("-nan") == nil)
    }

    @Test(arguments: [
        "", "+", "-", ".", "e5", "1e", "1e+", "1x", " 1", "1 ", "1,5", "--1", "1__0", "_1", "1_", "1_.5", "1._5",
        "1e_5",
        "0x", "0x1", "0x.p1", "0x1p", "0x1.2.3p1", "infin", "nano", "1e309", "-1e309", "0x1p1024", "１",
    ])
    func refuses(_ text: String) {
        #expect(parse(text) == nil)
    }

    /// Halfway to the next double and a little more, many digits after the point.
    @Test func longTexts() {
        let half = "1.00000000000000011102230246251565404236316680908203125"
        #expect(parse(half) == 1)
        #expect(parse(half + String(repeating: "0", count: 100_000) + "1") == 1.0000000000000002)
        #expect(parse("0." + String(repeating: "0", count: 100_000) + "25e100000") == 0.25)
        #expect(parse(String(repeating: "9", count: 100_000) + "e-99999") == 10)
    }

    @Test(
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-4.5e-3, "-0.0045"), (123.456, "123.456"), (200_000, "200000"),
            (2_000_000, "2e+06"), (1_234_567.8, "1.2345678e+06"), (0.0001, "0.0001"), (0.00001, "1e-05"),
            (.leastNonzeroMagnitude, "5e-324"), (1e23, "1e+23"), (9_223_372_036_854_775_808, "9.223372036854776e+18"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (100, "100"), (1e100, "1e+100"),
        ] as [(Double, String)])
    func writes(_ value: Double, _ text: String) {
        #expect(DecimalText.shortest(value) == text)
    }

    @Test func whatIsWrittenReadsBack() {
        var random = Seeded(11)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(parse(DecimalText.shortest(value))?.bitPattern == value.bitPattern)
            let short = Double(Int64.random(in: -100_000_000...100_000_000, using: &random)) / 1000
            #expect(parse(DecimalText.shortest(short)) == short)
        }
    }

    /// Swift reads the same where both read.
    @Test func agreesWithSwift() {
        var random = Seeded(12)
        for _ in 0..<20_000 {
            let digits = String(random.next()).prefix(Int.random(in: 1...20, using: &random))
            let more = String(random.next()).prefix(Int.random(in: 1...20, using: &random))
            let text = "\(digits).\(more)e\(Int.random(in: -340...300, using: &random))"
            guard let value = Double(text), value.isFinite else { continue }
            #expect(parse(text) == value, "\(text)")
        }
    }

    @Test func randomBytesDoNoHarm() {
        var random = Seeded(13)
        let alphabet = Array("0123456789.eE+-_xXpPinfatyIN ".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in alphabet.randomElement(using: &random)!
            }
            bytes.withUnsafeBytes {
                _ = DecimalText.parse($0)
                _ = DecimalText.integer($0)
                _ = DecimalText.unsigned($0)
            }
        }
    }

    @Test func integers() {
        #expect(integer("987") == 987)
        #expect(integer("+987") == 987)
        #expect(integer("-0") == 0)
        #expect(integer("9223372036854775807") == .max)
        #expect(integer("-9223372036854775808") == .min)
        #expect(integer("000000000000000000000000012") == 12)
        for text in [
            "", "-", "+", "--1", "1.0", "1e3", "1_0", " 1", "9223372036854775808", "-9223372036854775809", "0x1",
            "99999999999999999999",
        ] { #expect(integer(text) == nil, "\(text)") }
        #expect(unsigned("18446744073709551615") == .max)
        for text in ["", "+1", "-1", "18446744073709551616", "184467440737095516150", "1u"] {
            #expect(unsigned(text) == nil, "\(text)")
        }
    }
}
