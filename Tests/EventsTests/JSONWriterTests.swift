import Testing

@testable import Events

struct JSONWriterTests {
    @Test func commasStandBetweenMembersAndItemsAndNowhereElse() {
        var writer = JSONWriter()
        writer.open()
        writer.member("text", "a\"b\n")
        writer.open("object")
        writer.close()
        writer.openList("empty")
        writer.closeList()
        writer.list("numbers", [1, -2]) { $0.value($1) }
        writer.list("objects", ["a", "b"]) { writer, name in
            writer.open()
            writer.member(name, true)
            writer.close()
        }
        writer.key("nested")
        writer.list([[1], []]) { $0.value($1) }
        writer.member("last", false)
        writer.close()
        #expect(
            writer.text
                == #"{"text":"a\"b\n","object":{},"empty":[],"numbers":[1,-2],"objects":[{"a":true},{"b":true}],"#
                + #""nested":[[1],[]],"last":false}"#)
    }

    @Test func whatIsNilIsNull() {
        var writer = JSONWriter()
        writer.open()
        writer.member("text", String?.none)
        writer.member("bytes", utf8: nil)
        writer.member("number", Int64?.none)
        writer.member("time", Timestamp?.none)
        writer.member("flag", Bool?.none)
        writer.member("list", [String]?.none)
        writer.member("json", json: String?.none)
        writer.close()
        #expect(
            writer.text
                == #"{"text":null,"bytes":null,"number":null,"time":null,"flag":null,"list":null,"json":null}"#)
    }

    @Test func numbersAreWholeOrRoundedToThousandths() {
        var writer = JSONWriter()
        writer.openList()
        writer.value(Int64.min)
        writer.value(UInt64.max)
        for number in [2.0, 0.12349, -0.5, .infinity, 1e300] { writer.value(thousandths: number) }
        writer.closeList()
        #expect(writer.text == "[-9223372036854775808,18446744073709551615,2,0.123,-0.5,null,null]")
    }

    @Test func valuesOfOtherWritersTakeTheirPlace() {
        var writer = JSONWriter()
        writer.open()
        writer.member("json", json: #"{"a":1}"#)
        writer.key("bytes")
        writer.value { $0.append("[2]") }
        writer.member("time", Timestamp(microseconds: 1_500_000))
        writer.close()
        #expect(writer.text == #"{"json":{"a":1},"bytes":[2],"time":"1970-01-01T00:00:01.5Z"}"#)
    }

    @Test func eachLineAndEachTakeBeginsAnew() {
        var writer = JSONWriter()
        writer.value("a")
        writer.endLine()
        writer.value("b")
        writer.endLine()
        #expect(writer.take() == Array("\"a\"\n\"b\"\n".utf8) && writer.count == 0)
        writer.value(1)
        #expect(writer.take() == Array("1".utf8))
        writer.value(2)
        #expect(writer.text == "2")
    }
}
