internal import ArgumentParser
internal import CEL
internal import CELJSON
internal import Foundation
internal import Terminal

struct BenchEval: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "A compiled expression over decoded events, with and without picking its fields out of their data.",
        discussion: """
            The ceiling is the same condition written in Swift over the same data.

            Examples:
              standing bench eval
            """)

    @Option(help: "Evaluations.")
    var events: Int = 20_000_000

    @Option(help: "An expression over data, such as the default.")
    var expression: String = #"data.amount >= 1000.0 && data.category == "utility""#

    func run() throws {
        var declarations = Declarations()
        declarations.declareObject("data")
        let compiled: CEL.Expression
        do throws(ExpressionError) {
            compiled = try CEL.Expression(expression, in: &declarations)
        } catch {
            throw fail(error.diagnostic(source: expression, name: nil))
        }
        let fields = JSONFields(
            fields: declarations.objectFields, whole: declarations.wholeObjectSlot, isExcluded: nil)
        let frame = EvaluationFrame(declarations)
        let distinct = 1024
        var amounts: [Double] = []
        var isUtility: [Bool] = []
        var bytes: [UInt8] = []
        var ranges: [Range<Int>] = []
        for number in 0..<distinct {
            let (amount, category) = (number &* 7919 % 2000, number % 3 == 0 ? "utility" : "telephone")
            let text = #"{"amount":\#(amount),"category":"\#(category)","months":2}"#
            amounts.append(Double(amount))
            isUtility.append(category == "utility")
            ranges.append(bytes.count..<bytes.count + text.utf8.count)
            bytes += text.utf8
        }
        bytes.withUnsafeBytes { bytes in
            let data = ranges.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
            var held = 0
            // Each event is evaluated many times in a row, so that the time is that of the evaluation.
            let repeats = 64
            let cpu = ProcessUsage.cpuSeconds
            var evaluated = 0
            let alone = seconds {
                while evaluated < events {
                    fields.read(data[evaluated / repeats % distinct], into: frame.slots)
                    for _ in 0..<repeats where compiled.truth(frame) == .yes { held &+= 1 }
                    evaluated += repeats
                }
            }
            let used = ProcessUsage.cpuSeconds - cpu
            let rounds = events / 4
            let withFields = seconds {
                for number in 0..<rounds {
                    fields.read(data[number % distinct], into: frame.slots)
                    if compiled.truth(frame) == .yes { held &+= 1 }
                }
            }
            let native = seconds {
                for number in 0..<events where amounts[number % distinct] >= 1000 && isUtility[number % distinct] {
                    held &+= 1
                }
            }
            BenchResult(
                bench: "eval", events: evaluated, seconds: alone, ceiling: Double(events) / native, cpuSeconds: used,
                more: [
                    ("withFieldsPerSecond", String(Int(Double(rounds) / withFields))),
                    ("check", String(held & 0xFF)),
                ]
            ).printLine()
        }
    }
}
